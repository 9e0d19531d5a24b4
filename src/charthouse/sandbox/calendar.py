"""The appointment slots of a practice around its reference day.

Weeks count from the Monday of the reference week, so that the same seed fills the same slots on any day: only what is
past by then differs. The reference time is the start of the reference day in the practice's time zone. Nothing but
planned appointments lies behind it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from charthouse.sandbox.loader import Row

PAST_WEEKS, FUTURE_WEEKS = 52, 13
PAST_WEEKS_OF_LONG_CHARTS = 104
EARLIER_WEEKS = 10  # before those with appointments, for dates of bookings

# The slots of a doctor's day: hour, minute, duration in minutes. Lunch is from 12 to 1.
DAY = (
    *(
        (8, 0, 60),
        (9, 0, 30),
        (9, 30, 30),
        (10, 0, 20),
        (10, 20, 20),
        (10, 40, 20),
        (11, 0, 15),
        (11, 15, 15),
    ),
    *((11, 30, 30), (13, 0, 60), (14, 0, 30), (14, 30, 30), (15, 0, 20), (15, 20, 20), (15, 40, 20)),
    *((16, 0, 15), (16, 15, 15), (16, 30, 30)),
)
LUNCH = (12, 0, 60)


class Slot(NamedTuple):
    """A slot. ``start`` is in UTC, ``text`` the same as ISO text. ``day`` counts from the reference Monday, ``weekday``
    from Monday as 0. ``minutes``: duration."""

    start: datetime
    text: str
    day: int
    weekday: int
    minutes: int


class Visit(NamedTuple):
    """An appointment of a patient: its slot, its row, and the vitals that were taken, if they were."""

    slot: Slot
    row: Row
    vitals: Row

    @property
    def date(self) -> date:
        """The date of the visit, in UTC as in the practice's time zone: office hours don't pass midnight UTC."""
        return self.slot.start.date()


class Calendar:
    """The slots of one time zone. ``dates``: ISO dates by days from the reference Monday; ``today``: the reference day
    in these; ``now``: the reference time in UTC."""

    def __init__(self, timezone: str, today: date) -> None:
        self.zone = ZoneInfo(timezone)
        self.monday = today - timedelta(days=today.weekday())
        self.today = today.weekday()
        self.dates = {
            day: (self.monday + timedelta(days=day)).isoformat()
            for day in range(-(PAST_WEEKS_OF_LONG_CHARTS + EARLIER_WEEKS) * 7, FUTURE_WEEKS * 7)
        }
        self.now = self._get_time(today, 0, 0)
        self.slots = self._make_slots(range(-PAST_WEEKS, FUTURE_WEEKS))
        self.earlier_slots = self._make_slots(range(-PAST_WEEKS_OF_LONG_CHARTS, -PAST_WEEKS))

    def _get_time(self, day: date, hour: int, minute: int) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)

    def _make_slots(self, weeks: range) -> list[Slot]:
        return [
            self._make_slot(week, weekday, *shape) for week in weeks for weekday in range(5) for shape in DAY
        ]

    def _make_slot(self, week: int, weekday: int, hour: int, minute: int, minutes: int) -> Slot:
        day = week * 7 + weekday
        start = self._get_time(self.monday + timedelta(days=day), hour, minute)
        return Slot(start, start.isoformat(), day, weekday, minutes)

    def shuffle_slots(self, random: Random, *, current_first: bool) -> list[Slot]:
        """Return all slots in the order in which they are booked: at random, or tending to those around the current
        week first, so that a small practice has a full week to show."""
        if not current_first:
            return random.sample(self.slots, len(self.slots))
        return sorted(self.slots, key=lambda slot: -(random.random() ** (1 / _weigh_week(slot.day // 7))))

    def list_lunches(self, weeks: range) -> Iterator[Slot]:
        """List the lunch breaks of these weeks."""
        for week in weeks:
            for weekday in range(5):
                yield self._make_slot(week, weekday, *LUNCH)


def _weigh_week(week: int) -> float:
    """Return the weight of a week's slots in the order of booking: the current week has most, later ones least."""
    if week < 0:
        return max(1.0, 6.0 + week)
    return 6.0 if week == 0 else 4.0 / week
