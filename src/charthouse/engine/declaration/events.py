"""Events: what happens to a resource's rows that subscribers may want to be notified of."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

OPERATIONS = ("insert", "update", "delete")


@dataclass(frozen=True)
class Event:
    """Something that happens to rows of a resource, known to subscribers as ``name``.

    on       what happens to the row: "insert", "update" or "delete"; to be restored is an update
    column   of updates, only those of this column; ``filled``: to a value, or to none
    of, by   the change is one of a row of this other model, whose column ``by`` is the id of the resource's row
    own      the hosted API has no such event
    """

    name: str
    on: str
    column: str = ""
    filled: bool = True
    of: type[models.Model] | None = None
    by: str = ""
    own: bool = False

    def find_faults(self, model: type[models.Model]) -> Iterable[str]:
        """What is wrong with it, for a resource of this model."""
        columns = {column.column for column in (self.of or model)._meta.concrete_fields}
        if self.on not in OPERATIONS:
            yield f"event {self.name}: on {self.on!r}"
        for name in (self.column, self.by):
            if name and name not in columns:
                yield f"event {self.name}: {name!r} is no column"
        if bool(self.of) != bool(self.by):
            yield f"event {self.name}: a row of another model needs the column with the id of this one's"


def plain_events(create: str = "", modify: str = "", delete: str = "", *, own: str = "") -> tuple[Event, ...]:
    """The usual events, of those that are named. ``own``: which of the three ("create modify delete") the hosted API
    does not have."""
    named = (("create", create, "insert"), ("modify", modify, "update"), ("delete", delete, "delete"))
    return tuple(Event(name, on, own=kind in own.split()) for kind, name, on in named if name)
