"""Freed slots with the patients of the waiting list who fit, booked with one click, which can be undone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.db.models import Value
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import appointments, records, undo
from charthouse.console.kit.page import Request, list_messages, page
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import visit_types, waiting_entries
from charthouse.domains.scheduling import waiting_list
from charthouse.domains.scheduling.models import WaitingListEntry
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.identity import origin

MAX_READ = 20  # freed slots that are looked at
MAX_SLOTS = 5  # shown of a day
MAX_COMING = 2  # shown above the calendar
SHOWN = 3  # patients of a slot
AHEAD = timedelta(days=60)  # how far the calendar looks


@dataclass(frozen=True)
class Offer:
    """A freed slot and who fits it, the most urgent first. ``wall``: when it begins, on the office's clock; ``more``:
    whether others fit too."""

    slot: Any
    entries: list[WaitingListEntry]
    more: bool

    @property
    def words(self) -> str:
        wall = self.slot.wall
        return f"{wall:%a %b} {wall.day}, {appointments.format_clock(wall)}"


@dataclass(frozen=True)
class Offers:
    """The offers that a page shows. ``others``: how many further ones the waiting list has; ``is_cut``: whether it may
    have more than were looked at."""

    shown: list[Offer]
    others: int
    is_cut: bool

    def __bool__(self) -> bool:
        return bool(self.shown)


def list_day(request: Request, here: appointments.CalendarScope, day: date) -> Offers:
    """List the offers of a day of an office, and of one doctor where the page shows one."""
    start = datetime.combine(day, time(), here.zone)
    return _list(request, start, start + timedelta(days=1), _narrow(here), MAX_SLOTS)


def list_coming(request: Request, here: appointments.CalendarScope) -> Offers:
    """List the next offers of an office."""
    start = datetime.combine(here.today, time(), here.zone)
    return _list(request, start, start + AHEAD, _narrow(here), MAX_COMING)


def list_all(request: Request) -> Offers:
    """List the next offers of the practice."""
    start = datetime(2000, 1, 1, tzinfo=ZoneInfo("UTC"))
    return _list(request, start, start.replace(year=2100), {}, MAX_READ)


def list_near(request: Request, row: Any) -> Offers:
    """List the offers of the time that an appointment had or has."""
    start = row.scheduled_time
    return _list(request, start, start + timedelta(minutes=1), {"doctor": row.doctor_id}, MAX_SLOTS)


def _narrow(here: appointments.CalendarScope) -> dict[str, int]:
    return {"office": here.office.pk} | ({"doctor": here.doctor.pk} if here.doctor else {})


def _list(request: Request, first: datetime, last: datetime, only: dict[str, int], most: int) -> Offers:
    """List at most so many offers between two moments: three queries, one where nothing was freed."""
    freed = waiting_list.select_freed(request.actor.practice, first, last).filter(**only)
    freed = appointments.annotate_wall_clock(freed).select_related("doctor", "office")
    known: dict[tuple[Any, ...], Any] = {}
    rows_read = list(freed[: MAX_READ + 1])
    for slot in rows_read[:MAX_READ]:
        known.setdefault((slot.doctor_id, slot.office_id, slot.exam_room, slot.scheduled_time), slot)
    slots = list(known.values())
    if not slots:
        return Offers([], 0, False)
    rows = waiting_entries.select_entries(request)
    parts = [
        waiting_list.select_fitting(rows, slot, slot.wall)
        .annotate(slot=Value(number))
        .values_list("slot", "pk")[: SHOWN + 1]
        for number, slot in enumerate(slots)
    ]
    fitting: dict[int, list[int]] = {}
    for number, pk in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
        fitting.setdefault(number, []).append(pk)
    ids = {pk for some in fitting.values() for pk in some}
    entries = rows.select_related("patient", "profile").in_bulk(ids) if ids else {}
    offers = []
    for number, slot in enumerate(slots):
        found = [entries[pk] for pk in fitting.get(number, ()) if pk in entries]
        found.sort(key=lambda one: (one.priority, one.created_at, one.pk))
        if found:
            offers.append(Offer(slot, found[:SHOWN], len(found) > SHOWN))
    return Offers(offers[:most], len(offers[most:]), len(rows_read) > MAX_READ)


def _get_back(request: Request) -> str:
    return origin.get_local_url(request, request.POST.get("back", ""), reverse("waiting-list"))


@page(*SCHEDULING, methods=("POST",))
def book(request: Request, row: int, slot: int) -> HttpResponseBase:
    """Book a freed slot for an entry of the list, and take the entry off it."""
    of = records.get_resource("waiting_list")
    records.get_object(of, request.actor, row)
    freed = appointments.annotate_wall_clock(
        records.select_rows(records.get_resource("freed_slots"), request.actor, hidden=True)
    )
    found = freed.filter(pk=slot).first()
    if found is None:
        raise NotFound
    entry = WaitingListEntry.objects.select_related("patient").get(practice=request.actor.practice, pk=row)
    try:
        with transaction.atomic():
            made = records.create(
                records.get_resource("schedule"), request.actor, _build(request, entry, found)
            )
            waiting_entries.take_off(request, row, int(made["id"]))
    except Conflict as refusal:
        messages.error(request, appointments.describe_refusal(request, refusal))
    except (Invalid, Malformed) as refusal:
        messages.error(request, " ".join(list_messages(getattr(refusal, "errors", refusal.detail))))
    else:
        words = f"{entry.patient.display_name} booked: {Offer(found, [], False).words}. Off the waiting list."
        undo.add_message(
            request, words, reverse("waiting-list-undo", args=[row]), {"back": _get_back(request)}
        )
    return redirect(_get_back(request))


def _build(request: Request, entry: WaitingListEntry, slot: Any) -> dict[str, Any]:
    """Build the appointment. Where the type gives a reason, it stays."""
    return {
        "patient": entry.patient_id,
        "doctor": slot.doctor_id,
        "office": slot.office_id,
        "exam_room": slot.exam_room,
        "scheduled_time": slot.wall.isoformat(),
        "duration": entry.duration,
        "profile": visit_types.find_own(request, entry.profile_id, slot.doctor_id),
    }


@page(*SCHEDULING, methods=("POST",))
def undo_booking(request: Request, row: int) -> HttpResponseBase:
    """Delete what was booked for an entry, and put the entry back on the list."""
    of = records.get_resource("waiting_list")
    one = records.get_object(of, request.actor, row)
    if one["appointment"] is None:
        raise NotFound
    visit = int(one["appointment"])
    try:
        with transaction.atomic():
            records.update(of, request.actor, row, {"appointment": None})
            records.delete(records.get_resource("schedule"), request.actor, visit)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "The appointment is deleted. The patient is on the waiting list again.")
    return redirect(_get_back(request))


@page(*SCHEDULING, methods=("POST",))
def dismiss(request: Request, slot: int) -> HttpResponseBase:
    """Offer a freed slot to nobody any more, also where it was freed several times."""
    of = records.get_resource("freed_slots")
    rows = records.select_rows(of, request.actor)
    one = rows.filter(pk=slot).first()
    if one is None:
        raise NotFound
    names = ("doctor_id", "office_id", "exam_room", "scheduled_time")
    same = rows.filter(**{name: getattr(one, name) for name in names})
    for row in same.values_list("pk", flat=True)[:MAX_READ]:
        records.delete(of, request.actor, row)
    messages.success(request, "This time is not offered any more.")
    return redirect(_get_back(request))
