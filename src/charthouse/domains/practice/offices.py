"""Offices and their rooms, as the practice sets them up. No API makes them; the console does."""

from typing import Any

from django.db import transaction

from charthouse.domains.practice import hooks
from charthouse.domains.practice.models import ExamRoom, Office


def save_office(office: Office, values: dict[str, Any]) -> Office:
    """Make an office, or give it other values; a save that changes nothing writes nothing. Raises ValidationError."""
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


def add_room(office: Office, name: str, online_scheduling: bool) -> ExamRoom:
    """One more room under the next index, however many are added at once."""
    with transaction.atomic():
        locked = Office.objects.select_for_update(no_key=True).get(practice=office.practice_id, pk=office.pk)
        return hooks.add_room(locked, name, online_scheduling=online_scheduling)


def save_room(room: ExamRoom, name: str, online_scheduling: bool) -> None:
    if (room.name, room.online_scheduling) != (name, online_scheduling):
        room.name, room.online_scheduling = name, online_scheduling
        room.save(update_fields=["name", "online_scheduling", "updated_at"])
