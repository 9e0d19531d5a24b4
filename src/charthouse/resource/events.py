"""What a declaration may say of events: what happens to a resource's rows that others may want to be told of."""

from dataclasses import dataclass

from django.db import models

ON = ("insert", "update", "delete")


@dataclass(frozen=True)
class Event:
    """Something that happens to rows of a resource, known to subscribers as ``name``.

    on       what happens to the row: "insert", "update" or "delete"; to be restored is an update
    column   of updates, only those of this column; ``filled``: to a value, or to none
    of, by   the change is one of a row of this other model, whose column ``by`` names the resource's row
    ours     the hosted API has no such event
    """

    name: str
    on: str
    column: str = ""
    filled: bool = True
    of: type[models.Model] | None = None
    by: str = ""
    ours: bool = False

    def faults(self, model: type[models.Model]) -> list[str]:
        """What is wrong with it, for a resource of this model."""
        columns = {column.column for column in (self.of or model)._meta.concrete_fields}
        found = []
        if self.on not in ON:
            found.append(f"event {self.name}: on {self.on!r}")
        for name in (self.column, self.by):
            if name and name not in columns:
                found.append(f"event {self.name}: {name!r} is no column")
        if bool(self.of) != bool(self.by):
            found.append(f"event {self.name}: a row of another model needs the column that names this one's")
        return found


def plain(create: str = "", modify: str = "", delete: str = "", *, ours: str = "") -> tuple[Event, ...]:
    """The usual ones, of those that are named. ``ours``: which of the three ("create modify delete") are only ours."""
    named = (("create", create, "insert"), ("modify", modify, "update"), ("delete", delete, "delete"))
    return tuple(Event(name, on, ours=kind in ours.split()) for kind, name, on in named if name)
