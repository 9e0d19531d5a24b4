"""Moving and stopping a sandbox's clock, and starting what becomes due by it.

The offset is stored in the database, for the next start and for plain SQL, and in a file that all processes share (see
``clock``), where also the time is at which the clock is stopped. Sessions and lockouts follow the system's clock and
are not affected.
"""

from collections.abc import Callable
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
Setting = tuple[timedelta, datetime | None]  # the offset, and the time at which the clock is stopped


def advance(by: timedelta) -> datetime:
    """Advance the clock of all processes at once and return the new time. The worker then runs what has become due:
    deliveries, scheduled jobs, and once each periodic task that is due in this time.

    Raises Conflict outside of a sandbox, for a negative duration, and past MAX_OFFSET in total.
    """
    if by < timedelta(0):
        raise Conflict("The clock can only be advanced; to set it back, say to which time.")

    def choose(offset: timedelta, stopped: datetime | None) -> "Setting":
        if stopped is None:
            return offset + by, None
        return stopped + by - clock.get_system_time(), stopped + by

    return _change(choose)


def set_time(to: datetime) -> datetime:
    """Set the clock of all processes at once, ahead or back; a stopped one stays so. What becomes due is run as by
    ``advance``. Raises Conflict outside of a sandbox and past MAX_OFFSET."""
    return _change(lambda _, stopped: (to - clock.get_system_time(), stopped and to))


def stop(at: datetime | None) -> datetime:
    """Stop the clock of all processes, now or at another time. Raises Conflict as ``set_time``."""
    time = at or clock.now()
    return _change(lambda *_: (time - clock.get_system_time(), time))


def follow_system() -> datetime:
    """Let the clock follow the system's again. Raises Conflict outside of a sandbox."""
    return _change(lambda *_: (timedelta(0), None))


def restore_offset(stopped: datetime | None = None) -> None:
    """Apply the offset stored in the database, at the start of a sandbox and with another database. ``stopped``: the
    time at which the clock is stopped."""
    clock.write_shared_offset(_load_offset(), stopped)


def _change(choose: "Callable[[timedelta, datetime | None], Setting]") -> datetime:
    """Change offset and time of a stopped clock to what ``choose`` makes of the present ones, and start what becomes
    due. Return the new time."""
    if not settings.SANDBOX:
        raise Conflict("Only a sandbox's clock can be moved.")
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("lock table changes_clockoffset in exclusive mode")
        stored, before = _load_offset(), clock.now()
        offset, stopped = choose(stored, clock.get_stopped_time())
        if abs(offset) > MAX_OFFSET:
            raise Conflict(f"The clock can be at most {MAX_OFFSET.days} days ahead or behind.")
        ClockOffset.objects.using("owner").update_or_create(id=1, defaults={"ahead": offset})
        cursor.execute(
            "update procrastinate_jobs set scheduled_at = scheduled_at - make_interval(secs => %s) "
            "where status = 'todo' and scheduled_at is not null",
            [(offset - stored).total_seconds()],
        )
        clock.write_shared_offset(offset, stopped)
    partitions.create_partitions()
    _run_periodic_tasks(before)
    with connections["owner"].cursor() as cursor:
        cursor.execute("notify charthouse_change")
    return clock.now()


def _load_offset() -> timedelta:
    found = ClockOffset.objects.using("owner").filter(id=1).values_list("ahead", flat=True).first()
    return found or timedelta(0)


def _run_periodic_tasks(since: datetime) -> None:
    """Enqueue the periodic tasks that were due since then."""
    now = clock.now()
    for periodic in app.periodic_registry.periodic_tasks.values():
        if periodic.croniter.get_next(datetime, start_time=since) > now:
            continue
        with suppress(AlreadyEnqueued):  # a run is pending already
            periodic.task.configure(**periodic.configure_kwargs).defer(timestamp=int(now.timestamp()))
