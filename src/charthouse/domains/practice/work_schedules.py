"""The hours that doctors work: those of a new doctor, and setting them by weekday."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction

from charthouse.domains.practice.models import Doctor, DoctorWorkSchedule, Office

Span = tuple[str, str]  # beginning and end, hh:mm; an end may be 24:00

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORK_DAYS = 5  # of a new doctor, from Monday
DEFAULT_HOURS = (9, 17)  # where the practice has no office yet


def suggest_hours(practice: int, *, using: str = DEFAULT_DB_ALIAS) -> dict[int, list[Span]]:
    """Suggest hours by weekday (1 Monday to 7 Sunday): Monday to Friday, while the practice's first office is open."""
    offices = Office.objects.using(using).filter(practice=practice, archived=False).order_by("pk")
    opens, closes = offices.values_list("start_hour", "end_hour").first() or DEFAULT_HOURS
    span = (f"{opens:02}:00", f"{closes:02}:00")
    return {weekday: [span] if weekday <= WORK_DAYS else [] for weekday in range(1, 8)}


def create_default_schedule(doctor: Doctor, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Create the schedule of a new doctor, with the hours that are suggested."""
    assert doctor.practice_id is not None
    hours = suggest_hours(doctor.practice_id, using=using)
    days = number_days(make_day(weekday, spans) for weekday, spans in hours.items() if spans)
    DoctorWorkSchedule.objects.using(using).create(
        practice_id=doctor.practice_id, doctor_id=doctor.pk, work_days=days
    )


def make_day(weekday: int, spans: Iterable[Span]) -> dict[str, Any]:
    """Make the entry of a weekday (1 Monday to 7 Sunday) in ``work_days``, not numbered yet."""
    hours = [{"start_time": begins, "end_time": ends, "enabled": True} for begins, ends in spans]
    return {"iso_weekday": str(weekday), "enabled": True, "work_hours": hours}


def number_days(days: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Number the days of a schedule by their weekday, and the hours of each."""
    return [
        {
            **day,
            "id": int(day["iso_weekday"]),
            "work_hours": [
                {**hours, "id": int(day["iso_weekday"]) * 100 + position}
                for position, hours in enumerate(day.get("work_hours") or (), 1)
            ],
        }
        for day in days
    ]


def list_hours(schedule: DoctorWorkSchedule) -> dict[int, list[Span]]:
    """List the hours at work by weekday; none of days that are switched off."""
    found: dict[int, list[Span]] = {weekday: [] for weekday in range(1, 8)}
    for day in schedule.work_days:
        if day.get("enabled", True):
            found[int(day["iso_weekday"])] = [
                (hours["start_time"][:5], hours["end_time"][:5])
                for hours in day.get("work_hours") or ()
                if hours.get("enabled", True)
            ]
    return found


def find_schedule(practice: int, doctor: int) -> DoctorWorkSchedule | None:
    """Return the schedule of a doctor, None where there is none: the doctor is at work whenever an office is open."""
    return DoctorWorkSchedule.objects.filter(practice=practice, doctor=doctor, archived=False).first()


def set_hours(practice: int, doctor: int, hours: Mapping[int, Sequence[Span]]) -> None:
    """Set the hours of these weekdays. Days whose hours stay the same keep what is switched off of them."""
    with transaction.atomic():
        Doctor.objects.select_for_update(no_key=True).get(practice=practice, pk=doctor)
        schedule = find_schedule(practice, doctor) or DoctorWorkSchedule(
            practice_id=practice, doctor_id=doctor
        )
        before = list_hours(schedule)
        days = {int(day["iso_weekday"]): day for day in schedule.work_days}
        for weekday, spans in hours.items():
            if list(spans) != before[weekday]:
                days[weekday] = make_day(weekday, spans)
        schedule.work_days = number_days(days[weekday] for weekday in sorted(days))
        schedule.save()
