"""Django's PostgreSQL backend with a tenant: no statement runs for the wrong practice.

Row-level security reads the session variable ``charthouse.practice``. A connection, and with it the variable, outlives
a request. This wrapper stores the tenant of the current request (``tenant``) apart from the state of the server
(``_server_state``), and synchronizes the two before any statement is sent: every cursor does it, so that nothing has to
be reset at the end of a request.

The caller (``caller``) is synchronized the same way in ``charthouse.caller``, for the trigger of the change feed:
"user,app,API user,request,seconds", where seconds is how far the clock is ahead; empty if there is no caller.

The variables are set for the session, which needs no round trip of its own. ``identity.pooled_database`` sets them in
each transaction, for connections through a pooler that keeps no sessions.

The settings of a session, such as its role, are set by a statement and not by parameters of the connection, which
PgBouncer does not pass on.
"""

import select
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import psycopg
from django.db import DEFAULT_DB_ALIAS, Error
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from psycopg import pq
from psycopg.adapt import Loader, Transformer
from psycopg.errors import error_from_result
from psycopg.sql import Literal

from charthouse.engine.sql.failures import Failure, OutcomeUnknown, classify
from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity.database import outages
from charthouse.identity.database.prepared_statements import (
    PLAN_FOR_VALUES,
    PreparedStatements,
    require_done,
)

assert is_psycopg3

_UNKNOWN = object()
_IDLE = pq.TransactionStatus.IDLE
_SET_VARIABLES = (
    b"select set_config('charthouse.practice', $1, false), set_config('charthouse.caller', $2, false)"
)


class RawJson(Loader):
    """Loads JSON from the database as bytes that go into the response unchanged."""

    format = pq.Format.BINARY

    def load(self, data: Any) -> msgspec.Raw:
        return msgspec.Raw(bytes(data))


def format_session(settings: Mapping[str, str], *, is_local: bool = False) -> str:
    """The statement that sets these settings for a session, or with ``is_local`` for a transaction; its first column
    is the pid of the server's process."""
    end = "true" if is_local else "false"
    columns = "".join(f", set_config('{name}', '{value}', {end})" for name, value in settings.items())
    return f"select pg_backend_pid(){columns}"


class _Step(NamedTuple):
    """A statement of a pipeline. ``custom_plan``: it is planned for these values; ``ends_transaction``: it and those
    before it are one transaction, if none is open."""

    text: bytes
    parameters: Sequence[bytes | None]
    custom_plan: bool = False
    ends_transaction: bool = True


def require_rows(result: Any) -> Any:
    """Return the result of a query. Raises psycopg.Error if it failed."""
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    return result


def render_snapshot(snapshot: str) -> list[str]:
    """Render the statements that begin a transaction which reads one snapshot: a new one, or that of another."""
    begin = "begin isolation level repeatable read, read only"
    return [begin, f"set transaction snapshot {Literal(snapshot).as_string()}"] if snapshot else [begin]


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection. ``tenant`` is a practice id, or None; ``caller`` is described above."""

    tenant: int | None = None
    caller: str = ""
    # Variables as set on the server; unknown on a new connection and after a rollback.
    _server_state: Any = _UNKNOWN
    # They were set inside a transaction, whose rollback would revert them.
    _was_set_in_transaction = False

    _prepared: PreparedStatements
    # Converts results; caches the loader of each type.
    _transformer: Any
    # Waits for the server's answers in pipeline mode.
    _readable: Any
    # The last commit was not confirmed by a synchronous standby.
    _is_unconfirmed = False
    # Whether the server is reached through a pooler.
    is_pooled = False
    # Whether nothing may be run, as the thread must not wait.
    is_barred = False

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        parameters.pop("session", None)
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._server_state, self._was_set_in_transaction = _UNKNOWN, False
        self._prepared = PreparedStatements(self._execute, self._execute_prepare)
        attempt = partial(super().get_new_connection, conn_params)
        new_connection = outages.connect(attempt) if self._waits else attempt()
        try:
            self._set_up_session(new_connection)
        except BaseException:
            new_connection.close()
            raise
        new_connection.adapters.register_loader("json", RawJson)
        new_connection.add_notice_handler(self._note_notice)
        self._transformer = Transformer(new_connection)
        self._readable = select.poll()
        self._readable.register(new_connection.pgconn.socket, select.POLLIN)
        return new_connection

    def connect(self) -> None:
        super().connect()
        if self._waits:
            outages.note_return()

    def is_usable(self) -> bool:
        """Whether the server has not closed the connection, which the socket shows without the round trip of a query.
        Through a pooler, the server is another one than the socket's."""
        if (
            self.connection is not None
            and not self.is_pooled
            and self._is_idle()
            and not self._readable.poll(0)
        ):
            return True
        return bool(super().is_usable())

    @property
    def _waits(self) -> bool:
        """Whether connections are those of requests, to one of several hosts."""
        return self.alias == DEFAULT_DB_ALIAS and "," in str(self.settings_dict["HOST"])

    def _note_notice(self, notice: psycopg.errors.Diagnostic) -> None:
        """Note that PostgreSQL stopped waiting for a synchronous standby: it calls that a success, with a warning."""
        if notice.source_function == "SyncRepWaitForLSN":
            self._is_unconfirmed = True

    def _set_up_session(self, new_connection: Any) -> None:
        """Set what ``session`` in the options has for a new session: settings by name. Raises psycopg.Error."""
        statement = format_session(self.settings_dict["OPTIONS"].get("session", {}))
        result = require_rows(new_connection.pgconn.exec_(statement.encode()))
        self.is_pooled = int(result.get_value(0, 0)) != new_connection.pgconn.backend_pid

    def _set_variables(self) -> None:
        """Set the session variables to ``tenant`` and ``caller``, if they differ."""
        if self._was_set_in_transaction and self._is_idle():
            self._server_state, self._was_set_in_transaction = _UNKNOWN, False
        wanted = self.tenant, self.caller
        if self._server_state != wanted and self.connection is not None:
            tenant = b"" if self.tenant is None else b"%d" % self.tenant
            self._run_prepared(_SET_VARIABLES, (tenant, self.caller.encode()))
            self._server_state, self._was_set_in_transaction = wanted, not self._is_idle()

    def begin_snapshot(self, snapshot: str = "") -> None:
        """Let the open transaction, of which this is the first statement, read everything as of one moment (repeatable
        read) and write nothing. ``snapshot``: that of another transaction (``pg_export_snapshot()``)."""
        require_done(self._execute("; ".join(render_snapshot(snapshot)).encode()))

    def _is_idle(self) -> bool:
        return bool(self.connection.pgconn.transaction_status == _IDLE)

    def adopt(self, row: Sequence[Any] | None) -> None:
        """Adopt tenant and caller of a row that ``establish`` returned on another connection; none where it is None."""
        self.tenant, self.caller = (None, "") if row is None else (row[0], row[1])

    def _refuse_if_barred(self) -> None:
        if self.is_barred:
            raise RuntimeError("a thread that must not wait uses the database")

    def _cursor(self, name: str | None = None) -> Any:
        self._refuse_if_barred()
        self.close_if_health_check_failed()
        self.ensure_connection()
        self._set_variables()
        return super()._cursor(name)  # type: ignore[misc]

    def get_psycopg_connection(self) -> "psycopg.Connection[Any]":
        """Return the open psycopg connection with the tenant set, for statements compiled by the engine."""
        self._refuse_if_barred()
        if self.connection is None:
            self.ensure_connection()
        if self._was_set_in_transaction or self._server_state != (self.tenant, self.caller):
            self._set_variables()
        self.validate_no_broken_transaction()
        return self.connection  # type: ignore[no-any-return]

    def establish(
        self, statement: bytes, parameters: Sequence[bytes | None], ahead: BoundStatement | None = None
    ) -> tuple[Any, ...]:
        """Run the statement that authenticates and sets the variables itself; adopt its tenant and caller.

        Parameters are ``$1``, ``$2``… in text format. The result is the row, whose first two columns are the practice
        id (or None) and the caller. A connection that the server has closed is reopened once, which is safe since no
        transaction can be open at this point of a request. Raises psycopg.Error.

        ``ahead``: a statement that only reads, sent in the same trip and run after this one, as the tenant that this
        one sets; ``fetch`` then has its rows, or its error. They are dropped where there is no tenant.
        """
        self._refuse_if_barred()
        self._server_state, self.tenant, self.caller = _UNKNOWN, None, ""
        if self.connection is None:
            self.ensure_connection()
        try:
            row = self._fetch_row(statement, parameters, ahead)
        except psycopg.Error:
            if self.connection.pgconn.status == pq.ConnStatus.OK or self.in_atomic_block:
                raise
            self.close()
            self.ensure_connection()
            row = self._fetch_row(statement, parameters, ahead)
        self._server_state = self.tenant, self.caller = row[0], row[1]
        if self.tenant is None and ahead is not None:
            ahead.rows = ahead.error = None  # it ran without a tenant
        self._was_set_in_transaction = not self._is_idle()
        return row

    def fetch_rows(
        self, statement: bytes, parameters: Sequence[bytes | None], *, custom_plan: bool = False
    ) -> list[tuple[Any, ...]]:
        """Run a statement of the engine for the current tenant: parameters ``$1``, ``$2``… in text format, rows in
        binary.

        It is prepared once per connection; with ``custom_plan``, PostgreSQL plans it for these parameter values. Raises
        psycopg.Error.
        """
        raw = self.get_psycopg_connection()
        steps = [_Step(statement, parameters, custom_plan)]
        if not raw.autocommit and self._is_idle():  # the transaction begins here, as with psycopg's cursors
            steps.insert(0, _Step(b"BEGIN", (), ends_transaction=False))
        if custom_plan or len(steps) > 1:
            result = require_rows(self._run_pipeline(*steps)[-1])
        else:
            result = self._run_prepared(statement, parameters)
        return self._load_rows(result)

    def _fetch_row(
        self, statement: bytes, parameters: Sequence[bytes | None], ahead: BoundStatement | None
    ) -> tuple[Any, ...]:
        if ahead is None or not self.autocommit or not self._is_idle():
            result = self._run_prepared(statement, parameters)
        else:
            result, read = self._run_both(statement, parameters, ahead)
            if read.status == pq.ExecStatus.TUPLES_OK:
                ahead.rows = self._load_rows(read)
            else:
                ahead.error = error_from_result(read)
        (row,) = self._load_rows(result)
        return row

    def _run_both(
        self, statement: bytes, parameters: Sequence[bytes | None], ahead: BoundStatement
    ) -> tuple[Any, Any]:
        """Run two statements in one trip; return their results. Raises psycopg.Error for the first one only.

        They are two transactions, as the first one locks the row that counts the app's calls, or one where the second
        one is short: PostgreSQL then commits once, and wakes this thread once. An error of the second one does not undo
        the first one."""
        read = _Step(ahead.text, ahead.parameters, ahead.custom_plan)
        call = _Step(statement, parameters, ends_transaction=not ahead.is_short)
        first, second = self._run_pipeline(call, read)
        first = require_rows(first)
        if ahead.is_short and second.status != pq.ExecStatus.TUPLES_OK:
            first = self._run_prepared(statement, parameters)  # which was undone
        return first, second

    def _run_pipeline(self, *steps: "_Step") -> list[Any]:
        """Run statements in one trip (libpq's pipeline mode); return their results, which may be errors. Raises
        psycopg.Error where the connection is lost."""
        pgconn = self.connection.pgconn
        plan_name, *names = self._prepared.find_names(PLAN_FOR_VALUES, *(step.text for step in steps))
        results = []
        pgconn.enter_pipeline_mode()
        try:
            for step, name in zip(steps, names, strict=True):
                if step.custom_plan:
                    pgconn.send_query_prepared(plan_name, ())
                pgconn.send_query_prepared(name, step.parameters, None, pq.Format.BINARY)
                if step.ends_transaction:
                    pgconn.pipeline_sync()
            for step in steps:
                setting = self._receive_result() if step.custom_plan else None
                result = self._receive_result()
                has_failed = setting is not None and setting.status != pq.ExecStatus.TUPLES_OK
                results.append(
                    setting if has_failed else result
                )  # the result would not say why it was skipped
                if step.ends_transaction:
                    self._receive()  # the result of the synchronization
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()  # what is still to come must not be read as the result of another statement
            raise
        return results

    def _receive_result(self) -> Any:
        """Wait for the result of the next statement in pipeline mode."""
        result = self._receive()
        self.connection.pgconn.get_result()  # None, the end of its results
        return result

    def _receive(self) -> Any:
        """Wait for the next result in pipeline mode. ``get_result`` would wait too, but block all threads."""
        pgconn = self.connection.pgconn
        while pgconn.is_busy():
            self._readable.poll()
            pgconn.consume_input()
        return pgconn.get_result()

    def _load_rows(self, result: Any) -> list[tuple[Any, ...]]:
        reader = self._transformer
        reader.set_pgresult(result)
        try:
            found: list[tuple[Any, ...]] = reader.load_rows(0, result.ntuples, tuple)
            return found
        finally:
            reader.set_pgresult(None)  # release the result

    def _run_prepared(self, statement: bytes, parameters: Sequence[bytes | None]) -> Any:
        """Run a statement that is prepared once per connection. Raises psycopg.Error.

        This bypasses psycopg's prepared statements, which are dropped at every rollback, and its transactions: outside
        of one, the statement is a transaction of its own.
        """
        (name,) = self._prepared.find_names(statement)
        return require_rows(self.connection.pgconn.exec_prepared(name, parameters, None, pq.Format.BINARY))

    def _execute(self, statement: bytes) -> Any:
        return self.connection.pgconn.exec_(statement)

    def _execute_prepare(self, name: bytes, statement: bytes) -> Any:
        return self.connection.pgconn.prepare(name, statement)

    def _commit(self) -> None:
        """Commit. Raises OutcomeUnknown when the connection is lost meanwhile, or the wait for a synchronous standby is
        cut short."""
        self._is_unconfirmed = False
        try:
            super()._commit()  # type: ignore[misc]
        except Error as error:
            if classify(error) is Failure.CONNECTION:
                raise OutcomeUnknown("the connection was lost in a commit") from error
            raise
        if self._is_unconfirmed:
            raise OutcomeUnknown("no standby has confirmed the commit")

    # A rollback reverts the variables.
    def _rollback(self) -> None:
        self._server_state = _UNKNOWN
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        # No statement may precede it: the transaction may have failed.
        self._server_state, self._was_set_in_transaction = (self.tenant, self.caller), False
        try:
            super()._savepoint_rollback(sid)  # type: ignore[misc]
        finally:
            self._server_state = _UNKNOWN
