"""Known differences, each with why: a YAML list of entries that name operations and what of them differs.

::

    - operations: [GET /api/patients, "GET /api/patients/{}"]
      kind: key
      where: [answer copay]
      there: nothing
      why: The reference page has the key.

Everything is written out, so that a difference at another operation, of another key or to something else is new.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from charthouse.toolkit.drift.comparing import Difference

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
Operation = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]+ /[^*]*$")]


NOTHING = "nothing"  # how a baseline writes what a document lacks


class BaselineError(Exception):
    """The file is no baseline."""


class Known(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry as it is written. ``where``: as in a difference, absent for an operation. ``here`` and ``there``: what
    is said of it; where absent, anything."""

    operations: Annotated[tuple[Operation, ...], msgspec.Meta(min_length=1)]
    kind: Literal["operation", "parameter", "key", "type", "values", "required"]
    why: Text
    where: tuple[Text, ...] = ("",)
    here: Text | None = None
    there: Text | None = None

    def explains(self, difference: Difference) -> bool:
        return (
            difference.operation in self.operations
            and difference.kind == self.kind
            and difference.where in self.where
            and self.here in (None, difference.ours or NOTHING)
            and self.there in (None, difference.theirs or NOTHING)
        )


@dataclass
class Entry:
    """One entry. ``found``: the differences that it explains."""

    known: Known
    found: list[Difference] = field(default_factory=list)

    def list_stale(self) -> list[str]:
        """List what the entry names and no difference was found at."""
        known = self.known
        found = {(each.operation, each.where) for each in self.found}
        return [
            " ".join((operation, known.kind, *filter(None, (where,))))
            for operation in known.operations
            for where in known.where
            if (operation, where) not in found
        ]

    def __str__(self) -> str:
        known = self.known
        where = f" {', '.join(known.where)}" if any(known.where) else ""
        return f"{', '.join(known.operations)} {known.kind}{where}"


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
        found = next((entry for entry in entries if entry.known.explains(difference)), None)
        (unexplained if found is None else found.found).append(difference)
    return unexplained
