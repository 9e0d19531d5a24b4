"""Writes to the practice with more than one step."""

from typing import Any

from django.db.models import Max

from charthouse.domains.practice.models import ExamRoom, Office
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

QUARTERS = (0, 15, 30, 45)


@hook(keys=("online_timeslots",))
def quarters_only(change: Change) -> None:
    """Online time slots begin at a quarter of an hour."""
    wrong = {
        str(position): {"minute": ["Must be 0, 15, 30 or 45."]}
        for position, slot in enumerate(change.values.get("online_timeslots") or ())
        if slot["minute"] not in QUARTERS
    }
    if wrong:
        change.errors["online_timeslots"] = wrong


def add_exam_room(call: Call) -> None:
    """The office is locked, so that rooms added at the same time get different indexes."""
    add_room(call.row, call.values["name"], online_scheduling=bool(call.values.get("online_scheduling")))


def add_room(office: Office, name: str, **values: Any) -> ExamRoom:
    """One more exam room, under the next index."""
    rooms = ExamRoom.objects.filter(practice=office.practice_id, office=office.pk)
    last = rooms.aggregate(last=Max("index"))["last"] or 0
    return ExamRoom.objects.create(
        practice_id=office.practice_id, office_id=office.pk, index=last + 1, name=name, **values
    )


@hook(keys=("work_days",))
def number_work_days(change: Change) -> None:
    """Each weekday once, hours that end after they begin; days and hours get ids within their schedule."""
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
