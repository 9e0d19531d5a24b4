"""Lab reports in the message center (docs/decisions/0142-what-labs-set-off.md)."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from charthouse import clock
from charthouse.domains.labs.models import LabDocument, LabResult
from charthouse.domains.messaging.models import Message
from charthouse.domains.practice.models import Doctor
from charthouse.identity.models import User

INCOMING_LABS = "IL"


def tell_doctor(sender: Any, result: LabResult, **_: Any) -> None:
    """A report and a result that come on one day, by the doctor's clock, make one message with the report."""
    practice = result.practice_id
    rows = LabDocument.objects.select_related("lab_order__doctor").select_for_update(
        of=("self",), no_key=True
    )
    report = rows.get(practice=practice, pk=result.document_id)  # of results posted at once, one makes it
    order = report.lab_order
    if _day(report.created_at, order.doctor) != _day(result.created_at, order.doctor):
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


def _day(moment: datetime, doctor: Doctor) -> date:
    return moment.astimezone(ZoneInfo(doctor.timezone)).date()
