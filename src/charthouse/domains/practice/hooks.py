"""Hooks of the practice's declarations: time slots, exam rooms and work days."""

from typing import Any

from charthouse.domains.practice import offices
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

TIMESLOT_MINUTES = (0, 15, 30, 45)


@hook(keys=("online_timeslots",))
def check_timeslot_minutes(change: Change) -> None:
    """Refuse online time slots that don't begin at a quarter of an hour."""
    wrong = {
        str(position): {"minute": ["Must be 0, 15, 30 or 45."]}
        for position, slot in enumerate(change.values.get("online_timeslots") or ())
        if slot["minute"] not in TIMESLOT_MINUTES
    }
    if wrong:
        change.errors["online_timeslots"] = wrong


def add_exam_room(call: Call) -> None:
    """Add an exam room to the office of a call, whose row the engine has locked."""
    offices.create_exam_room(
        call.row, call.values["name"], online_scheduling=bool(call.values.get("online_scheduling"))
    )


@hook(keys=("work_days",))
def number_work_days(change: Change) -> None:
    """Number the days and hours of a schedule. Refuse a weekday that is given twice, and hours that do not end after
    they begin."""
    days = change.values.get("work_days") or ()
    seen: set[str] = set()
    wrong: dict[str, Any] = {}
    for at, day in enumerate(days):
        weekday = day["iso_weekday"]
        if weekday in seen:
            wrong[str(at)] = {"iso_weekday": ["Each weekday may be given once."]}
        seen.add(weekday)
        day["id"] = int(weekday)
        day["work_hours"] = day.get("work_hours") or []
        for position, hours in enumerate(day["work_hours"], 1):
            hours["id"] = int(weekday) * 100 + position
            if hours["end_time"] <= hours["start_time"]:
                wrong[str(at)] = {"work_hours": ["Hours end after they begin."]}
    if wrong:
        change.errors["work_days"] = wrong
