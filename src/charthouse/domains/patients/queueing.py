"""What a request into the portal's queue, or past it into the chart, is asked with and answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.patients.queue import enqueue, queued
from charthouse.domains.patients.settling import take_in
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Condition
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import parsing

QUEUED: tuple[Key, ...] = (
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
    Key("portal_queue_id", Integer(), READ_ONLY, nullable=False),
)

ENQUEUE = Condition(
    "enqueue",
    read=lambda text, given: {"enqueue": Boolean().parse(text)},
    condition=Q,
    described={"type": "boolean", "default": True},
    doc="false: into the chart at once, where the request stands as accepted.",
)


def ask(call: Call, request_type: str, **values: Any) -> dict[str, Any]:
    """Put a request for the patient that the path names into the queue; with ``enqueue=false`` take it into the chart
    as well, as staff would. ``values``: columns of the request. Raises Conflict where its product is gone meanwhile."""
    request = enqueue(call.row, request_type, api_user=call.actor.api_user, **values)
    if call.parameters.get("enqueue", True):
        return queued(request)
    take_in(request, call.actor.user)
    return queued(request) | {"message": "It was written to the chart."}


def checked(keys: Iterable[Key], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a patient sends from the portal, read by the keys that a program would send. References are not looked up.
    Raises Invalid with every wrong key."""
    request = parsing.parse_keys(keys, models.Model, given, "ask")
    if request.errors:
        raise Invalid(dict(request.errors))
    return dict(request.values)
