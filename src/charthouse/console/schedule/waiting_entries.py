"""Entries of the waiting list: found for other pages, described in words, and taken off when something is booked."""

from collections.abc import Mapping
from typing import Any

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.console.schedule.form import WEEK
from charthouse.domains.scheduling.models import WaitingListEntry
from charthouse.domains.scheduling.waiting_list import DAY_PARTS
from charthouse.engine.errors import Conflict, NotFound

PRIORITIES = {
    WaitingListEntry.Priority.URGENT: ("Urgent", "orange"),
    WaitingListEntry.Priority.NORMAL: ("Normal", "secondary"),
    WaitingListEntry.Priority.LOW: ("Low", "secondary"),
}
OFF_THE_LIST = "This patient is off the waiting list already."


def select_entries(request: Request) -> Any:
    """Select the entries that the user may see, those that are off the list too. Raises Forbidden."""
    return records.select_rows(records.get_resource("waiting_list"), request.actor)


def find_entry(request: Request, text: str) -> WaitingListEntry | None:
    """Find the open entry that a query or a form names by its id."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    found: WaitingListEntry | None = select_entries(request).filter(pk=int(text), appointment=None).first()
    return found


def take_off(request: Request, row: int, appointment: int) -> None:
    """Take an entry off the list, for which an appointment was booked. Within a transaction. Raises Conflict where it
    is off the list already, NotFound."""
    rows = WaitingListEntry.objects.select_for_update(of=("self",), no_key=True)
    entry = rows.filter(practice=request.actor.practice, pk=row, archived=False).first()
    if entry is None:
        raise NotFound
    if entry.appointment_id is not None:
        raise Conflict(OFF_THE_LIST)
    records.update(records.get_resource("waiting_list"), request.actor, row, {"appointment": appointment})


def get_booking_values(entry: WaitingListEntry) -> Mapping[str, Any]:
    """Get what the entry says of the appointment to book, by key of the schedule."""
    wanted = {"doctor": entry.doctor_id, "office": entry.office_id, "profile": entry.profile_id}
    return {"duration": entry.duration} | {name: value for name, value in wanted.items() if value}


def describe_wish(entry: WaitingListEntry) -> str:
    """Describe the days and parts of the day: "Mon, Wed · Morning"."""
    days = ", ".join(WEEK[day] for day in sorted(entry.week_days))
    parts = ", ".join(words for part, words in DAY_PARTS.items() if part in entry.day_parts)
    return " · ".join(filter(None, (days, parts))) or "Any time"


def describe_what(entry: WaitingListEntry) -> str:
    """Describe type, provider and office that a patient waits for."""
    parts = (
        entry.profile and entry.profile.name,
        entry.doctor and str(entry.doctor),
        entry.office and entry.office.name,
    )
    return " · ".join(filter(None, parts)) or "Any provider"


def describe_entry(entry: WaitingListEntry) -> str:
    """Describe an entry in one line."""
    return f"{describe_what(entry)}, {entry.duration} min · {describe_wish(entry)}"
