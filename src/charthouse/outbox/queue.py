"""Queuing of messages for the worker, within the transaction that causes them."""

from django.db import transaction

from charthouse.outbox.models import Outgoing
from charthouse.outbox.tasks import deliver_one


def queue_email(
    practice: int,
    recipient: str,
    subject: str,
    text: str,
    *,
    purpose: str,
    reply_to: str = "",
    patient: int | None = None,
) -> Outgoing:
    """Queue a plain-text e-mail. ``patient``: whom it is about. Line breaks in ``subject`` become spaces, which
    prevents header injection."""
    return _save_and_defer(
        Outgoing(
            practice_id=practice,
            patient_id=patient,
            kind=Outgoing.Kind.EMAIL,
            recipient=recipient,
            subject=" ".join(subject.split())[:500],
            text=text,
            purpose=purpose,
            reply_to=reply_to,
        )
    )


def queue_sms(
    practice: int, recipient: str, text: str, *, purpose: str, patient: int | None = None
) -> Outgoing:
    """Queue a text message to a telephone number in any format. ``patient``: whom it is about."""
    return _save_and_defer(
        Outgoing(
            practice_id=practice,
            patient_id=patient,
            kind=Outgoing.Kind.SMS,
            recipient=recipient,
            text=text,
            purpose=purpose,
        )
    )


def _save_and_defer(message: Outgoing) -> Outgoing:
    with transaction.atomic():
        message.save(force_insert=True)
        deliver_one.defer(practice=message.practice_id, message=message.pk)
    return message
