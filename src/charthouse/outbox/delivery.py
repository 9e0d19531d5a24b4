"""Delivery of queued messages, at least once.

A message is claimed by advancing ``next_try`` in a transaction of its own, before it is handed over: no second worker
claims it in the meantime, and when this one is killed, the message is claimed again after the lease. So a receiver may
rarely get a message twice.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from charthouse import clock
from charthouse.identity import incarnations, tenancy
from charthouse.outbox.models import Outgoing
from charthouse.outbox.transports import DeliveryError, get_transport

LEASE = timedelta(minutes=5)
# Delays after each failure; after the last one, the message has failed.
RETRIES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


def deliver_message(practice: int, message: int) -> bool:
    """Send this message if it is due. Return whether it was sent."""
    with tenancy.within(practice):
        taken = _claim(practice, message)
        return taken is not None and _send(taken)


def deliver_due_messages() -> int:
    """Send all due messages of all practices, none from a restored copy. Return the number sent."""
    if not incarnations.may_send():
        return 0
    sent = 0
    for practice, message in _list_due():
        sent += deliver_message(practice, message)
    return sent


def _list_due() -> list[tuple[int, int]]:
    """List (practice, message id) of up to a thousand due messages, longest waiting first."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, message from post_due(%s)", [clock.now()])
        return list(cursor.fetchall())


def _claim(practice: int, message: int) -> Outgoing | None:
    now = clock.now()
    with transaction.atomic():
        waiting = Outgoing.objects.select_for_update(skip_locked=True).filter(
            practice=practice, pk=message, sent_at=None, failed_at=None, next_try__lte=now, archived=False
        )
        taken = waiting.first()
        if taken is None or get_transport(taken.kind) is None or not incarnations.may_send():
            return None
        taken.attempts += 1
        taken.next_try = now + LEASE
        taken.save(update_fields=["attempts", "next_try", "updated_at"])
    return taken


def _send(message: Outgoing) -> bool:
    carrier = get_transport(message.kind)
    try:
        if carrier is None:
            return False
        carrier.send(message)
    except DeliveryError as error:
        return _record_failure(message, str(error))
    message.sent_at, message.error = clock.now(), ""
    if not settings.SANDBOX:
        message.subject = message.text = ""
    message.save(update_fields=["sent_at", "error", "subject", "text", "updated_at"])
    return True


def _record_failure(message: Outgoing, error: str) -> bool:
    now = clock.now()
    message.error = error[:100]
    if message.attempts > len(RETRIES):
        message.failed_at = now
    else:
        message.next_try = now + RETRIES[message.attempts - 1]
    message.save(update_fields=["error", "failed_at", "next_try", "updated_at"])
    return False
