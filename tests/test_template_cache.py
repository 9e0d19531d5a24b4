"""When the server that those of the workers are copies of is made again."""

from pathlib import Path

import pytest

from tests.template_cache import compute_key


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("requirements/dev.txt", "src/charthouse/clock.py", "src/charthouse/console/pages.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("before")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "requirements/dev.txt",
        "src/charthouse/clock.py",
        "src/charthouse/domains/labs/models.py",
        "src/charthouse/domains/labs/codes.csv",
        "src/charthouse/console/migrations/0001_initial.py",
    ],
)
def test_what_a_table_may_depend_on_makes_it_again(root: Path, path: str) -> None:
    before = compute_key("", root)
    assert compute_key("", root) == before
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("after")
    assert compute_key("", root) != before


def test_other_settings_make_it_again(root: Path) -> None:
    assert compute_key("fsync = on", root) != compute_key("fsync = off", root)


def test_a_page_or_what_python_compiled_does_not(root: Path) -> None:
    before = compute_key("", root)
    (root / "src/charthouse/console/pages.py").write_text("after")
    (root / "src/charthouse/__pycache__").mkdir()
    (root / "src/charthouse/__pycache__/clock.pyc").write_text("compiled")
    assert compute_key("", root) == before
