"""Blocks on a provider's calendar: breaks with a beginning and an end. Hooks of the declaration.

A block is an appointment without a patient, so that it is in the way of bookings, and bookings of it, by the same
rule (docs/decisions/0030-what-overlaps.md). One without an exam room takes the provider's time alone.
"""

from datetime import datetime, timedelta

from charthouse.domains.scheduling import booking, wallclock
from charthouse.domains.scheduling.booking import Booking
from charthouse.domains.scheduling.models import LONGEST, NO_ROOM
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("end_time", "exam_room", "office", "provider", "start_time"))
def take(change: Change) -> None:
    """Wall clocks → moment and length, and the time taken or refused. Raises Conflict."""
    if change.operation == "delete":
        return
    if change.row is None:
        change.columns["created_by_id"] = change.actor.user
    for name in ("start_time", "end_time"):
        if name in change.values and not 2000 <= change.values[name].year <= 2099:
            change.add_error(name, "Blocks lie in the years 2000 to 2099.")
    if change.errors:
        return
    start, end = _walls(change)
    provider, office, room = change.get("provider"), change.get("office"), _room(change)
    place = booking.take_place(change.actor.practice, provider, office, room, [start, end])
    if place is None or (room != NO_ROOM and not place.has_room):
        change.add_error("exam_room", "The office has no exam room of this index.")
        return
    for name, wall, shown in zip(("start_time", "end_time"), (start, end), place.shown, strict=True):
        if wall != shown:
            change.add_error(name, f"{wall.isoformat()} does not exist in {place.zone}: the clocks skip it.")
    first, last = place.moments
    minutes, rest = divmod(last - first, timedelta(minutes=1))
    if rest or not 1 <= minutes <= LONGEST:
        change.add_error("end_time", f"A block lasts 1 to {LONGEST} whole minutes.")
    if change.errors:
        return
    change.values["start_time"] = first
    change.columns |= {"duration": minutes, "exam_room": room}
    before = None if change.row is None else Booking.of(change.row)
    vacant = change.row is not None and not booking.in_the_way(change.row.status)
    wanted = Booking(provider, office, room, first, minutes, True, not vacant, False)
    if not vacant and (before is None or _differs(wanted, before)):
        itself = 0 if change.row is None else change.row.pk
        booking.refuse_overlap(change.actor.practice, wanted, [first], itself)


def _differs(wanted: Booking, before: Booking) -> bool:
    keys = ("doctor", "office", "exam_room", "start", "duration")
    return any(getattr(wanted, key) != getattr(before, key) for key in keys)


def _room(change: Change) -> int:
    if "exam_room" in change.values or change.operation == "replace" or change.row is None:
        return change.values.get("exam_room") or NO_ROOM
    return int(change.row.exam_room)


def _walls(change: Change) -> tuple[datetime, datetime]:
    """Beginning and end that are wanted. A block whose beginning alone is given moves and keeps its length."""
    start, end = change.values.get("start_time"), change.values.get("end_time")
    if start is None:
        practice, office = change.actor.practice, change.row.office_id
        start = wallclock.at_office(change.row.scheduled_time, practice, office)
    if end is None:
        end = start + timedelta(minutes=change.row.duration)
    return start.replace(microsecond=0), end.replace(microsecond=0)
