"""Writes to the practice with more than one step."""

from typing import Any

from django.db.models import Max

from charthouse.domains.practice.models import ExamRoom, Office
from charthouse.resource.change import Change

QUARTERS = (0, 15, 30, 45)


def quarters_only(change: Change) -> None:
    """Online time slots begin at a quarter of an hour."""
    wrong = {
        str(position): {"minute": ["Must be 0, 15, 30 or 45."]}
        for position, slot in enumerate(change.values.get("online_timeslots") or ())
        if slot["minute"] not in QUARTERS
    }
    if wrong:
        change.errors["online_timeslots"] = wrong


def add_exam_room(change: Change, office: Office) -> None:
    """The office is locked, so that rooms added at the same time get different indexes."""
    add_room(office, change.values["name"], online_scheduling=bool(change.values.get("online_scheduling")))


def add_room(office: Office, name: str, **values: Any) -> ExamRoom:
    """One more exam room, under the next index."""
    rooms = ExamRoom.objects.filter(practice=office.practice_id, office=office.pk)
    last = rooms.aggregate(last=Max("index"))["last"] or 0
    return ExamRoom.objects.create(
        practice_id=office.practice_id, office_id=office.pk, index=last + 1, name=name, **values
    )
