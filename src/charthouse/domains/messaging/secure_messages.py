"""Messages between patients and the practice.

A patient's message goes into the portal's queue; staff accept it into the message center, where it is answered and
read. See docs/decisions/0271-secure-messages.md.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from charthouse import clock
from charthouse.domains.messaging.models import Message, MessageNote, PatientMessage
from charthouse.domains.patients import portal_notices
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_requests import enqueue, parse_submission
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, REQUIRED, describe_missing_row
from charthouse.engine.errors import Invalid

User = get_user_model()
INCOMING_MESSAGE = "PI"  # type of a patient's message
MAX_LENGTH = 20_000  # characters

MESSAGE_KEYS: tuple[Key, ...] = (
    Key("subject", Text(min_length=1, max_length=54), REQUIRED, source=UNSTORED),
    Key("note", Text(multiline=True, min_length=10, max_length=MAX_LENGTH), REQUIRED, source=UNSTORED),
    Key(
        "dr_id",
        Reference("users"),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="The recipient; default: the patient's provider.",
    ),
    Key(
        "reply",
        Text(max_length=100),
        OPTIONAL,
        source=UNSTORED,
        doc="How the patient would like to receive a reply.",
    ),
)


def send_message(patient: Patient, given: Mapping[str, Any], proxy: int | None = None) -> PortalRequest:
    """Enqueue a message that a patient, or a ``proxy`` for the patient, wrote in the portal. ``given``: by the keys
    MESSAGE_KEYS. Raises Invalid."""
    values = parse_submission(MESSAGE_KEYS, given)
    user = values.get("dr_id")
    if user is not None and not list_recipients(patient.practice_id).filter(pk=user).exists():
        raise Invalid({"dr_id": [describe_missing_row(user)]})
    return enqueue_message(patient, values, api_user=None, proxy=proxy)


def list_recipients(practice: int) -> Any:
    """Return the users that patients may write to."""
    return User._default_manager.filter(practice=practice, is_active=True)


def enqueue_message(
    patient: Patient, values: Mapping[str, Any], api_user: int | None, proxy: int | None = None
) -> PortalRequest:
    """Put a message into the portal's queue."""
    return enqueue(
        patient,
        "secure_message",
        api_user=api_user,
        proxy_id=proxy,
        title=values["subject"],
        notes=values["note"],
        payload={"dr_id": values.get("dr_id"), "reply": values.get("reply") or ""},
    )


def accept_message(request: PortalRequest, user: int | None) -> PatientMessage:
    """Accept a patient's message into the message center of its doctor, inside the caller's transaction.

    A recipient who is no longer active is replaced by the patient's provider. ``user``: who accepts it.
    """
    practice, payload = request.practice_id, request.payload
    patient = Patient.objects.get(practice=practice, pk=request.patient_id)
    recipient = list_recipients(practice).filter(pk=payload.get("dr_id") or 0).first()
    doctor = (
        recipient.doctor_id
        if recipient and recipient.role == "doctor" and recipient.doctor_id
        else patient.doctor_id
    )
    owner = recipient or list_recipients(practice).filter(role="doctor", doctor_id=doctor).first()
    message = Message.objects.create(
        practice_id=practice,
        doctor_id=doctor,
        patient=patient,
        owner=owner,
        responsible_user_id=user,
        title=request.title,
        type=INCOMING_MESSAGE,
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
        reply=payload.get("reply") or "",
        request=request,
    )


def answer(message: Message, text: str, user: int) -> PatientMessage:
    """Answer a patient's message, which also marks it as read, and tell the patient by e-mail. ``user``: who answers.
    Raises Invalid."""
    values = parse_submission(
        (Key("text", Text(multiline=True, max_length=MAX_LENGTH), REQUIRED, source=UNSTORED),), {"text": text}
    )
    original = PatientMessage.objects.filter(
        practice=message.practice_id, message=message.pk, sent_by="pt", archived=False
    ).first()
    if original is None or message.archived:
        raise Invalid({"text": ["This is no message of a patient."]})
    mark_read(message.practice_id, message.pk)
    portal_notices.queue_notice(original.patient, "message")
    return PatientMessage.objects.create(
        practice_id=message.practice_id,
        doctor_id=message.doctor_id,
        patient_id=original.patient_id,
        message=message,
        subject=f"Re: {original.subject}"[:500],
        body=values["text"],
        user_id=user,
    )


def mark_read(practice: int, message: int) -> None:
    """Mark a message of the message center as read by the practice."""
    _set_read(Message.objects.filter(practice=practice, pk=message))
    _set_read(PatientMessage.objects.filter(practice=practice, message=message, sent_by="pt"))


def list_correspondence(patient: Patient) -> Any:
    """Return the messages between patient and practice, oldest first, without those in the queue."""
    rows = PatientMessage.objects.filter(practice=patient.practice_id, patient=patient.pk, archived=False)
    return rows.order_by("pk")


def mark_read_by_patient(patient: Patient, row_id: int) -> None:
    """Mark a message of the practice as read by the patient."""
    _set_read(list_correspondence(patient).filter(pk=row_id, sent_by="dr").order_by())


def _set_read(rows: "QuerySet[Any]") -> None:
    rows.filter(read=False).update(read=True, updated_at=clock.now())
