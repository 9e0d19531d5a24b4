"""``GET /delta/{type}``: the rows of a type that were added, changed or removed in a period, from the change feed.

It spans all domains: each type is the table of one of the API's resources. Facts: reference cerbo/behaviour.md,
Delta; docs/decisions/0198-delta.md
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from charthouse.changes import periods
from charthouse.domains.practice.cerbo.keys import make_object_key
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation, Registry
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Invalid

MAX_PERIOD = timedelta(days=7)
# Type → path of the resource with its rows, without parameters.
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


def read_delta(call: Call) -> dict[str, Any]:
    """The lists of ids of one type. Raises Invalid for an impossible period or a type without a table."""
    kind = call.parameters["resource_type"]
    start, end = call.parameters["start_date"], call.parameters["end_date"]
    if not timedelta(0) < end - start <= MAX_PERIOD:
        message = "It must be after start_date." if end <= start else "At most a week after start_date."
        raise Invalid({"end_date": [message]})
    model = _find_model(delta_function.registry, kind)
    data = _list_changes(call.actor.practice, model, start, end)
    call.shown_rows[model] = [row_id for ids in data.values() for row_id in ids]
    return {
        "object": "delta",
        "resource_type": kind,
        "from_date": f"{start:%Y-%m-%d %H:%M:%S}",
        "until_date": f"{end:%Y-%m-%d %H:%M:%S}",
        "delta_data": data,
    }


def _list_changes(
    practice: int, model: type[models.Model], start: datetime, end: datetime
) -> dict[str, list[int]]:
    data: dict[str, list[int]] = {"added": [], "modified": [], "removed": []}
    for row in periods.list_changed_rows(practice, [model._meta.db_table], start, end):
        if row.last == "delete":
            data["removed"].append(row.row)
        else:
            data["added" if row.first == "insert" else "modified"].append(row.row)
    return {name: sorted(ids) for name, ids in data.items()}


def _find_model(registry: Registry, kind: str) -> type[models.Model]:
    for resource in registry:
        plain = "/".join(part for part in resource.path.split("/") if not part.startswith("{"))
        if plain == TYPES[kind]:
            return resource.model
    raise Invalid({"resource_type": [f"{kind} are not kept here."]})


def _declare_ids(name: str) -> Key:
    return Key(name, List(Integer()))


delta_function = Operation(
    path="delta/{resource_type}",
    doc="Ids of rows of one type that were added, changed, or removed in a period of up to a week.",
    run=read_delta,
    policy=Policy(scopes=("deltas",), permissions=()),
    filters=(
        Filter("resource_type", Text(choices=tuple(TYPES)), required=True),
        Filter(
            "start_date",
            Timestamp(),
            SINCE,
            required=True,
            doc="Start of the period, inclusive; UTC.",
            source="updated_at",
        ),
        Filter(
            "end_date",
            Timestamp(),
            SINCE,
            required=True,
            doc="End of the period, exclusive; at most a week after start_date; UTC.",
            source="updated_at",
        ),
    ),
    answer=(
        make_object_key("delta"),
        Key("resource_type", Text(), READ_ONLY, nullable=False),
        Key("from_date", Timestamp(spaced=True), READ_ONLY),
        Key("until_date", Timestamp(spaced=True), READ_ONLY),
        Key(
            "delta_data",
            Object((_declare_ids("added"), _declare_ids("modified"), _declare_ids("removed"))),
            READ_ONLY,
            doc="A row both added and removed in the period counts as removed.",
        ),
    ),
    example={
        "resource_type": "patients",
        "from_date": "2025-03-26 00:00:00",
        "until_date": "2025-03-27 00:00:00",
        "delta_data": {"added": [1042], "modified": [1007], "removed": []},
    },
)
OPERATIONS = [delta_function]
