"""A synthetic calendar: which slots a doctor has, who comes when, and how far each visit got.

Weeks count from the Monday of the reference week, so that the same seed fills the same slots on any day; only what
is past by then differs. The reference moment is the beginning of the reference day, the doctors' time: nothing that
is made here lies in the future of the build but what is planned.
"""

from collections.abc import Iterator
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
    """``start`` is UTC, ``text`` the same for PostgreSQL; ``day`` counts from the reference Monday, ``weekday`` 0 is
    Monday; minutes."""

    start: datetime
    text: str
    day: int
    weekday: int
    minutes: int


class Calendar:
    """The slots of one time zone around a reference day. ``days``: ISO text by days from the reference Monday;
    ``today`` is the reference day among them."""

    def __init__(self, zone: str, today: date) -> None:
        self.zone = ZoneInfo(zone)
        self.monday = today - timedelta(days=today.weekday())
        self.today = today.weekday()
        self.days = {
            day: (self.monday + timedelta(days=day)).isoformat()
            for day in range(-(PAST_WEEKS + 10) * 7, COMING_WEEKS * 7)
        }
        self.now = self.moment(today, 0, 0)
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
        return Slot(start, start.isoformat(), day, weekday, minutes)

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
    if week < 0:
        return max(1.0, 6.0 + week)
    return 6.0 if week == 0 else 4.0 / week


COMING = (("Confirmed", 45), ("", 33), ("Not Confirmed", 15), ("Cancelled", 5), ("Rescheduled", 2))
PAST = (  # now and then the desk forgets to close a visit
    ("Complete", 82),
    ("No Show", 6),
    ("Cancelled", 6),
    ("Rescheduled", 3),
    ("In Session", 1),
    ("Checked In", 1),
    ("Arrived", 1),
)
# Minutes from the start of a visit at which it gets there.
COURSE = {"Arrived": -8, "Checked In": -5, "In Room": -2, "In Session": 3}


def status(random: Random, slot: Slot, now: datetime) -> str:
    """How far the visit in a slot has come."""
    weighted = PAST if slot.start < now else COMING
    lot = random.random() * 100
    for reached, weight in weighted:
        lot -= weight
        if lot < 0:
            return reached
    return weighted[0][0]


def transitions(random: Random, slot: Slot, now: datetime, last: str) -> list[tuple[datetime, str, str]]:
    """(moment, from, to) of the statuses a visit went through to reach the last one, all before ``now``."""
    start, minutes = slot.start, timedelta(minutes=1)
    steps: list[tuple[datetime, str]] = []
    if last == "":
        return []
    if last in (*COURSE, "Complete", "No Show") and random.random() < 0.8:
        steps.append(
            (start - timedelta(days=1 + random.randrange(3), hours=random.randrange(1, 6)), "Confirmed")
        )
    if last in COURSE or last == "Complete":
        course = list(COURSE)
        for reached in course[: course.index(last) + 1 if last in COURSE else None]:
            steps.append((start + (COURSE[reached] + random.randrange(2)) * minutes, reached))
    if last == "Complete":
        steps.append((start + (slot.minutes + random.randrange(-3, 4)) * minutes, last))
    elif last == "No Show":
        steps.append((start + (slot.minutes + 5) * minutes, last))
    elif last not in COURSE:
        steps.append((start - timedelta(days=random.randrange(1, 5), hours=random.randrange(1, 6)), last))
    made, before = [], ""
    for moment, reached in steps:
        made.append((min(moment, now - minutes), before, reached))
        before = reached
    return made


def visits(random: Random, mean: float) -> int:
    """How often a patient comes in the calendar's time: some never, a few much oftener than the mean."""
    return (
        min(26, int(random.expovariate(1 / mean) + 0.5)) if mean > 1 else 1 if random.random() < mean else 0
    )
