"""``GET /delta/{type}``: which rows of a kind were added, changed and removed in a period, read off the change feed.

It spans every room, and so it stands beside them: each type is the table behind one of the dialect's resources. Facts:
reference cerbo/behaviour.md, Delta; docs/decisions/0198-delta.md
"""

from datetime import datetime, timedelta
from typing import Any

from charthouse.changes import periods
from charthouse.domains.practice.cerbo_keys import tag
from charthouse.resource.declare import Registry
from charthouse.resource.errors import Invalid
from charthouse.resource.fields import READ_ONLY, Integer, ListOf, Text
from charthouse.resource.filters import Is, Since
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Moment

LONGEST = timedelta(days=7)
# Type → path of the resource whose rows it tells of, without what stands in braces.
TYPES = {
    "appointments": "appointments",
    "rxs": "patients/rxs",
    "pt_rx": "patients/rxs",
    "drugs": "drugs",
    "supplements": "supplements",
    "orders": "patients/orders",
    "pt_orders": "patients/orders",
    "documents": "patients/documents",
    "patients": "patients",
    "users": "users",
    "tags": "tags",
    "pt_tags": "patients/tags",
    "tasks": "task",
}


def delta(call: Call) -> dict[str, Any]:
    """The lists of ids of one type. Raises Invalid for a period that can't be, or a type that isn't kept."""
    kind = call.slots["resource_type"]
    start, end = call.slots["start_date"], call.slots["end_date"]
    if not timedelta(0) < end - start <= LONGEST:
        message = "It must be after start_date." if end <= start else "At most a week after start_date."
        raise Invalid({"end_date": [message]})
    return {
        "object": "delta",
        "resource_type": kind,
        "from_date": f"{start:%Y-%m-%d %H:%M:%S}",
        "until_date": f"{end:%Y-%m-%d %H:%M:%S}",
        "delta_data": _rows(call.actor.practice, kind, start, end),
    }


def _rows(practice: int, kind: str, start: datetime, end: datetime) -> dict[str, list[int]]:
    data: dict[str, list[int]] = {"added": [], "modified": [], "removed": []}
    for row in periods.touched(practice, [_table(delta_function.registry, kind)], start, end):
        if row.last == "delete":
            data["removed"].append(row.row)
        else:
            data["added" if row.first == "insert" else "modified"].append(row.row)
    return {name: sorted(ids) for name, ids in data.items()}


def _table(registry: Registry, kind: str) -> str:
    for resource in registry:
        plain = "/".join(part for part in resource.path.split("/") if not part.startswith("{"))
        if plain == TYPES[kind]:
            return str(resource.model._meta.db_table)
    raise Invalid({"resource_type": [f"{kind} are not kept here."]})


def _ids(name: str) -> ListOf:
    return ListOf(name, item=Integer(name, nullable=False))


delta_function = Function(
    path="delta/{resource_type}",
    doc="Ids of the rows of a kind that were added, changed or removed in a period of a week at most.",
    run=delta,
    scopes=("deltas",),
    permissions=(),
    parameters=(
        Is("resource_type", required=True, choices=tuple(TYPES)),
        Since("start_date", required=True, doc="From here on; UTC."),
        Since("end_date", required=True, doc="To before here; after start_date, at most a week; UTC."),
    ),
    answers=(
        tag("delta"),
        Text("resource_type", READ_ONLY, nullable=False),
        Moment("from_date", READ_ONLY),
        Moment("until_date", READ_ONLY),
        Embedded(
            "delta_data",
            READ_ONLY,
            fields=(_ids("added"), _ids("modified"), _ids("removed")),
            doc="What was both added and removed in the period is removed.",
        ),
    ),
    example={
        "resource_type": "patients",
        "from_date": "2025-03-26 00:00:00",
        "until_date": "2025-03-27 00:00:00",
        "delta_data": {"added": [1042], "modified": [1007], "removed": []},
    },
)
FUNCTIONS = [delta_function]
