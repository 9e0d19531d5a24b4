"""Creating and changing offices and their exam rooms, as the console does: no API creates them."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from charthouse.domains.practice.models import ExamRoom, Office


def save_office(office: Office, values: dict[str, Any]) -> Office:
    """Create an office, or change it; a save that changes nothing writes nothing. Raises ValidationError."""
    new = office.pk is None
    changed = [name for name, value in values.items() if new or getattr(office, name) != value]
    for name in changed:
        setattr(office, name, values[name])
    office.full_clean(exclude=["updated_at"], validate_unique=False)
    if new:
        office.save(force_insert=True)
    elif changed:
        office.save(update_fields=[*(office._meta.get_field(name).name for name in changed), "updated_at"])
    return office


def create_exam_room(office: Office, name: str, **values: Any) -> ExamRoom:
    """Create an exam room with the next index. The caller has locked the office, so that rooms that are added at the
    same time get different indexes."""
    rooms = ExamRoom.objects.filter(practice=office.practice_id, office=office.pk)
    last = rooms.aggregate(last=Max("index"))["last"] or 0
    return ExamRoom.objects.create(
        practice_id=office.practice_id, office_id=office.pk, index=last + 1, name=name, **values
    )


def add_exam_room(office: Office, name: str, online_scheduling: bool) -> ExamRoom:
    """Lock the office and create an exam room with the next index."""
    with transaction.atomic():
        locked = Office.objects.select_for_update(no_key=True).get(practice=office.practice_id, pk=office.pk)
        return create_exam_room(locked, name, online_scheduling=online_scheduling)


def save_exam_room(room: ExamRoom, name: str, online_scheduling: bool) -> None:
    """Change an exam room; a save that changes nothing writes nothing."""
    if (room.name, room.online_scheduling) != (name, online_scheduling):
        room.name, room.online_scheduling = name, online_scheduling
        room.save(update_fields=["name", "online_scheduling", "updated_at"])
