"""Reads of lists from a standby (CHARTHOUSE_READ_URL), where it is not behind the practice.

A standby is asked for its snapshot first, and the primary, in the trip that authenticates the caller, whether the
change feed has a change of the practice that this snapshot does not show. If not, the list is read from the standby,
which by then shows at least that snapshot: everything that had been committed for the practice when the call was
authenticated, by whichever process, API, page or job. Nothing has to be noted of who wrote what. In every other case,
and if the standby does not answer in time, the primary reads the list.

The row of ``identity_incarnation`` that the standby shows must be the primary's, so it follows this server and no
other.
"""

import logging
import threading
import time
from typing import Any, NamedTuple

import django.db
import psycopg
from django.conf import settings
from django.db import connections
from psycopg import pq
from psycopg.errors import error_from_result

from charthouse import logs
from charthouse.engine.sql.failures import get_sqlstate
from charthouse.engine.sql.statements import BoundStatement, Rows
from charthouse.identity.database.base import DatabaseWrapper
from charthouse.identity.database.prepared_statements import PLAN_FOR_VALUES

ALIAS = "standby"
STATE_SECONDS = 0.5  # to say what it shows
READ_SECONDS = 10.0  # to answer a list
RETRY_SECONDS = 5.0  # after a failure until it is asked again
MAX_CHANGES = 1000  # of the practice that are looked at, since the standby's oldest running transaction

outage = logs.LimitedLog(logging.getLogger("charthouse.requests"))

_STATE = b"""
select pg_is_in_recovery(), pg_current_snapshot()::text, pg_last_wal_replay_lsn()::text,
       coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 1e9)::text,
       format('%s %s %s %s', number, server, relation, timeline)
  from identity_incarnation"""
# $1 snapshot, $2 position of replay, $3 seconds since the last transaction that was replayed, $4 incarnation, all the
# standby's; $5 the most seconds. Runs for a practice.
_CHECK = b"""
select format('%%s %%s %%s %%s', i.number, i.server, i.relation, i.timeline) = $4 and identity_is_same()
       and ($3::float8 <= $5::float8 or $2::pg_lsn >= pg_current_wal_insert_lsn())
       and (select count(*) < %d and bool_and(is_shown) is not false from (
                select pg_visible_in_snapshot((txid::text::bigint - i.transaction_offset)::text::xid8, $1::pg_snapshot)
                       as is_shown
                  from changes_change
                 where practice_id = nullif(current_setting('charthouse.practice', true), '')::bigint
                   and txid >= (pg_snapshot_xmin($1::pg_snapshot)::text::bigint + i.transaction_offset)::text::xid8
                 limit %d) as latest)
  from identity_incarnation i""" % (MAX_CHANGES, MAX_CHANGES)
_SET_TENANT = b"select set_config('charthouse.practice', $1, true)"


class _State(NamedTuple):
    """What the standby shows, as PostgreSQL writes it."""

    snapshot: bytes
    position: bytes
    age: bytes
    incarnation: bytes


class StandbyTimeout(psycopg.OperationalError):
    """The standby has not answered in time."""


class StandbyConnection(DatabaseWrapper):
    """A thread's connection to the standby. What fails raises psycopg.Error or django.db.Error."""

    _deadline = float("inf")

    def read_state(self) -> _State | None:
        """Return what the standby shows; None if it is no standby, or not of this record."""
        result = self._run(STATE_SECONDS, (*self._prepared.find_names(_STATE), ()))
        if result.ntuples != 1 or result.get_value(0, 0) != b"t":
            return None
        return _State(*(result.get_value(0, column) for column in range(1, 5)))

    def read_rows(self, practice: int, statement: BoundStatement) -> Rows:
        """Run a statement for a practice."""
        set_tenant, plan_for_values, read = self._prepared.find_names(
            _SET_TENANT, PLAN_FOR_VALUES, statement.text
        )
        steps = [(set_tenant, (b"%d" % practice,)), (read, statement.parameters)]
        if statement.custom_plan:
            steps.insert(1, (plan_for_values, ()))
        return self._load_rows(self._run(READ_SECONDS, *steps, is_binary=True))

    def _run(self, seconds: float, *statements: Any, is_binary: bool = False) -> Any:
        """Run prepared statements in one trip, as one transaction, and return the result of the last one."""
        pgconn = self.connection.pgconn
        self._deadline = time.monotonic() + seconds
        pgconn.enter_pipeline_mode()
        try:
            for name, parameters in statements:
                form = pq.Format.BINARY if is_binary else pq.Format.TEXT
                pgconn.send_query_prepared(name, parameters, None, form)
            pgconn.pipeline_sync()
            received = [self._receive() for _ in range(2 * len(statements) + 1)]
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()
            raise
        finally:
            self._deadline = float("inf")
        for result in received[:-1:2]:
            if result.status != pq.ExecStatus.TUPLES_OK:
                raise error_from_result(result)
        return received[-3]

    def _execute(self, statement: bytes) -> Any:
        """As for the primary, but within seconds."""
        self.connection.pgconn.send_query(statement)
        return self._wait_for_result()

    def _execute_prepare(self, name: bytes, statement: bytes) -> Any:
        """As for the primary, but within seconds."""
        self.connection.pgconn.send_prepare(name, statement)
        return self._wait_for_result()

    def _wait_for_result(self) -> Any:
        pgconn = self.connection.pgconn
        self._deadline = time.monotonic() + STATE_SECONDS
        try:
            result = self._receive()
            while pgconn.get_result() is not None:
                pass
        except BaseException:
            pgconn.finish()
            raise
        finally:
            self._deadline = float("inf")
        return result

    def _receive(self) -> Any:
        pgconn = self.connection.pgconn
        while pgconn.is_busy():
            left = self._deadline - time.monotonic()
            if left <= 0 or not self._readable.poll(left * 1000):
                raise StandbyTimeout("the standby does not answer")
            pgconn.consume_input()
        return pgconn.get_result()


class _Local(threading.local):
    connection: StandbyConnection | None = None


_local = _Local()
_connecting = threading.Lock()
_asked_again_at = float("-inf")


def make_check() -> BoundStatement | None:
    """Return the statement that tells, run on the primary for a practice, whether the standby shows all changes of that
    practice; None where there is no standby to read from."""
    if not settings.READ_URL:
        return None
    try:
        connection = _connect()
        state = connection.read_state() if connection is not None else None
    except (psycopg.Error, django.db.Error) as error:
        _note_failure(error)
        return None
    if state is None:
        return None
    return BoundStatement(_CHECK, [*state, str(settings.READ_LAG).encode()], custom_plan=False)


def read(statement: BoundStatement, practice: int) -> bool:
    """Read a statement's rows from the standby, for a practice, and put them into the statement. Return False if it
    can't be."""
    connection = _local.connection
    if connection is None:
        return False
    try:
        statement.rows = connection.read_rows(practice, statement)
    except (psycopg.Error, django.db.Error) as error:
        _note_failure(error)
        return False
    return True


def measure_age() -> float | None:
    """Return the seconds since the last transaction that the standby has replayed was committed, on a connection of its
    own; None if it is no standby of this record. Raises psycopg.Error or django.db.Error."""
    made = StandbyConnection(connections.settings[ALIAS], ALIAS)
    try:
        made.ensure_connection()
        state = made.read_state()
        return None if state is None or made.is_pooled else float(state.age)
    finally:
        made.close()


def forget() -> None:
    """Close this thread's connection, and ask the standby again at once."""
    global _asked_again_at
    _asked_again_at = float("-inf")
    if _local.connection is not None:
        _local.connection.close()
        _local.connection = None


def _connect() -> StandbyConnection | None:
    """Return this thread's connection, None while the standby is not asked. One thread at a time waits for it."""
    found = _local.connection
    if found is not None:
        return found
    if time.monotonic() < _asked_again_at or not _connecting.acquire(blocking=False):
        return None
    try:
        made = StandbyConnection(connections.settings[ALIAS], ALIAS)
        made.ensure_connection()
        if made.is_pooled:
            made.close()
            raise psycopg.OperationalError("CHARTHOUSE_READ_URL leads to a pooler")
    finally:
        _connecting.release()
    _local.connection = made
    return made


def _note_failure(error: BaseException) -> None:
    """After an error of the connection, leave the standby alone for a while; one of a statement, such as a conflict
    with what is replayed, concerns that statement."""
    global _asked_again_at
    outage.error("the standby can't be read from: %s %s", type(error).__name__, get_sqlstate(error))
    connection = _local.connection
    if connection is not None and connection.connection.pgconn.status == pq.ConnStatus.OK:
        return
    _local.connection = None
    _asked_again_at = time.monotonic() + RETRY_SECONDS
    if connection is not None:
        connection.close()
