"""Known differences, each with why: a YAML list of ``{match: PATTERN, why: TEXT}``.

A pattern is matched with the line of a difference, as ``charthouse drift`` prints it; ``*`` stands for anything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from charthouse.toolkit.drift.comparing import Difference


class BaselineError(Exception):
    """The file is no baseline."""


@dataclass
class Entry:
    """One entry. ``found``: the differences that it explains."""

    match: str
    why: str
    found: list[Difference] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pattern = re.compile(".*".join(map(re.escape, self.match.split("*"))), re.S)

    def explains(self, difference: Difference) -> bool:
        return self._pattern.fullmatch(str(difference)) is not None


def read_baseline(path: Path) -> list[Entry]:
    """Read a baseline. Raises BaselineError, also for an entry without a reason."""
    try:
        content: Any = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BaselineError(f"{path} can't be read: {error}") from None
    if not isinstance(content, list):
        raise BaselineError(f"{path} is not a list of {{match, why}}.")
    entries = []
    for number, item in enumerate(content, 1):
        if (
            not isinstance(item, dict)
            or set(item) != {"match", "why"}
            or not all(map(_is_text, item.values()))
        ):
            raise BaselineError(
                f"{path}, entry {number}: it needs match and why, both text, and nothing else."
            )
        entries.append(Entry(item["match"], item["why"]))
    return entries


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def explain(differences: Iterable[Difference], baseline: list[Entry]) -> list[Difference]:
    """Put each difference to the first entry that explains it. Return those that none does."""
    unexplained: list[Difference] = []
    for difference in differences:
        entry = next((entry for entry in baseline if entry.explains(difference)), None)
        (unexplained if entry is None else entry.found).append(difference)
    return unexplained
