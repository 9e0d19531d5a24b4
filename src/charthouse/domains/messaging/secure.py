"""Messages between patients and the practice: written by a patient into the portal's queue, taken into the message
center, answered, read. docs/decisions/0271-secure-messages.md"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model

from charthouse.domains.messaging.models import Message, MessageNote, PatientMessage
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.queue import PortalRequest, enqueue
from charthouse.domains.patients.queueing import checked
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, REQUIRED, describe_missing_row
from charthouse.engine.errors import Invalid

User = get_user_model()
INCOMING = "PI"  # type of such a message in the message center (reference drchrono/enums.yaml)
LONGEST = 20_000  # characters

WRITTEN: tuple[Key, ...] = (
    Key("subject", Text(min_length=1, max_length=54), REQUIRED, source=UNSTORED),
    Key("note", Text(min_length=10, max_length=LONGEST), REQUIRED, source=UNSTORED),
    Key(
        "dr_id",
        Reference("users"),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="Whom it is for; the patient's provider where nobody is named.",
    ),
    Key(
        "reply",
        Text(max_length=100),
        OPTIONAL,
        source=UNSTORED,
        doc="How the patient would like to be answered.",
    ),
)


def write(patient: Patient, given: Mapping[str, Any]) -> PortalRequest:
    """Send what a patient wrote in the portal, by the keys WRITTEN, into the queue. Raises Invalid."""
    values = checked(WRITTEN, given)
    user = values.get("dr_id")
    if user is not None and not addressees(patient.practice_id).filter(pk=user).exists():
        raise Invalid({"dr_id": [describe_missing_row(user)]})
    return queue(patient, values, api_user=None)


def addressees(practice: int) -> Any:
    """Whom patients can write to."""
    return User._default_manager.filter(practice=practice, is_active=True)


def queue(patient: Patient, values: Mapping[str, Any], api_user: int | None) -> PortalRequest:
    return enqueue(
        patient,
        "secure_message",
        api_user=api_user,
        title=values["subject"],
        notes=values["note"],
        payload={"dr_id": values.get("dr_id"), "reply": values.get("reply") or ""},
    )


def accept(request: PortalRequest, user: int | None) -> PatientMessage:
    """Take a patient's message into the message center of the doctor whom it is for, inside the caller's transaction.
    Somebody who has left since is not written to: the patient's provider is."""
    practice, said = request.practice_id, request.payload
    patient = Patient.objects.get(practice=practice, pk=request.patient_id)
    wanted = addressees(practice).filter(pk=said.get("dr_id") or 0).first()
    doctor = (
        wanted.doctor_id if wanted and wanted.role == "doctor" and wanted.doctor_id else patient.doctor_id
    )
    owner = wanted or addressees(practice).filter(role="doctor", doctor_id=doctor).first()
    message = Message.objects.create(
        practice_id=practice,
        doctor_id=doctor,
        patient=patient,
        owner=owner,
        responsible_user_id=user,
        title=request.title,
        type=INCOMING,
        received_at=request.created_at,
    )
    MessageNote.objects.create(practice_id=practice, message=message, text=request.notes)
    return PatientMessage.objects.create(
        practice_id=practice,
        doctor_id=doctor,
        patient=patient,
        message=message,
        subject=request.title,
        body=request.notes,
        sent_by="pt",
        user=owner,
        reply=said.get("reply") or "",
        request=request,
    )


def answer(message: Message, text: str, user: int) -> PatientMessage:
    """Answer a patient's message, which counts as read from then on. ``user``: who does. Raises Invalid."""
    values = checked((Key("text", Text(max_length=LONGEST), REQUIRED, source=UNSTORED),), {"text": text})
    asked = PatientMessage.objects.filter(
        practice=message.practice_id, message=message.pk, sent_by="pt", archived=False
    ).first()
    if asked is None or message.archived:
        raise Invalid({"text": ["This is no message of a patient."]})
    see(message)
    return PatientMessage.objects.create(
        practice_id=message.practice_id,
        doctor_id=message.doctor_id,
        patient_id=asked.patient_id,
        message=message,
        subject=f"Re: {asked.subject}"[:500],
        body=values["text"],
        user_id=user,
    )


def see(message: Message) -> None:
    """Somebody of the practice has read a message of the message center."""
    if not message.read:
        message.read = True
        message.save(update_fields=["read", "updated_at"])
    for row in PatientMessage.objects.filter(
        practice=message.practice_id, message=message.pk, sent_by="pt", read=False
    ):
        _mark(row)


def correspondence(patient: Patient) -> Any:
    """What the patient and the practice have written to each other, oldest first; what waits in the queue apart."""
    rows = PatientMessage.objects.filter(practice=patient.practice_id, patient=patient.pk, archived=False)
    return rows.order_by("pk")


def seen_by_patient(patient: Patient, row_id: int) -> None:
    """The patient has read a message of the practice."""
    for row in correspondence(patient).filter(pk=row_id, sent_by="dr", read=False):
        _mark(row)


def _mark(row: PatientMessage) -> None:
    row.read = True
    row.save(update_fields=["read", "updated_at"])
