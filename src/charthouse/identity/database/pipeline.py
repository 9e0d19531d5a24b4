"""A connection for the reads of many calls, whose answers nobody waits for: each call is one trip, and the trips of
several are under way at once (libpq's pipeline mode).

A trip is one transaction of two statements: the first one authenticates the caller and sets the tenant, the second one
reads. The server runs trips one after the other, and each sets the tenant before it reads: none reads as the tenant of
another. Where the first statement fails, PostgreSQL skips the second one and undoes both.

Whoever uses it sees to it that one thread at a time does.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import pq
from psycopg.errors import error_from_result

from charthouse.engine.sql.failures import Failure, classify
from charthouse.identity.database.base import DatabaseWrapper
from charthouse.identity.database.prepared_statements import PreparedStatements
from charthouse.identity.database.steps import Trip

MAX_TRIPS = 64  # under way at once
MAX_AGE = 0.2  # seconds that one is under way, before others go elsewhere
BACKEND = "charthouse.identity.database"  # that has sessions
_OK = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@dataclass(slots=True, eq=False)
class _Sent:
    """``results``: of what prepares statements, of the call, of the read."""

    trip: Trip
    owner: Any
    at: float
    results: list[Any] = field(default_factory=list)


def is_possible() -> bool:
    """Return whether the database is reached in a way that has sessions."""
    return bool(connections.settings[DEFAULT_DB_ALIAS]["ENGINE"] == BACKEND)


class Pipeline:
    """``is_failing``: a trip failed for another reason than its values, so this connection should be closed. Raises
    what a connection does where it can't be opened."""

    def __init__(self) -> None:
        self._wrapper = cast(DatabaseWrapper, connections.create_connection(DEFAULT_DB_ALIAS))
        self._wrapper.ensure_connection()
        if self._wrapper.is_pooled:
            self._wrapper.close()
            raise RuntimeError("a pooler can't be sent reads ahead")
        self._pgconn = self._wrapper.connection.pgconn
        self._prepared = PreparedStatements(self._send_statement, self._pgconn.send_prepare)
        self._sent: deque[_Sent] = deque()
        self.is_failing = False
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()

    def fileno(self) -> int:
        """The socket to wait for."""
        return int(self._pgconn.socket)

    @property
    def is_idle(self) -> bool:
        """Whether no trip is under way."""
        return not self._sent

    def send(self, trip: Trip, owner: Any) -> bool:
        """Send a trip. Return False where it has to go elsewhere. ``owner``: what ``receive`` is to yield for it."""
        ahead, now = trip.ahead, time.monotonic()
        if ahead is None or not ahead.is_short or ahead.custom_plan or self.is_failing:
            return False
        if self._sent and (len(self._sent) >= MAX_TRIPS or now - self._sent[0].at > MAX_AGE):
            return False
        pgconn = self._pgconn
        try:
            call, read = self._prepared.find_names(trip.statement, ahead.text)
            pgconn.send_query_prepared(call, trip.parameters, None, pq.Format.BINARY)
            pgconn.send_query_prepared(read, ahead.parameters, None, pq.Format.BINARY)
            pgconn.pipeline_sync()
        except psycopg.Error:  # the connection is lost, which ``receive`` will find
            self.is_failing = True
            return False
        self._sent.append(_Sent(trip, owner, now))
        return True

    def _send_statement(self, statement: bytes) -> None:
        self._pgconn.send_query_params(statement, None)

    def receive(self) -> Iterator[tuple[Any, Any]]:
        """Yield owner and row of each trip whose answer has come; the row is None where the trip failed, which undid
        it. Raises psycopg.Error where the connection is lost."""
        pgconn = self._pgconn
        pgconn.consume_input()
        while self._sent and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:  # between statements
                if pgconn.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError("the connection is lost")
                continue
            sent = self._sent[0]
            if result.status != pq.ExecStatus.PIPELINE_SYNC:
                sent.results.append(result)
                continue
            row = self._load(sent)
            self._sent.popleft()  # what can't be loaded is left to ``close``
            yield sent.owner, row

    def _load(self, sent: _Sent) -> Any:
        for result in sent.results:
            if result.status not in _OK:
                self.is_failing |= classify(error_from_result(result)) is not Failure.VALUE
                return None
        call, read = sent.results[-2:]
        (row,) = self._wrapper._load_rows(call)
        assert sent.trip.ahead is not None
        sent.trip.ahead.rows = None if row[0] is None else self._wrapper._load_rows(read)
        return row

    def close(self) -> list[Any]:
        """Close the connection. Return the owners of trips whose answers have not come."""
        self._pgconn.finish()
        return [sent.owner for sent in self._sent]
