"""Writing a message that the worker will send. Call it within the transaction that is the reason for it."""

from django.db import transaction

from charthouse.outbox.models import Outgoing
from charthouse.outbox.tasks import deliver_one


def email(
    practice: int, recipient: str, subject: str, text: str, *, purpose: str, reply_to: str = ""
) -> Outgoing:
    """Queue an e-mail of plain text. Line breaks in ``subject`` become spaces: no header can be slipped in."""
    return _queue(
        Outgoing(
            practice_id=practice,
            kind=Outgoing.Kind.EMAIL,
            recipient=recipient,
            subject=" ".join(subject.split())[:500],
            text=text,
            purpose=purpose,
            reply_to=reply_to,
        )
    )


def sms(practice: int, recipient: str, text: str, *, purpose: str) -> Outgoing:
    """Queue a text message to a telephone number, as the record has it."""
    return _queue(
        Outgoing(
            practice_id=practice, kind=Outgoing.Kind.SMS, recipient=recipient, text=text, purpose=purpose
        )
    )


def _queue(message: Outgoing) -> Outgoing:
    with transaction.atomic():
        message.save(force_insert=True)
        deliver_one.defer(practice=message.practice_id, message=message.pk)
    return message
