"""What of health maintenance is due for a patient: from trackers, the patient's readings and the date.

A tracker's frequency is free text (docs/decisions/0233-*.md); what of it reads as a period is computed with, and of
others nothing is claimed.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any

from django.db.models import OuterRef, Subquery

from charthouse.domains.clinical.health_maintenance import SPECIFIC_PATIENTS, HealthReading, HealthTracker
from charthouse.domains.patients.models import Patient

MAX_TRACKERS = 200
SOON = timedelta(days=30)  # what is due within it is listed as due soon
_PERIOD = re.compile(
    r"(?:(?:once )?(?:every|each|per|a) )?(other )?(\d{1,3}|two|three|four|five|six|ten)? ?"
    r"(day|week|month|year|yr|mo|wk|season)s?"
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_WORDS = {
    "daily": (1, "day"), "weekly": (1, "week"), "monthly": (1, "month"), "quarterly": (3, "month"),
    "semiannually": (6, "month"), "twice a year": (6, "month"), "yearly": (1, "year"), "annual": (1, "year"),
    "annually": (1, "year"), "once a year": (1, "year"), "biennially": (2, "year"),
}  # fmt: skip
_UNITS = {"yr": "year", "mo": "month", "wk": "week", "season": "year"}
_ONCE = ("once", "one time", "once in a lifetime", "one-time")


class State(Enum):
    """Whether care is due. UNKNOWN: the tracker's frequency is no period."""

    OVERDUE = "Overdue"
    NEVER = "No record"
    SOON = "Due soon"
    UP_TO_DATE = "Up to date"
    UNKNOWN = "See frequency"


@dataclass(frozen=True)
class Period:
    """A period: ``count`` of ``unit`` day, week, month or year; ``count`` 0: once."""

    count: int
    unit: str

    def add_to(self, day: date) -> date | None:
        """Return the day on which care is due again after ``day``; None: never."""
        if self.count == 0:
            return None
        if self.unit in ("day", "week"):
            return day + timedelta(days=self.count * (7 if self.unit == "week" else 1))
        months = day.year * 12 + day.month - 1 + self.count * (12 if self.unit == "year" else 1)
        year, month = divmod(months, 12)
        if year > date.max.year:
            return None
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class DueCare:
    """Care of a tracker as it stands for a patient. ``last``: when it was done; ``due``: None where it is not known."""

    tracker: HealthTracker
    last: date | None
    due: date | None
    state: State

    @property
    def is_due(self) -> bool:
        return self.state in (State.OVERDUE, State.NEVER, State.SOON)


def parse_frequency(text: str) -> Period | None:
    """Parse a frequency such as "Every 2 years", "yearly" or "once"; None for what is no period."""
    words = " ".join(text.lower().rstrip(". ").split())
    if words in _ONCE:
        return Period(0, "year")
    if words in _WORDS:
        return Period(*_WORDS[words])
    found = _PERIOD.fullmatch(words)
    if found is None:
        return None
    count = _NUMBERS.get(found[2], 0) or int(found[2] or 1)
    unit = _UNITS.get(found[3], found[3])
    return Period(count * (2 if found[1] else 1), unit) if count else None


def list_care(patient: Patient, today: date) -> list[DueCare]:
    """List the care of all trackers that apply to a patient, what is due first. One query."""
    readings = HealthReading.objects.filter(
        practice=patient.practice_id, patient=patient.pk, tracker=OuterRef("pk"), archived=False
    )
    trackers = (
        HealthTracker.objects.filter(practice=patient.practice_id, archived=False)
        .annotate(last=Subquery(readings.order_by("-date").values("date")[:1]))
        .order_by("name", "pk")[:MAX_TRACKERS]
    )
    found = [_judge(one, today) for one in trackers if _applies(one, patient, today)]
    order = list(State)
    return sorted(found, key=lambda one: (order.index(one.state), one.due or today))


def _applies(tracker: Any, patient: Patient, today: date) -> bool:
    """Whether a tracker is for the patient; one for chosen patients is for those who have had it."""
    if patient.is_deceased:
        return False
    if tracker.applies_to == SPECIFIC_PATIENTS:
        return bool(tracker.last)
    if tracker.sex and tracker.sex != patient.gender:
        return False
    if tracker.start_age is None and tracker.end_age is None:
        return True
    born = patient.date_of_birth
    if born is None:
        return False
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return (tracker.start_age or 0) <= age <= (tracker.end_age or 200)


def _judge(tracker: Any, today: date) -> DueCare:
    last: date | None = tracker.last
    period = parse_frequency(tracker.frequency)
    if period is None:
        return DueCare(tracker, last, None, State.UNKNOWN)
    if last is None:
        return DueCare(tracker, None, None, State.NEVER)
    due = period.add_to(last)
    if due is None or due > today + SOON:
        return DueCare(tracker, last, due, State.UP_TO_DATE)
    return DueCare(tracker, last, due, State.OVERDUE if due <= today else State.SOON)
