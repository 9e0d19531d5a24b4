"""The audit as the hosted API shows it (reference: drchrono/live_only.yaml, audit_log)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from charthouse import clock
from charthouse.audit.entries import CHANGES, EVENTS, READS, Asked, Entry, Position, entries
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

PAGE = 250


def _read_page_size(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"page_size": min(Integer(minimum=1).parse(text), PAGE)}


def _read_cursor(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Where a page begins, as ``next`` has it, and when the first page was asked for: what has come since, the reading
    of these pages not least, is no part of the list. Raises NotFound for anything else."""
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


def _cursor(position: Position, begun: datetime) -> str:
    text = f"{position.source}|{position.at.isoformat()}|{position.id}|{begun.isoformat()}"
    return urlsafe_b64encode(text.encode()).decode()


def listed(call: Call) -> dict[str, Any]:
    """A page of the caller's practice's audit. Raises Invalid at the ends of the calendar."""
    parameters, actor = call.parameters, call.actor
    since, until = _bounds(call)
    begun = parameters.get("cursor_begun") or clock.now()
    asked = Asked(
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
        most=parameters.get("page_size", PAGE) + 1,
    )
    if "share_patients" not in actor.shared and asked.doctor not in (None, actor.doctor):
        return {"next": None, "previous": None, "results": []}
    if "share_patients" not in actor.shared:
        if actor.doctor is None:
            return {"next": None, "previous": None, "results": []}
        asked = replace(asked, doctor=actor.doctor)
    found = entries(asked)
    page = found[: asked.most - 1]
    following = call.url(cursor=_cursor(page[-1].position, begun)) if len(found) > len(page) else None
    return {"next": following, "previous": None, "results": [_shown(entry) for entry in page]}


def _bounds(call: Call) -> tuple[datetime | None, datetime | None]:
    """From when, and until before when. Of several parameters, all hold."""
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


def _shown(entry: Entry) -> dict[str, Any]:
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


ENTRY = (
    Key("created_at", Timestamp(), READ_ONLY, doc="UTC."),
    Key("updated_at", Timestamp(), READ_ONLY, doc="The same: an entry is never changed."),
    Key("action", Text(choices=ACTIONS), READ_ONLY),
    Key("type", Text(choices=TYPES), READ_ONLY, doc="What it was about."),
    Key("description", Text(), READ_ONLY, doc="One sentence, without anybody's data."),
    Key("field", Text(), READ_ONLY, doc="Of an update: the columns that changed, joined by commas."),
    Key("page", Text(), READ_ONLY, doc="Path of the call that read."),
    Key(
        "patient", Integer(), READ_ONLY, doc="Whose data it was; null for nobody's, and for that of several."
    ),
    Key("appointment_id", Integer(), READ_ONLY),
    Key("doctor_id", Integer(), READ_ONLY, doc="Of the user: their own record, or their primary physician."),
    Key("user_id", Integer(), READ_ONLY),
    Key("name_of_user", Text(), READ_ONLY),
    Key("ip_address", Text(), READ_ONLY),
)

audit_log = Operation(
    path="audit_log",
    doc="Who read, changed or did what in the practice, oldest first.",
    run=listed,
    policy=Policy(scopes=("billing",), permissions=()),
    filters=(
        Filter("since", Timestamp(), SINCE, doc="Entries from then on (UTC).", source="updated_at"),
        Filter("date", Date(), OnDay(), doc="One day (UTC)."),
        Filter("date_range", Date(), InDays(), doc="Days (UTC), both included."),
        Filter("patient", Reference("patients"), doc="Whose data was shown or changed, in lists as well."),
        Filter("doctor", Reference("doctors"), doc="Of the user who did it."),
        Filter("user", Reference("users")),
        Filter("appointment", Reference("appointments")),
        Filter("type", Text(choices=TYPES)),
        Filter("action", Text(choices=ACTIONS)),
        Condition("cursor", read=_read_cursor, doc="As `next` has it."),
        Condition(
            "page_size",
            read=_read_page_size,
            described={"type": "integer", "minimum": 1, "maximum": PAGE, "default": PAGE},
            doc=f"Entries a page, at most {PAGE}.",
        ),
    ),
    one_of=(("since", "date", "date_range"),),
    answer=(
        Key("next", Text(), READ_ONLY, doc="URL of the next page."),
        Key("previous", Text(), READ_ONLY, doc="Null: pages are only turned forward."),
        Key("results", List(Object(ENTRY)), READ_ONLY, nullable=False),
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

FUNCTIONS = (audit_log,)
