"""Where the reference page and the hosted API disagree: the contract kit runs under either setting, in a process of its
own, over the resources with differences; the documentation lists them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from charthouse.domains.practice.drchrono.differences import DIFFERENCES, LIVE, SEED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "drchrono-differences.md"
KIT = (
    "tests/contract/test_declared.py",
    "tests/contract/test_keys.py::test_written_and_read_back",
    "tests/contract/test_keys.py::test_left_out",
    "tests/contract/test_hosted_forms.py",
)


@pytest.mark.parametrize("setting", [SEED, LIVE])
def test_the_kit_passes_under_either_setting(setting: str) -> None:
    cases = ",".join({f"{name.split('.')[0]}." for name in DIFFERENCES})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--case",
        cases,
        *KIT,
    ]
    environ = os.environ | {"CHARTHOUSE_DRCHRONO": setting, "PYTEST_XDIST_WORKER": setting}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]


def test_another_setting_is_refused() -> None:
    command = [sys.executable, "-c", "import charthouse.settings"]
    environ = os.environ | {"CHARTHOUSE_DRCHRONO": "hosted"}
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "CHARTHOUSE_DRCHRONO is seed, live, or not set." in run.stderr


def test_the_documentation_lists_the_differences() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+) \| (.+) \| (seed|live) \| (.+) \|$", DOCS.read_text(), re.MULTILINE
    )
    assert rows == [(name, d.seed, d.live, d.default, d.reason) for name, d in DIFFERENCES.items()]
