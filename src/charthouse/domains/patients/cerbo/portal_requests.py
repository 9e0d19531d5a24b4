"""Portal requests in Cerbo's API: what operations that submit one have in common, and the list of requests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.expressions import Combinable

from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_STATUSES, REQUEST_TYPES
from charthouse.domains.patients.portal_requests import accept_request, describe_request, enqueue
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_key,
    make_patient_parent,
    make_policy,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY
from charthouse.engine.execution import reading
from charthouse.engine.sql import expressions as sql

QUEUED_KEYS: tuple[Key, ...] = (
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
    Key("portal_queue_id", Integer(), READ_ONLY, nullable=False),
)

ENQUEUE_FILTER = Condition(
    "enqueue",
    read=lambda text, given: {"enqueue": Boolean().parse(text)},
    condition=Q,
    described={"type": "boolean", "default": True},
    doc="false: directly into the chart; the request counts as accepted.",
)


def make_submission_keys(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Make the keys of the answer to a submission that may go past the queue: QUEUED_KEYS, and where it did, these keys
    of what is in the chart now."""
    return (*QUEUED_KEYS, *(replace(key, access=OPTIONAL) for key in keys))


def submit_request(call: Call, request_type: str, shown: str = "", **values: Any) -> dict[str, Any]:
    """Enqueue a request for the patient that the path names; with ``enqueue=false`` accept it into the chart as well,
    as staff would. ``values``: columns of the request; ``shown``: path of the resource that shows what is in the
    chart then. Returns the answer of QUEUED_KEYS, or of ``make_submission_keys``.

    Raises Conflict where something that the request refers to was deleted meanwhile.
    """
    request = enqueue(call.row, request_type, api_user=call.actor.api_user, **values)
    if call.parameters.get("enqueue", True):
        return describe_request(request)
    row = accept_request(request, call.actor.user)
    answer = describe_request(request) | {"message": "It was written to the chart."}
    found = reading.read_by_id(call.operation.registry[shown], call.actor, [row.pk], verbose=True)
    call.shown_rows[type(row)] = [row.pk]
    return {**msgspec.json.decode(msgspec.json.encode(found[row.pk])), **answer}


def _select_sender() -> Combinable:
    """Select API_MADE for a request that an API user sent, 0 for one that the patient sent."""
    sent = When(api_user__isnull=False, then=sql.literal(API_MADE))
    return Case(sent, default=sql.literal(0), output_field=models.IntegerField())


@hook()
def record_deleting_api_user(change: Change) -> None:
    """Note the API user who deletes a request."""
    if change.operation == "delete":
        change.set_columns(deleted_by_id=change.actor.api_user)


portal_queue = Resource(
    path="patients/{patient_id}/portal/enqueued",
    model=PortalRequest,
    doc="Items sent for a patient that wait for staff to accept them into the chart.",
    methods="GET DELETE",
    policy=make_policy("patient_portal"),
    reads=False,
    page_size=PAGES,
    parents=make_patient_parent(),
    keys=(
        make_object_key("portal_queue_request"),
        Key("id", Id(), READ_ONLY),
        make_patient_key(),
        Key("request_type", Text(choices=REQUEST_TYPES), READ_ONLY),
        Key("status", Text(choices=REQUEST_STATUSES), READ_ONLY),
        Key("title", Text(), READ_ONLY),
        Key("notes", Text(), READ_ONLY),
        Key("payload", Object((), open=True), READ_ONLY),
        Key(
            "addedby",
            Integer(),
            READ_ONLY,
            source=Expression(_select_sender),
            nullable=False,
            doc="99999 for an API user.",
        ),
        make_created_key(),
        make_deleted_key(),
        Key("deletedby", Integer(), READ_ONLY, source="deleted_by_id", doc="The API user who deleted it."),
    ),
    filters=(
        Filter("request_type", Text(choices=REQUEST_TYPES)),
        Filter("status", Text(choices=REQUEST_STATUSES), doc="Default: only open requests."),
    ),
    visibility=Visibility(~Q(status="open"), shown_by="status", by_id=True),
    delete={"archived": True, "status": "deleted"},
    checks=(record_deleting_api_user,),
    example={"request_type": "image", "status": "open", "payload": {"mime_type": "image/png"}},
)

RESOURCES = [portal_queue]
