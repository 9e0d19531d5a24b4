"""The operation ``audit_log`` of the DrChrono API (reference: drchrono/live_only.yaml, audit_log)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.apps import apps

from charthouse import clock
from charthouse.audit.entries import CHANGES, EVENTS, READS, AuditEntry, EntryQuery, Position, list_entries
from charthouse.audit.hosted_labels import ACTIONS, TYPES
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import SINCE, Condition, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Invalid, NotFound

MAX_PAGE_SIZE = 250


def _parse_page_size(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"page_size": min(Integer(minimum=1).parse(text), MAX_PAGE_SIZE)}


def _parse_cursor(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a cursor into the position of a page and the timestamp of the first page.

    Later entries, such as those of reading these very pages, are not part of the list. Raises NotFound for anything
    else.
    """
    try:
        source, at, row_id, begun = urlsafe_b64decode(text.encode()).decode().split("|")
        moments = [
            datetime.fromisoformat(at).astimezone(UTC),
            datetime.fromisoformat(begun).astimezone(UTC),
        ]
        position = Position(moments[0], source, int(row_id))
    except (ValueError, OverflowError):
        raise NotFound("Invalid page.") from None
    if source not in (READS, CHANGES, EVENTS) or not 0 <= position.id < 2**63:
        raise NotFound("Invalid page.")
    return {"cursor": position, "cursor_begun": moments[1]}


def _encode_cursor(position: Position, begun: datetime) -> str:
    text = f"{position.source}|{position.at.isoformat()}|{position.id}|{begun.isoformat()}"
    return urlsafe_b64encode(text.encode()).decode()


def list_audit_log(call: Call) -> dict[str, Any]:
    """Return a page of the audit log of the actor's practice. Raises Invalid for dates beyond the calendar's limits."""
    parameters, actor = call.parameters, call.actor
    since, until = _parse_bounds(call)
    begun = parameters.get("cursor_begun") or clock.now()
    query = EntryQuery(
        practice=actor.practice,
        since=since,
        until=min(begun, until or begun),
        patient=parameters.get("patient"),
        doctor=parameters.get("doctor"),
        user=parameters.get("user"),
        appointment=parameters.get("appointment"),
        type=parameters.get("type", ""),
        action=parameters.get("action", ""),
        after=parameters.get("cursor"),
        limit=parameters.get("page_size", MAX_PAGE_SIZE) + 1,
    )
    if "share_patients" not in actor.shared and query.doctor not in (None, actor.doctor):
        return {"next": None, "previous": None, "results": []}
    if "share_patients" not in actor.shared:
        if actor.doctor is None:
            return {"next": None, "previous": None, "results": []}
        query = replace(query, doctor=actor.doctor)
    found = list_entries(query)
    page = found[: query.limit - 1]
    call.shown_rows[apps.get_model("patients.Patient")] = {
        entry.patient_id for entry in page if entry.patient_id is not None
    }
    following = call.url(cursor=_encode_cursor(page[-1].position, begun)) if len(found) > len(page) else None
    return {"next": following, "previous": None, "results": [_render_entry(entry) for entry in page]}


def _parse_bounds(call: Call) -> tuple[datetime | None, datetime | None]:
    """Return the lower and the exclusive upper bound of the time. Several parameters are combined with AND."""
    since, until = [], []
    try:
        for name in ("date", "date_range"):
            if name in call.given:
                since.append(datetime.combine(call.parameters[f"{name}_first"], time(), UTC))
                until.append(
                    datetime.combine(call.parameters[f"{name}_last"], time(), UTC) + timedelta(days=1)
                )
    except OverflowError:
        raise Invalid({name: ["Enter a valid date."]}) from None
    if "since" in call.given:
        since.append(call.parameters["since"])
    return max(since, default=None), min(until, default=None)


def _render_entry(entry: AuditEntry) -> dict[str, Any]:
    at = f"{entry.position.at.astimezone(UTC).replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}"
    return {
        "created_at": at,
        "updated_at": at,
        "action": entry.action,
        "type": entry.type,
        "description": entry.description,
        "field": ", ".join(entry.fields),
        "page": entry.path,
        "patient": entry.patient_id,
        "appointment_id": entry.appointment_id,
        "doctor_id": entry.doctor_id,
        "user_id": entry.user_id,
        "name_of_user": entry.user_name,
        "ip_address": entry.ip,
    }


ENTRY_KEYS = (
    Key("created_at", Timestamp(), READ_ONLY, doc="UTC."),
    Key("updated_at", Timestamp(), READ_ONLY, doc="Same as created_at: entries never change."),
    Key("action", Text(choices=ACTIONS), READ_ONLY),
    Key("type", Text(choices=TYPES), READ_ONLY, doc="What the entry is about."),
    Key("description", Text(), READ_ONLY, doc="One sentence, without any person's data."),
    Key("field", Text(), READ_ONLY, doc="For an update: the changed columns, separated by commas."),
    Key("page", Text(), READ_ONLY, doc="Path of the request that read the data."),
    Key(
        "patient",
        Integer(),
        READ_ONLY,
        doc="The patient whose data was involved; null for none, or for several.",
    ),
    Key("appointment_id", Integer(), READ_ONLY),
    Key("doctor_id", Integer(), READ_ONLY, doc="The user's own doctor, or their primary physician."),
    Key("user_id", Integer(), READ_ONLY),
    Key("name_of_user", Text(), READ_ONLY),
    Key("ip_address", Text(), READ_ONLY),
)

audit_log = Operation(
    path="audit_log",
    doc="Who read, changed, or did what in the practice, oldest first.",
    run=list_audit_log,
    policy=Policy(scopes=("billing",), permissions=()),
    filters=(
        Filter("since", Timestamp(), SINCE, doc="Entries at or after this time (UTC).", source="updated_at"),
        Filter("date", Date(), OnDay(), doc="One day (UTC)."),
        Filter("date_range", Date(), InDays(), doc="Range of days (UTC), inclusive."),
        Filter(
            "patient",
            Reference("patients"),
            doc="The patient whose data was returned or changed, including in lists.",
        ),
        Filter("doctor", Reference("doctors"), doc="The doctor of the user who did it."),
        Filter("user", Reference("users")),
        Filter("appointment", Reference("appointments")),
        Filter("type", Text(choices=TYPES)),
        Filter("action", Text(choices=ACTIONS)),
        Condition("cursor", read=_parse_cursor, doc="As in `next`."),
        Condition(
            "page_size",
            read=_parse_page_size,
            described={"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": MAX_PAGE_SIZE},
            doc=f"Entries per page, at most {MAX_PAGE_SIZE}.",
        ),
    ),
    one_of=(("since", "date", "date_range"),),
    answer=(
        Key("next", Text(), READ_ONLY, doc="URL of the next page."),
        Key("previous", Text(), READ_ONLY, doc="Always null: you can only page forward."),
        Key("results", List(Object(ENTRY_KEYS)), READ_ONLY, nullable=False),
    ),
    example={
        "next": None,
        "previous": None,
        "results": [
            {
                "created_at": "2026-03-02T14:05:09",
                "updated_at": "2026-03-02T14:05:09",
                "action": "Read",
                "type": "Chart",
                "description": "Read patients 12",
                "field": "",
                "page": "/api/patients/12",
                "patient": 12,
                "appointment_id": None,
                "doctor_id": 1,
                "user_id": 3,
                "name_of_user": "Ada Adams",
                "ip_address": "192.0.2.7",
            }
        ],
    },
    addition=True,
)

OPERATIONS = (audit_log,)
