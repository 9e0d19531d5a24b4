"""Moving a sandbox's clock ahead, and doing what falls due by it.

How far it is ahead is kept in the database, for the next start and for plain SQL, and in a file that all processes
share (see ``clock``). Sessions and locked sign-ins go by the system's clock, and stay as they are.
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

FURTHEST = timedelta(days=3660)  # in all


def advance(by: timedelta) -> datetime:
    """Move the clock ahead; what time it then is, everywhere at once. Whatever has fallen due is given to the worker:
    deliveries, jobs that were to run later, and each periodic task once.

    Raises Conflict outside of a sandbox, for a step back, and for one too far.
    """
    if not settings.SANDBOX:
        raise Conflict("Only a sandbox's clock can be moved.")
    if by < timedelta(0):
        raise Conflict("The clock can only be moved ahead.")
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("lock table changes_clockoffset in exclusive mode")
        before = _kept()
        if before + by > FURTHEST:
            raise Conflict(f"The clock can be at most {FURTHEST.days} days ahead.")
        ClockOffset.objects.using("owner").update_or_create(id=1, defaults={"ahead": before + by})
        cursor.execute(
            "update procrastinate_jobs set scheduled_at = scheduled_at - make_interval(secs => %s) "
            "where status = 'todo' and scheduled_at is not null",
            [by.total_seconds()],
        )
    clock.share(before + by)
    partitions.make_ahead()
    _run_periodic_tasks()
    with connections["owner"].cursor() as cursor:
        cursor.execute("notify charthouse_change")
    return clock.now()


def restore() -> None:
    """Take up what the database has kept. For the start of a sandbox."""
    clock.share(_kept())


def _kept() -> timedelta:
    found = ClockOffset.objects.using("owner").filter(id=1).values_list("ahead", flat=True).first()
    return found or timedelta(0)


def _run_periodic_tasks() -> None:
    now = int(clock.now().timestamp())
    for periodic in app.periodic_registry.periodic_tasks.values():
        with suppress(AlreadyEnqueued):  # it is about to run anyhow
            periodic.task.configure(**periodic.configure_kwargs).defer(timestamp=now)
