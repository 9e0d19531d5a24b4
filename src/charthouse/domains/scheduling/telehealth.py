"""Video visits of appointments. Hooks of the declaration."""

from typing import Any

from charthouse.domains.scheduling.models import Appointment, TelehealthEvent
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("appointment",))
def of_a_patient(change: Change) -> None:
    """A break has no video visit."""
    appointment = change.values.get("appointment")
    if appointment is None:
        return
    breaks = Appointment.objects.filter(practice=change.actor.practice, pk=appointment, patient=None)
    if breaks.exists():
        change.add_error("appointment", "A break has no video visit.")


@hook()
def log(change: Change, row: Any) -> None:
    """Note that a visit was set up or changed."""
    if change.row is not None and not change.old_values:
        return
    kind = "Created" if change.row is None else "Changed"
    TelehealthEvent.objects.create(practice_id=row.practice_id, visit_id=row.pk, event_type=kind)
