"""Blocks of time over several days: a break for each day, as nothing lasts longer than a day. The first is the base of
the others."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

from charthouse.domains.scheduling import booking, series
from charthouse.domains.scheduling.booking import Booking
from charthouse.domains.scheduling.models import MAX_DURATION, Appointment
from charthouse.domains.scheduling.wall_clock import get_office_time
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

MAX_DAYS = 366
_DAY = timedelta(minutes=MAX_DURATION)


@hook(
    keys=(
        "block_end",
        "doctor",
        "duration",
        "exam_room",
        "office",
        "patient",
        "scheduled_time",
        *series.KEYS,
    )
)
def plan_block(change: Change) -> None:
    """Give the first part of a block over several days its length: until midnight."""
    end = change.values.get("block_end")
    if end is None or change.errors:
        return
    wall: datetime = change.values.get("scheduled_time") or end
    if change.row is not None:
        change.add_error("block_end", "The end is set when the block is made.")
    elif change.get("patient") is not None:
        change.add_error("block_end", "A visit has a length in minutes, not an end.")
    elif any(change.values.get(name) for name in series.KEYS):
        change.add_error("block_end", "A block that lasts longer than a day does not repeat.")
    elif not wall < end <= wall + timedelta(days=MAX_DAYS):
        change.add_error("block_end", f"A block ends after it begins, at most {MAX_DAYS} days later.")
    if change.errors:
        return
    doctor, office, room = (change.get(name) for name in ("doctor", "office", "exam_room"))
    slot = booking.lock_slot(change.actor.practice, doctor, office, room, _list_bounds(wall, end)[:2])
    if slot is not None:
        change.set("duration", next(_split(slot.moments))[1])


@hook(keys=("block_end",))
def create_parts(change: Change, row: Any) -> None:
    """Create the parts of a block that follow its first. Raises Conflict where a part overlaps with something."""
    end = change.values.get("block_end")
    if change.row is not None or end is None:
        return
    wall = get_office_time(row.scheduled_time, row.practice_id, row.office_id)
    slot = booking.lock_slot(
        row.practice_id, row.doctor_id, row.office_id, row.exam_room, _list_bounds(wall, end)
    )
    assert slot is not None  # the check has locked them
    parts = [part for part in _split(slot.moments) if part[0] > row.scheduled_time]
    shared = {name: getattr(row, name) for name in series.SHARED_COLUMNS if name != "duration"}
    for minutes in {length for _, length in parts} if not row.allow_overlapping else ():
        starts = [start for start, length in parts if length == minutes]
        wanted = Booking(
            row.doctor_id,
            row.office_id,
            row.exam_room,
            starts[0],
            minutes,
            True,
            True,
            allow_overlapping=False,
        )
        booking.refuse_overlap(row.practice_id, wanted, starts, row.pk)
    Appointment.objects.bulk_create(
        Appointment(
            practice_id=row.practice_id,
            scheduled_time=start,
            duration=minutes,
            base_recurring_appointment_id=row.pk,
            **shared,
        )
        for start, minutes in parts
    )


def _list_bounds(wall: datetime, end: datetime) -> list[datetime]:
    """List the local times at which the parts of a block begin, and its end."""
    bounds, day = [wall], wall.date() + timedelta(days=1)
    while (midnight := datetime.combine(day, time())) < end:
        bounds.append(midnight)
        day += timedelta(days=1)
    return [*bounds, end]


def _split(moments: Sequence[datetime]) -> Iterator[tuple[datetime, int]]:
    """Yield beginning and minutes of each part; two for a day of 25 hours."""
    for start, end in pairwise(moments):
        begins = start
        while begins < end:
            until = min(end, begins + _DAY)
            yield begins, int((until - begins).total_seconds() // 60)
            begins = until
