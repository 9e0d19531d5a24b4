"""The doctor and dates of a report, and its definition of visits."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, QuerySet

from charthouse import clock
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment


@dataclass(frozen=True, eq=False)
class Period:
    """A range of dates in a doctor's time zone, both inclusive. ``start`` and ``end``: the times at which it begins and
    ends (exclusive)."""

    practice: int
    doctor: int
    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, self.zone)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone)

    def doctor_conditions(self, **conditions: Any) -> dict[str, Any]:
        """Return conditions for rows of the doctor that are not archived."""
        return {"practice": self.practice, "doctor": self.doctor, "archived": False, **conditions}

    def filter_time(self, path: str) -> Q:
        """Filter rows whose time column ``path`` lies in the period."""
        return Q(**{f"{path}__gte": self.start, f"{path}__lt": self.end})

    def filter_day(self, path: str) -> Q:
        """Filter rows whose date column ``path`` lies in the period."""
        return Q(**{f"{path}__gte": self.first, f"{path}__lte": self.last})

    def visits(self) -> "QuerySet[Appointment]":
        """Query the doctor's completed visits in the period: they have begun, and were not canceled, missed or
        rescheduled."""
        return self.all_visits().filter(self.filter_time("scheduled_time"))

    def all_visits(self) -> "QuerySet[Appointment]":
        """Query the doctor's completed visits at any time."""
        took_place = Q(
            **self.doctor_conditions(patient__isnull=False, is_virtual_base=False, patient__archived=False)
        )
        return Appointment.objects.filter(took_place, scheduled_time__lte=clock.now()).exclude(
            status__in=FREEING_STATUSES
        )

    def new_patients(self) -> "QuerySet[Appointment]":
        """Query first visits to the doctor that lie in the period, one per patient."""
        earlier = self.all_visits().filter(patient=OuterRef("patient")).order_by("scheduled_time", "id")
        return self.visits().filter(id=earlier.values("id")[:1])


def resolve_period(practice: int, doctor: int, first: date | None, last: date | None) -> Period:
    """Return the period; the default is the current year up to today, in the doctor's time zone."""
    zone = ZoneInfo(Doctor.objects.get(practice=practice, pk=doctor).timezone)
    today = clock.now().astimezone(zone).date()
    return Period(practice, doctor, first or today.replace(month=1, day=1), last or today, zone)
