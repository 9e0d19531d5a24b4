"""Which database this is, and whether it is the real one.

A record outlives its server: it is restored from a dump or a base backup, recovered to a point in time, promoted on a
standby, upgraded by ``pg_upgrade``. Each of these is a new *incarnation*: transaction ids begin again or are given
twice, and so are ids of rows that were written after the backup and are known outside.

The one row of ``models.Incarnation`` says which server it was written on: system identifier, oid of the database, oid
of the table, timeline. PostgreSQL compares it with itself at every use (``identity_is_same``), so that no write and no
attempt to send can come before the next incarnation has begun:

* the trigger of the change feed, and every function that makes transaction numbers, fail with
  ``Failure.REPLACED``;
* ``identity_may_send`` is false.

``begin_if_new`` then moves on: transaction numbers by ``BLOCK``, sequences by ``SKIPPED_IDS``, past all that was given
before, here or on another server since the backup. What is not known to be a failover is a copy, and sends nothing
until ``resume``. docs/decisions/0350-incarnations.md

``mark_as_copy`` is for what nobody can tell: files of a stopped server that are started a second time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connections, transaction
from django.http import HttpRequest

from charthouse import clock
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Incarnation

Cause = Incarnation.Cause
BLOCK = 2**40  # transaction numbers of an incarnation; the ids of one server are far fewer
SKIPPED_IDS = 1_000_000  # of each sequence: more than a server gives in the time that a backup may lack
LOCK = 0x6368_0005  # advisory lock, held while an incarnation begins
LOCK_TIMEOUT = "10s"  # to wait for running transactions
COPY_NOTICE = (
    "This database is a restored copy: it sends no webhooks, e-mails, text messages or reminders until somebody says "
    "that it is the real one now: charthouse resume"
)
REMEMBERED = 2.0  # seconds for which a process remembers whether sending is paused


@dataclass(frozen=True)
class _Place:
    """What the server says of itself. ``replay_age``: seconds since the last transaction that it replayed as a standby
    or in a recovery was committed, None if it replayed none; ``has_target``: it was recovered to a point in time."""

    server: str
    relation: int
    timeline: int
    replay_age: float | None
    has_target: bool


_PLACE = """
select identity_read_server(), 'identity_incarnation'::regclass::oid::bigint, identity_read_timeline(),
       extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8,
       concat(current_setting('recovery_target'), current_setting('recovery_target_time'),
              current_setting('recovery_target_lsn'), current_setting('recovery_target_xid'),
              current_setting('recovery_target_name')) <> ''
"""
# Sequences of small columns belong to tables of Django that nothing outside refers to.
_MOVE_SEQUENCES = """
select setval(format('%%I.%%I', schemaname, sequencename), coalesce(last_value, start_value) + %s) from pg_sequences
 where schemaname = current_schema() and data_type = 'bigint'::regtype
"""


def begin_if_new(using: str = "owner") -> Incarnation | None:
    """Begin the next incarnation if the database is not the one that its row describes, as the owner of the tables.
    Return it, or None if there is nothing to do or the server is a standby. Concurrent calls wait for each other.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("select case when pg_is_in_recovery() then true else identity_is_same() end")
        (is_same,) = cursor.fetchone()
    return None if is_same else _begin(using)


def mark_as_copy(using: str = "owner") -> Incarnation:
    """Begin the next incarnation of a database that is a copy though nothing shows it, such as a second server on
    copied files. It sends nothing until ``resume``. Waits for transactions that write, but not for those of the
    isolation level REPEATABLE READ that have written nothing yet: mark a copy before it is used. Where only
    ``identity_mark_as_copy()`` is called, the incarnation begins when the database is used."""
    begun = _begin(using, mark=True)
    assert begun is not None
    return begun


def resume(using: str = "owner") -> bool:
    """Let the database send: it is the real one. Return False if it did so already."""
    begin_if_new(using)
    with transaction.atomic(using=using):
        row = Incarnation.objects.using(using).select_for_update().get()
        if row.paused_since is None:
            return False
        row.paused_since = None
        row.save(using=using, update_fields=["paused_since"])
        emit_audit_event("sending resumed", details={"by": "operator", "incarnation": row.number})
    forget()
    return True


def may_send(using: str = "default") -> bool:
    """Return whether webhooks and messages may be sent. Senders ask in the transaction that claims what they send."""
    with connections[using].cursor() as cursor:
        cursor.execute("select identity_may_send()")
        return bool(cursor.fetchone()[0])


_remembered: tuple[float, bool] = (float("-inf"), False)


def is_paused() -> bool:
    """Return whether the database is a copy that sends nothing, at most REMEMBERED seconds late: for pages."""
    global _remembered
    at, paused = _remembered
    if time.monotonic() - at > REMEMBERED:
        paused = Incarnation.objects.filter(paused_since__isnull=False).exists()
        _remembered = time.monotonic(), paused
    return paused


def describe_to_pages(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """Context processor: whether every page has to say that this is a copy."""
    return {"is_restored_copy": is_paused}


def forget() -> None:
    """Forget what ``is_paused`` remembers in this process."""
    global _remembered
    _remembered = float("-inf"), False


def _begin(using: str, *, mark: bool = False) -> Incarnation | None:
    """Begin the next incarnation, if there is a cause. ``mark``: mark the database as a copy before."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(%s), set_config('lock_timeout', %s, true)", [LOCK, LOCK_TIMEOUT]
        )
        # No transaction may have a number of before and still run when the readers of the feed are beyond it.
        cursor.execute("lock table only changes_change in share row exclusive mode")
        if mark:
            cursor.execute("select identity_mark_as_copy()")
        row = Incarnation.objects.using(using).select_for_update().get()
        cursor.execute(_PLACE)
        place = _Place(*cursor.fetchone())
        found = _find_cause(row, place)
        if found is None:
            return None
        row.number += 1
        row.server, row.relation, row.timeline = place.server, place.relation, place.timeline
        row.transaction_offset += BLOCK
        row.began_at, row.cause = clock.now(), found
        if found != Cause.FAILOVER and not settings.SANDBOX:
            row.paused_since = row.paused_since or row.began_at
        row.save(using=using)
        cursor.execute(_MOVE_SEQUENCES, [SKIPPED_IDS])
        emit_audit_event("database restored", details={"cause": found.value, "incarnation": row.number})
    forget()
    return row


def _find_cause(row: Incarnation, place: _Place) -> Cause | None:
    """Find out why the database is not the one that its row describes; None if it is."""
    if not row.server:
        return Cause.MARKED
    if (row.server, row.relation) != (place.server, place.relation):
        return Cause.COPY
    if row.timeline == place.timeline:
        return None
    return Cause.FAILOVER if _is_failover(row, place) else Cause.RECOVERY


def _is_failover(row: Incarnation, place: _Place) -> bool:
    """Tell whether a standby was promoted: the operator has said that there are standbys, and this server has followed
    the primary to within so many seconds, not to a point in time."""
    return (
        settings.FAILOVER > 0
        and place.timeline > row.timeline
        and not place.has_target
        and place.replay_age is not None
        and place.replay_age <= settings.FAILOVER
    )
