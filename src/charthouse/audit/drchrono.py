"""The audit as the hosted API shows it (reference: drchrono/live_only.yaml, audit_log)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from charthouse import clock
from charthouse.audit.entries import CHANGES, EVENTS, READS, Asked, Entry, Position, entries
from charthouse.audit.words import ACTIONS, TYPES
from charthouse.resource.errors import Invalid, NotFound
from charthouse.resource.fields import READ_ONLY, Integer, Text
from charthouse.resource.filters import DateIs, DateRange, Filter, Is, RefIs, Since
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Timestamp

PAGE = 250


@dataclass(frozen=True, kw_only=True, eq=False)
class Size(Filter):
    """Entries a page."""

    json_type = {"type": "integer", "minimum": 1, "maximum": PAGE, "default": PAGE}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: min(Integer(self.name, minimum=1).parse(text), PAGE)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cursor(Filter):
    """Where a page begins, as ``next`` has it, and when the first page was asked for: what has come since, the reading
    of these pages not least, is no part of the list. Raises NotFound for anything else."""

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
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
        return {self.name: position, f"{self.name}_begun": moments[1]}


def _cursor(position: Position, begun: datetime) -> str:
    text = f"{position.source}|{position.at.isoformat()}|{position.id}|{begun.isoformat()}"
    return urlsafe_b64encode(text.encode()).decode()


def listed(call: Call) -> dict[str, Any]:
    """A page of the caller's practice's audit. Raises Invalid at the ends of the calendar."""
    slots, actor = call.slots, call.actor
    since, until = _bounds(call)
    begun = slots.get("cursor_begun") or clock.now()
    asked = Asked(
        practice=actor.practice,
        since=since,
        until=min(begun, until or begun),
        patient=slots.get("patient"),
        doctor=slots.get("doctor"),
        user=slots.get("user"),
        appointment=slots.get("appointment"),
        type=slots.get("type", ""),
        action=slots.get("action", ""),
        after=slots.get("cursor"),
        most=slots.get("page_size", PAGE) + 1,
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
                since.append(datetime.combine(call.slots[f"{name}_first"], time(), UTC))
                until.append(datetime.combine(call.slots[f"{name}_last"], time(), UTC) + timedelta(days=1))
    except OverflowError:
        raise Invalid({name: ["Enter a valid date."]}) from None
    if "since" in call.given:
        since.append(call.slots["since"])
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
    Timestamp("created_at", READ_ONLY, doc="UTC."),
    Timestamp("updated_at", READ_ONLY, doc="The same: an entry is never changed."),
    Text("action", READ_ONLY, choices=ACTIONS),
    Text("type", READ_ONLY, choices=TYPES, doc="What it was about."),
    Text("description", READ_ONLY, doc="One sentence, without anybody's data."),
    Text("field", READ_ONLY, doc="Of an update: the columns that changed, joined by commas."),
    Text("page", READ_ONLY, doc="Path of the call that read."),
    Integer("patient", READ_ONLY, doc="Whose data it was; null for nobody's, and for that of several."),
    Integer("appointment_id", READ_ONLY),
    Integer("doctor_id", READ_ONLY, doc="Of the user: their own record, or their primary physician."),
    Integer("user_id", READ_ONLY),
    Text("name_of_user", READ_ONLY),
    Text("ip_address", READ_ONLY),
)

audit_log = Function(
    path="audit_log",
    doc="Who read, changed or did what in the practice, oldest first.",
    run=listed,
    scopes=("billing",),
    permissions=(),
    parameters=(
        Since("since", doc="Entries from then on (UTC)."),
        DateIs("date", doc="One day (UTC)."),
        DateRange("date_range", doc="Days (UTC), both included."),
        RefIs("patient", to="patients", doc="Whose data was shown or changed, in lists as well."),
        RefIs("doctor", to="doctors", doc="Of the user who did it."),
        RefIs("user", to="users"),
        RefIs("appointment", to="appointments"),
        Is("type", choices=TYPES),
        Is("action", choices=ACTIONS),
        Cursor("cursor", doc="As `next` has it."),
        Size("page_size", doc=f"Entries a page, at most {PAGE}."),
    ),
    one_of=(("since", "date", "date_range"),),
    answers=(
        Text("next", READ_ONLY, doc="URL of the next page."),
        Text("previous", READ_ONLY, doc="Null: pages are only turned forward."),
        Embedded("results", READ_ONLY, many=True, nullable=False, fields=ENTRY),
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
