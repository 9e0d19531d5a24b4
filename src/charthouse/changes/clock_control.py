"""Advancing a sandbox's clock, and starting what becomes due by it.

The offset is stored in the database, for the next start and for plain SQL, and in a file that all processes share (see
``clock``). Sessions and lockouts follow the system's clock and are not affected.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from charthouse import clock
from charthouse.changes import partitions
from charthouse.changes.models import ClockOffset
from charthouse.engine.errors import Conflict

MAX_OFFSET = timedelta(days=3660)  # in total


def advance(by: timedelta) -> datetime:
    """Advance the clock of all processes at once and return the new time. The worker then runs what has become due:
    deliveries, scheduled jobs, and each periodic task once.

    Raises Conflict outside of a sandbox, for a negative duration, and past MAX_OFFSET in total.
    """
    if not settings.SANDBOX:
        raise Conflict("Only a sandbox's clock can be moved.")
    if by < timedelta(0):
        raise Conflict("The clock can only be moved ahead.")
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("lock table changes_clockoffset in exclusive mode")
        before = _load_offset()
        if before + by > MAX_OFFSET:
            raise Conflict(f"The clock can be at most {MAX_OFFSET.days} days ahead.")
        ClockOffset.objects.using("owner").update_or_create(id=1, defaults={"ahead": before + by})
        cursor.execute(
            "update procrastinate_jobs set scheduled_at = scheduled_at - make_interval(secs => %s) "
            "where status = 'todo' and scheduled_at is not null",
            [by.total_seconds()],
        )
    clock.write_shared_offset(before + by)
    partitions.create_partitions()
    _run_periodic_tasks()
    with connections["owner"].cursor() as cursor:
        cursor.execute("notify charthouse_change")
    return clock.now()


def restore_offset() -> None:
    """Apply the offset stored in the database, at the start of a sandbox."""
    clock.write_shared_offset(_load_offset())


def _load_offset() -> timedelta:
    found = ClockOffset.objects.using("owner").filter(id=1).values_list("ahead", flat=True).first()
    return found or timedelta(0)


def _run_periodic_tasks() -> None:
    now = int(clock.now().timestamp())
    for periodic in app.periodic_registry.periodic_tasks.values():
        with suppress(AlreadyEnqueued):  # a run is pending already
            periodic.task.configure(**periodic.configure_kwargs).defer(timestamp=now)
