"""Hooks of messages and calls: authors, attachments and the time of a call."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from charthouse.domains.clinical.hooks import check_appointment_of_patient
from charthouse.domains.messaging.models import MessageNote, PatientMessageAttachment
from charthouse.domains.patients import portal_notices
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("message_notes",))
def sign_notes(change: Change, row: Any) -> None:
    """Set the caller as author of the notes that were written with the message."""
    if change.values.get("message_notes"):
        notes = MessageNote.objects.filter(practice=row.practice_id, message=row.pk, created_by=None)
        notes.update(created_by=change.actor.user)


@hook(keys=("attachments",))
def set_attachment_doctor(change: Change, row: Any) -> None:
    """Set the message's doctor on attachments without a doctor."""
    if change.values.get("attachments"):
        attached = PatientMessageAttachment.objects.filter(practice=row.practice_id, patient_message=row.pk)
        attached.filter(doctor=None).update(doctor=row.doctor_id)


@hook(keys=("patient",))
def notify_patient(change: Change, row: Any) -> None:
    """Tell the patient by e-mail that a new message waits in the portal."""
    if change.operation == "create":
        portal_notices.queue_notice(row.patient, "message")


@hook(keys=("appointment", "doctor", "patient", "scheduled_time"))
def complete_call(change: Change) -> None:
    """Set the author and the time of a call.

    The time is the appointment's, else what was given, as the wall clock of the doctor's zone; a time that
    occurs twice means the first (docs/decisions/0031-changing-clocks.md).
    """
    change.set_columns(author_id=change.actor.user)
    check_appointment_of_patient(change)
    practice, appointment = change.actor.practice, change.get("appointment")
    if change.errors:
        return
    if appointment is not None:
        rows = Appointment.objects.filter(practice=practice, pk=appointment)
        change.set_columns(scheduled_time=rows.values_list("scheduled_time", flat=True).get())
    elif (wall := change.values.get("scheduled_time")) is not None:
        zone = Doctor.objects.values_list("timezone", flat=True).get(
            practice=practice, pk=change.get("doctor")
        )
        change.set_columns(scheduled_time=_localize(change, wall, zone))


def _localize(change: Change, wall: datetime, zone: str) -> datetime | None:
    """Return a wall clock time of a zone in UTC; None, with an error, where it is out of range."""
    try:
        return wall.replace(tzinfo=ZoneInfo(zone), microsecond=0).astimezone(UTC)
    except OverflowError:
        change.add_error("scheduled_time", "Enter a valid time.")
        return None
