"""Taking messages that wait and handing them over.

A message is taken by moving ``next_try`` on, in a transaction of its own, before it is handed over: no second worker
takes it meanwhile, and when this one is killed it is taken again after the lease. A receiver may so, rarely, get a
message twice, but never none.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from charthouse.outbox.transports import Undeliverable, transport

LEASE = timedelta(minutes=5)
# From the first failure on; after the last, nobody tries any more.
RETRIES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


def one(practice: int, message: int) -> bool:
    """Send this message if it waits and its time has come. Whether it was sent."""
    with tenancy.within(practice):
        taken = _take(practice, message)
        return taken is not None and _send(taken)


def due() -> int:
    """Send every message of every practice whose time has come; how many were sent."""
    sent = 0
    for practice, message in _waiting():
        sent += one(practice, message)
    return sent


def _waiting() -> list[tuple[int, int]]:
    """Practice and id of up to a thousand messages that wait, the longest waiting first."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, message from post_due(%s)", [clock.now()])
        return list(cursor.fetchall())


def _take(practice: int, message: int) -> Outgoing | None:
    now = clock.now()
    with transaction.atomic():
        waiting = Outgoing.objects.select_for_update(skip_locked=True).filter(
            practice=practice, pk=message, sent_at=None, failed_at=None, next_try__lte=now, archived=False
        )
        taken = waiting.first()
        if taken is None or transport(taken.kind) is None:
            return None
        taken.attempts += 1
        taken.next_try = now + LEASE
        taken.save(update_fields=["attempts", "next_try", "updated_at"])
    return taken


def _send(message: Outgoing) -> bool:
    carrier = transport(message.kind)
    try:
        if carrier is None:
            return False
        carrier.send(message)
    except Undeliverable as error:
        return _failed(message, str(error))
    message.sent_at, message.error = clock.now(), ""
    if not settings.SANDBOX:
        message.subject = message.text = ""
    message.save(update_fields=["sent_at", "error", "subject", "text", "updated_at"])
    return True


def _failed(message: Outgoing, error: str) -> bool:
    now = clock.now()
    message.error = error[:100]
    if message.attempts > len(RETRIES):
        message.failed_at = now
    else:
        message.next_try = now + RETRIES[message.attempts - 1]
    message.save(update_fields=["error", "failed_at", "next_try", "updated_at"])
    return False
