"""Messages about laboratory reports (docs/decisions/0142-lab-signals.md)."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from charthouse import clock
from charthouse.domains.labs.models import LabDocument, LabResult
from charthouse.domains.messaging.models import Message
from charthouse.domains.practice.models import Doctor
from charthouse.identity.models import User

INCOMING_LABS = "IL"


def notify_doctor(sender: Any, result: LabResult, **_: Any) -> None:
    """Create a message for a report and its result, if both were posted on one day in the doctor's zone.

    One message per report: of results that are posted at once, the first creates it.
    """
    practice = result.practice_id
    rows = LabDocument.objects.select_related("lab_order__doctor").select_for_update(
        of=("self",), no_key=True
    )
    report = rows.get(
        practice=practice, pk=result.document_id
    )  # one of concurrent results creates the message
    order = report.lab_order
    if _localize_day(report.created_at, order.doctor) != _localize_day(result.created_at, order.doctor):
        return
    about = {"practice_id": practice, "doctor_id": order.doctor_id, "attachment_id": report.document_id}
    if Message.objects.filter(type=INCOMING_LABS, **about).exists():
        return
    owner = User.objects.filter(
        practice=practice, role=User.Role.DOCTOR, doctor_id=order.doctor_id, is_active=True
    )
    Message.objects.create(
        **about,
        patient_id=order.patient_id,
        owner_id=owner.order_by("pk").values_list("pk", flat=True).first(),
        type=INCOMING_LABS,
        title=f"Lab results: {result.lab_test.name or 'order'}"[:500],
        received_at=clock.now(),
    )


def _localize_day(moment: datetime, doctor: Doctor) -> date:
    return moment.astimezone(ZoneInfo(doctor.timezone)).date()
