"""Figures that tests of the deep tier measure, for ``tests.deep`` to print."""

import json
import os
from pathlib import Path
from typing import Any

VARIABLE = "CHARTHOUSE_TEST_FIGURES"  # the file to which they are written; without it they are not written


def record(**figures: Any) -> None:
    """Append a line to the file of figures. Processes may write at the same time."""
    if name := os.environ.get(VARIABLE):
        with Path(name).open("a") as file:
            file.write(json.dumps(figures) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
