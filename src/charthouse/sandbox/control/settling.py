"""Waiting until the worker has done what is due: jobs, webhooks of what was written, attempts."""

import time

from django.db import connections

from charthouse import clock
from charthouse.changes import delivery_queue, fanout

TIMEOUT = 30.0  # seconds
POLL_INTERVAL = 0.02  # seconds
_JOBS = (
    "select exists (select from procrastinate_jobs where status = 'doing' "
    "or status = 'todo' and (scheduled_at is null or scheduled_at <= now()))"
)


def wait(seconds: float = TIMEOUT) -> bool:
    """Wait until nothing is due. Return whether that is so; after ``seconds`` something still is."""
    until = time.monotonic() + seconds
    while not is_settled():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def is_settled() -> bool:
    """Tell whether nothing is due."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(_JOBS)
        if cursor.fetchone()[0]:
            return False
    return not fanout.has_unread_changes() and not delivery_queue.has_due(clock.now())
