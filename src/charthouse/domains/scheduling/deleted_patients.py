"""Visits to come of patients who are deleted and restored."""

from typing import Any

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import booking, waiting_list
from charthouse.domains.scheduling.booking import Booking
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment, StatusTransition
from charthouse.engine.errors import Conflict

CANCELLED = "Cancelled"
DELETED_REASON = "The patient was deleted."
RESTORED_REASON = "The patient was restored."


def cancel_visits(patient: Patient, **signal: Any) -> None:
    """Cancel the visits to come of a patient who is about to be deleted. Their status transitions say why."""
    coming = Appointment.objects.select_for_update(of=("self",), no_key=True).filter(
        practice=patient.practice_id,
        patient=patient.pk,
        archived=False,
        is_virtual_base=False,
        scheduled_time__gt=clock.now(),
    )
    for visit in coming.exclude(status__in=FREEING_STATUSES).order_by("pk"):
        _set_status(visit, CANCELLED, DELETED_REASON)
        waiting_list.add_freed_slot(visit)


def reinstate_visits(patient: Patient, **signal: Any) -> None:
    """Give the visits that were cancelled with a patient their status of before, where they are still to come and
    their time is free; the others stay cancelled."""
    coming = Appointment.objects.filter(
        practice=patient.practice_id,
        patient=patient.pk,
        archived=False,
        status=CANCELLED,
        scheduled_time__gt=clock.now(),
    )
    for visit in coming.order_by("doctor_id", "office_id", "pk"):
        last = (
            StatusTransition.objects.filter(practice=visit.practice_id, appointment=visit.pk, archived=False)
            .order_by("-changed_at", "-pk")
            .first()
        )
        if last is not None and last.reason == DELETED_REASON and _is_free(visit, last.from_status):
            _set_status(visit, last.from_status, RESTORED_REASON)


def _is_free(visit: Appointment, status: str) -> bool:
    """Lock the visit's doctor and office, and return whether its time can be booked."""
    booking.lock_slot(visit.practice_id, visit.doctor_id, visit.office_id, visit.exam_room, [])
    if visit.allow_overlapping:
        return True
    visit.status = status
    try:
        booking.refuse_overlap(visit.practice_id, Booking.of(visit), [visit.scheduled_time], visit.pk)
    except Conflict:
        return False
    finally:
        visit.status = CANCELLED
    return True


def _set_status(visit: Appointment, status: str, reason: str) -> None:
    before, visit.status = visit.status, status
    visit.save(update_fields=["status", "updated_at"])
    StatusTransition.objects.create(
        practice_id=visit.practice_id,
        appointment_id=visit.pk,
        from_status=before,
        to_status=status,
        reason=reason,
    )
