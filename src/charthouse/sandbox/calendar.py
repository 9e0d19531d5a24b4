"""A synthetic calendar: which slots a doctor has, who comes when, and how far each visit got.

Weeks count from the Monday of the reference week, so that the same seed fills the same slots on any day; only what
is past by then differs. Days end with the reference moment: noon, the doctors' time, of the reference day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

PAST_WEEKS, COMING_WEEKS = 52, 13

# A doctor's day: start and minutes. Noon to one is lunch.
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


@dataclass(frozen=True, slots=True)
class Slot:
    """``start`` is UTC, ``day`` counts from the reference Monday, ``weekday`` 0 is Monday; minutes."""

    start: datetime
    day: int
    weekday: int
    minutes: int


class Calendar:
    """The slots of one time zone around a reference day."""

    def __init__(self, zone: str, today: date) -> None:
        self.zone = ZoneInfo(zone)
        self.monday = today - timedelta(days=today.weekday())
        self.now = self.moment(today, 12, 0)
        self.slots = [
            self.slot(week, weekday, *shape)
            for week in range(-PAST_WEEKS, COMING_WEEKS)
            for weekday in range(5)
            for shape in DAY
        ]

    def moment(self, day: date, hour: int, minute: int) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)

    def slot(self, week: int, weekday: int, hour: int, minute: int, minutes: int) -> Slot:
        day = week * 7 + weekday
        start = self.moment(self.monday + timedelta(days=day), hour, minute)
        return Slot(start, day, weekday, minutes)

    def deck(self, random: Random, *, gathered: bool) -> list[Slot]:
        """All slots in the order in which they fill up: at random, or ``gathered`` around the present, so that a
        small practice has a full week to show."""
        if not gathered:
            return random.sample(self.slots, len(self.slots))
        return sorted(self.slots, key=lambda slot: -(random.random() ** (1 / _weight(slot.day // 7))))

    def lunches(self, weeks: range) -> Iterator[Slot]:
        for week in weeks:
            for weekday in range(5):
                yield self.slot(week, weekday, *LUNCH)


def _weight(week: int) -> float:
    """How much sooner slots of a week are taken than others: the present most, the far future least."""
    if -2 <= week <= 1:
        return 6.0
    return 1.0 if week < 0 else 3.0 / (week - 0.5)


FUTURE = (("Confirmed", 45), ("", 33), ("Not Confirmed", 15), ("Cancelled", 5), ("Rescheduled", 2))
PAST = (("Complete", 84), ("No Show", 6), ("Cancelled", 6), ("Rescheduled", 3), ("", 1))
TODAY = ("Checked In", "Arrived", "In Room", "In Session")
STATUSES = {
    kind: ([status for status, _ in weighted], [weight for _, weight in weighted])
    for kind, weighted in (("past", PAST), ("future", FUTURE))
}


def status(random: Random, slot: Slot, now: datetime) -> str:
    """How far the visit in a slot has come."""
    ends = slot.start + timedelta(minutes=slot.minutes)
    if ends > now and slot.start <= now + timedelta(minutes=45):
        return TODAY[int(random.random() * len(TODAY))]
    statuses, weights = STATUSES["past" if ends <= now else "future"]
    return random.choices(statuses, weights)[0]


def transitions(random: Random, slot: Slot, now: datetime, last: str) -> list[tuple[datetime, str, str]]:
    """(moment, from, to) of the statuses a visit went through to reach the last one, all before ``now``."""
    before, minutes = slot.start, timedelta(minutes=1)
    steps: list[tuple[datetime, str]] = []
    if last == "":
        return []
    if last not in ("Cancelled", "Rescheduled", "Not Confirmed") and random.random() < 0.8:
        steps.append(
            (before - timedelta(days=1 + random.randrange(3), hours=random.randrange(1, 6)), "Confirmed")
        )
    if last == "Complete":
        steps.append((before - random.randrange(3, 12) * minutes, "Arrived"))
        steps.append((before - random.randrange(1, 3) * minutes, "In Room"))
        steps.append((before + random.randrange(2, 5) * minutes, "In Session"))
        steps.append((before + (slot.minutes - 1) * minutes, "Complete"))
    elif last == "No Show":
        steps.append((before + (slot.minutes + 5) * minutes, last))
    elif not steps or steps[-1][1] != last:
        ahead = timedelta(days=random.randrange(1, 5), hours=random.randrange(1, 6))
        steps.append((now - random.randrange(1, 10) * minutes if last in TODAY else before - ahead, last))
    made, current = [], ""
    for moment, reached in steps:
        made.append((min(moment, now - minutes), current, reached))
        current = reached
    return made


def visits(random: Random, mean: float) -> int:
    """How often a patient comes in the calendar's time: some never, a few much oftener than the mean."""
    return int(random.expovariate(1 / mean) + 0.5) if mean > 1 else 1 if random.random() < mean else 0


def spread(slots: Sequence[Slot]) -> list[Slot]:
    return sorted(slots, key=lambda slot: slot.start)
