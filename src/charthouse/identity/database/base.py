"""Django's PostgreSQL backend, made unable to run a statement for the wrong practice.

Row security reads the session variable ``charthouse.practice``. A connection outlives the request it served, so the
variable outlives it too. This wrapper keeps what the current request has established (``tenant``) apart from what
the server holds (``_held``) and brings the two together before any statement goes out: a cursor can't be had
otherwise, and nothing has to be remembered at the end of a request.

Who calls (``caller``) goes the same way, in ``charthouse.caller``, for the change feed's trigger: "user,app,API
user,request,seconds", the last one how far the caller's clock is ahead; empty where nobody calls.

On plain PostgreSQL the variables are set for the session, which costs no round trip of its own. Behind a transaction
pooler or Citus they must be set in each transaction: ``_hold`` is the one function to change.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from psycopg import pq
from psycopg.adapt import Loader, Transformer
from psycopg.errors import error_from_result

assert is_psycopg3

_UNKNOWN = object()
_IDLE = pq.TransactionStatus.IDLE
_SET_VARIABLES = (
    b"select set_config('charthouse.practice', $1, false), set_config('charthouse.caller', $2, false)"
)


class RawJson(Loader):
    """JSON made by the database goes into the response as it is."""

    format = pq.Format.BINARY

    def load(self, data: Any) -> msgspec.Raw:
        return msgspec.Raw(bytes(data))


def _require_rows(result: Any) -> Any:
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    return result


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection. ``tenant`` is a practice id, or None while no practice is established; ``caller`` as
    described above."""

    tenant: int | None = None
    caller: str = ""
    # What the server holds; unknown on a new connection, and after anything that may have taken it back.
    _server_state: Any = _UNKNOWN
    # It was set inside a transaction: whoever ends that one, and however, may take it back.
    _was_set_in_transaction = False

    # Statements prepared on this connection, by their text.
    _statement_names: dict[bytes, bytes]
    # What reads its results; it knows by now how each type is read.
    _transformer: Any

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._server_state, self._was_set_in_transaction, self._statement_names = _UNKNOWN, False, {}
        made = super().get_new_connection(conn_params)
        made.adapters.register_loader("json", RawJson)
        self._transformer = Transformer(made)
        return made

    def _set_variables(self) -> None:
        """Make the server hold ``tenant`` and ``caller``."""
        if self._was_set_in_transaction and self._is_idle():
            self._server_state, self._was_set_in_transaction = _UNKNOWN, False
        wanted = self.tenant, self.caller
        if self._server_state != wanted and self.connection is not None:
            tenant = b"" if self.tenant is None else b"%d" % self.tenant
            self._run_prepared(_SET_VARIABLES, (tenant, self.caller.encode()))
            self._server_state, self._was_set_in_transaction = wanted, not self._is_idle()

    def _is_idle(self) -> bool:
        return bool(self.connection.pgconn.transaction_status == _IDLE)

    def _cursor(self, name: str | None = None) -> Any:
        self.close_if_health_check_failed()
        self.ensure_connection()
        self._set_variables()
        return super()._cursor(name)  # type: ignore[misc]

    def get_psycopg_connection(self) -> "psycopg.Connection[Any]":
        """The psycopg connection, open and set to this request's tenant, for statements planned by the engine."""
        if self.connection is None:
            self.ensure_connection()
        if self._was_set_in_transaction or self._server_state != (self.tenant, self.caller):
            self._set_variables()
        self.validate_no_broken_transaction()
        return self.connection  # type: ignore[no-any-return]

    def establish(self, statement: bytes, parameters: Sequence[bytes | None]) -> tuple[Any, ...]:
        """Run the one statement that itself sets the variables; its first columns are the tenant and the caller it set.

        ``statement`` has parameters ``$1``, ``$2``..., given in text form. The answer is the whole row, the practice
        id (or None) and the caller first. A connection that the server has closed meanwhile is opened anew, once:
        nobody can have begun a transaction on it in this request.
        """
        self._server_state, self.tenant, self.caller = _UNKNOWN, None, ""
        self.ensure_connection()
        try:
            row = self._fetch_row(statement, parameters)
        except psycopg.Error:
            if self.connection.pgconn.status == pq.ConnStatus.OK or self.in_atomic_block:
                raise
            self.close()
            self.ensure_connection()
            row = self._fetch_row(statement, parameters)
        self._server_state = self.tenant, self.caller = row[0], row[1]
        self._was_set_in_transaction = not self._is_idle()
        return row

    def fetch_rows(
        self, statement: bytes, parameters: Sequence[bytes | None], *, custom_plan: bool = False
    ) -> list[tuple[Any, ...]]:
        """Run a statement of the engine for this request's tenant: ``$1``, ``$2``... in text form, rows in binary.

        It is prepared once a connection; with ``anew``, PostgreSQL plans it for these very values. Raises
        psycopg.Error.
        """
        raw = self.get_psycopg_connection()
        if not raw.autocommit and self._is_idle():
            raw.pgconn.exec_(b"BEGIN")  # as psycopg's own cursors would
        result = (
            self._run_unnamed(statement, parameters)
            if custom_plan
            else self._run_prepared(statement, parameters)
        )
        return self._load_rows(result)

    def _fetch_row(self, statement: bytes, parameters: Sequence[bytes | None]) -> tuple[Any, ...]:
        (row,) = self._load_rows(self._run_prepared(statement, parameters))
        return row

    def _load_rows(self, result: Any) -> list[tuple[Any, ...]]:
        reader = self._transformer
        reader.set_pgresult(result)
        try:
            found: list[tuple[Any, ...]] = reader.load_rows(0, result.ntuples, tuple)
            return found
        finally:
            reader.set_pgresult(None)  # it would keep the result until the next one

    def _run_prepared(self, statement: bytes, parameters: Sequence[bytes | None]) -> Any:
        """Run a statement that each connection prepares once. Raises psycopg.Error.

        Past psycopg's own bookkeeping, which forgets its prepared statements at every rollback; and past its
        transactions: outside of one, this is a transaction of its own.
        """
        pgconn = self.connection.pgconn
        name = self._statement_names.get(statement)
        if name is None:
            name = b"planned%d" % len(self._statement_names)
            result = pgconn.prepare(name, statement)
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise error_from_result(result)
            self._statement_names[statement] = name
        return _require_rows(pgconn.exec_prepared(name, parameters, None, pq.Format.BINARY))

    def _run_unnamed(self, statement: bytes, parameters: Sequence[bytes | None]) -> Any:
        return _require_rows(
            self.connection.pgconn.exec_params(statement, parameters, None, None, pq.Format.BINARY)
        )

    # A rolled-back transaction takes the variable back to what it was before.
    def _rollback(self) -> None:
        self._server_state = _UNKNOWN
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        # Nothing may go out before it does: the transaction may be in error.
        self._server_state, self._was_set_in_transaction = (self.tenant, self.caller), False
        try:
            super()._savepoint_rollback(sid)  # type: ignore[misc]
        finally:
            self._server_state = _UNKNOWN
