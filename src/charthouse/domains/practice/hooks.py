"""Hooks of the practice's declarations: time slots, exam rooms and work days."""

from charthouse.domains.practice import offices
from charthouse.domains.practice.work_schedules import number_days
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

TIMESLOT_MINUTES = (0, 15, 30, 45)


@hook(keys=("online_timeslots",))
def check_timeslot_minutes(change: Change) -> None:
    """Refuse online time slots that don't begin at a quarter of an hour."""
    for position, slot in enumerate(change.values.get("online_timeslots") or ()):
        if slot["minute"] not in TIMESLOT_MINUTES:
            change.add_member_error(("online_timeslots", str(position), "minute"), "Must be 0, 15, 30 or 45.")


def add_exam_room(call: Call) -> None:
    """Add an exam room to the office of a call, whose row the engine has locked."""
    offices.create_exam_room(
        call.row, call.values["name"], online_scheduling=bool(call.values.get("online_scheduling"))
    )


@hook(keys=("work_days",))
def number_work_days(change: Change) -> None:
    """Number the days and hours of a schedule. Refuse a weekday that is given twice, and hours that do not end after
    they begin."""
    seen: set[str] = set()
    days = change.values.get("work_days") or ()
    for at, day in enumerate(days):
        weekday, work_hours = day["iso_weekday"], day.get("work_hours") or []
        if weekday in seen:
            change.add_member_error(("work_days", str(at), "iso_weekday"), "Each weekday may be given once.")
        seen.add(weekday)
        if any(hours["end_time"] <= hours["start_time"] for hours in work_hours):
            change.add_member_error(("work_days", str(at), "work_hours"), "Hours end after they begin.")
    if days:
        change.set("work_days", number_days(days))
