"""The guides: every block of code runs as it stands, against one sandbox."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import find_free_port
from tests.toolkit.guide_blocks import GuideRun, find_missing_tool, read_blocks
from tests.toolkit.sandboxes import RunningSandbox

FOLDER = Path(__file__).parents[2] / "docs" / "guides"
GUIDES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem not in ("README", "events"))
PORTS = ("3000", "9000")


@pytest.fixture
def guide_run(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[GuideRun]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "HOME": str(tmp_path),
        "CHARTHOUSE_DATA": str(sandbox.data),
        "LC_ALL": "C.UTF-8",
    }
    environment["BROWSER"] = "true"  # the test is the browser
    running = GuideRun(sandbox, tmp_path, {port: find_free_port() for port in PORTS}, environment)
    yield running
    running.close()


@pytest.mark.parametrize("name", GUIDES)
def test_every_block_runs(guide_run: GuideRun, name: str) -> None:
    blocks = read_blocks(FOLDER / f"{name}.md")
    if missing := find_missing_tool(blocks):
        pytest.skip(f"the blocks of this guide need {missing}")
    guide_run.run(blocks)


def test_the_index_lists_every_guide() -> None:
    listed = re.findall(r"^- \[[^\]]+\]\((\w+)\.md\)", (FOLDER / "README.md").read_text(), re.M)
    assert sorted(listed) == sorted([*GUIDES, "events"])
