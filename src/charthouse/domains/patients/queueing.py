"""What a request into the portal's queue, or past it into the chart, is asked with and answers."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.db import models
from django.db.models import Q

from charthouse.domains.patients.queue import enqueue, queued
from charthouse.domains.patients.settling import take_in
from charthouse.resource import parse
from charthouse.resource.change import Change
from charthouse.resource.errors import Invalid
from charthouse.resource.fields import READ_ONLY, Boolean, Field, Integer, Text
from charthouse.resource.filters import Where
from charthouse.resource.functions import Call

QUEUED: tuple[Field, ...] = (
    Boolean("result", READ_ONLY, nullable=False),
    Text("message", READ_ONLY, nullable=False),
    Integer("portal_queue_id", READ_ONLY, nullable=False),
)

ENQUEUE = Where(
    "enqueue",
    read=lambda text, given: {"enqueue": Boolean("enqueue").parse(text)},
    condition=Q,
    type={"type": "boolean", "default": True},
    doc="false: into the chart at once, where the request stands as accepted.",
)


def ask(call: Call, request_type: str, **values: Any) -> dict[str, Any]:
    """Put a request for the patient that the path names into the queue; with ``enqueue=false`` take it into the chart
    as well, as staff would. ``values``: columns of the request. Raises Conflict where its product is gone meanwhile."""
    request = enqueue(call.row, request_type, api_user=call.actor.api_user, **values)
    if call.slots.get("enqueue", True):
        return queued(request)
    take_in(request, call.actor.user)
    return queued(request) | {"message": "It was written to the chart."}


def checked(fields: Iterable[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a patient sends from the portal, read by the keys that a program would send. References are not looked up.
    Raises Invalid with every wrong key."""
    change = Change(cast(Any, None), cast(Any, None), "ask", {}, frozenset())
    parse.read(fields, models.Model, given, change)
    if change.errors:
        raise Invalid(change.errors)
    return change.values
