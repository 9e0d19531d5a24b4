"""Known differences, each with why: a YAML list of entries that name operations and what of them differs.

::

    - operations: [GET /api/patients, "GET /api/patients/{}"]
      kind: key
      where: [answer copay]
      there: nothing
      why: The reference page has the key.

``operations`` are written out, so that a difference at another one is new. In ``where``, ``*`` stands for anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from charthouse.toolkit.drift.comparing import Difference

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
Operation = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]+ /[^*]*$")]


class BaselineError(Exception):
    """The file is no baseline."""


class Known(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry as it is written. ``where``: as in a difference, absent for an operation. ``here`` and ``there``: what
    is said of it, by default anything."""

    operations: Annotated[tuple[Operation, ...], msgspec.Meta(min_length=1)]
    kind: Literal["operation", "parameter", "key", "type", "values", "required"]
    why: Text
    where: tuple[Text, ...] = ("",)
    here: Text = "*"
    there: Text = "*"


@dataclass
class Entry:
    """One entry. ``found``: the differences that it explains."""

    known: Known
    found: list[Difference] = field(default_factory=list)

    def explains(self, difference: Difference) -> bool:
        known = self.known
        return (
            difference.operation in known.operations
            and difference.kind == known.kind
            and any(fnmatchcase(difference.where, _escape(pattern)) for pattern in known.where)
            and fnmatchcase(difference.ours or "nothing", _escape(known.here))
            and fnmatchcase(difference.theirs or "nothing", _escape(known.there))
        )

    def __str__(self) -> str:
        known = self.known
        where = f" {', '.join(known.where)}" if any(known.where) else ""
        return f"{', '.join(known.operations)} {known.kind}{where}"


def _escape(pattern: str) -> str:
    """Let nothing but ``*`` be special: keys of lists have brackets."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def read_baseline(path: Path) -> list[Entry]:
    """Read a baseline. Raises BaselineError, also for an entry without a reason."""
    try:
        content: Any = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BaselineError(f"{path} can't be read: {error}") from None
    if not isinstance(content, list):
        raise BaselineError(f"{path} is not a list of entries.")
    entries = []
    for number, item in enumerate(content, 1):
        try:
            entries.append(Entry(msgspec.convert(item, Known)))
        except msgspec.ValidationError as error:
            raise BaselineError(f"{path}, entry {number}: {error}.") from None
    return entries


def explain(differences: Iterable[Difference], baseline: list[Entry]) -> list[Difference]:
    """Put each difference to the first entry that explains it. Return those that none does."""
    by_operation: dict[str, list[Entry]] = {}
    for entry in baseline:
        for operation in entry.known.operations:
            by_operation.setdefault(operation, []).append(entry)
    unexplained: list[Difference] = []
    for difference in differences:
        entries = by_operation.get(difference.operation, ())
        found = next((entry for entry in entries if entry.explains(difference)), None)
        (unexplained if found is None else found.found).append(difference)
    return unexplained
