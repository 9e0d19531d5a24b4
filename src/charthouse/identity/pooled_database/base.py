"""The backend for connections through a pooler that keeps no sessions, such as PgBouncer in transaction mode.

Each transaction may run on another connection to the server, and its connections serve all practices in turn. So
nothing is left in a session and nothing is expected of one: role, limits, tenant and caller are set in each
transaction, for that transaction alone, and statements are not prepared. A statement outside of a transaction is sent
together with the one that sets them, as one implicit transaction (libpq's pipeline mode), or, from Django's cursors,
between BEGIN and COMMIT.

A read is not sent ahead of the statement that authenticates: it would need a tenant that is not known yet.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg import pq
from psycopg.errors import error_from_result

from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity.database import base

_UNKNOWN = base._UNKNOWN
_Sent = tuple[bytes, Sequence[bytes | None]]  # a statement and its parameters
# What the statement that authenticates sets lasts for a session.
_CLEAR: _Sent = (
    b"select set_config('charthouse.practice', '', false), set_config('charthouse.caller', '', false)",
    (),
)


class TransactionCursor(ServerBindingCursor):
    """A cursor whose statements run in a transaction that has the role and the tenant."""

    @property
    def wrapper(self) -> "DatabaseWrapper":
        return self.connection.charthouse_wrapper  # type: ignore[no-any-return,attr-defined]

    def execute(self, *arguments: Any, **options: Any) -> Any:
        with self.wrapper.ensure_transaction():
            return super().execute(*arguments, **options)  # type: ignore[misc]

    def executemany(self, *arguments: Any, **options: Any) -> Any:
        with self.wrapper.ensure_transaction():
            return super().executemany(*arguments, **options)  # type: ignore[misc]

    def copy(self, *arguments: Any, **options: Any) -> Any:
        """COPY within a transaction only."""
        self.wrapper.require_transaction()
        return super().copy(*arguments, **options)  # type: ignore[misc]

    def stream(self, *arguments: Any, **options: Any) -> Any:
        """Read rows as they come, within a transaction only."""
        self.wrapper.require_transaction()
        return super().stream(*arguments, **options)  # type: ignore[misc]


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection to the pooler."""

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": TransactionCursor}

    def _set_up_session(self, new_connection: Any) -> None:
        """There is none: see ``_set_variables``."""
        self.is_pooled = True
        new_connection.charthouse_wrapper = self

    def create_cursor(self, name: str | None = None) -> Any:
        if name is not None:
            self.require_transaction()
        return super().create_cursor(name)

    def _set_variables(self) -> None:
        """Set role and variables in the transaction that is open, or that autocommit's absence opens. Outside of one,
        each statement brings them along."""
        if self._is_idle():
            self._server_state = _UNKNOWN
            if self.connection.autocommit:
                return
            self._send_together((b"begin", ()), self._make_local_settings())
        elif self._server_state == (self.tenant, self.caller):
            return
        else:
            self._send_together(self._make_local_settings())
        self._server_state, self._was_set_in_transaction = (self.tenant, self.caller), True

    @contextmanager
    def ensure_transaction(self) -> Iterator[None]:
        """Run the block in the open transaction, or in one of its own."""
        if not (self._is_idle() and self.connection.autocommit):
            if self.connection.pgconn.transaction_status != pq.TransactionStatus.INERROR:
                self._set_variables()
            yield
            return
        self._send_together((b"begin", ()), self._make_local_settings())
        try:
            yield
        except BaseException:
            if self.connection.pgconn.status == pq.ConnStatus.OK:
                self.connection.pgconn.exec_(b"rollback")
            raise
        result = self.connection.pgconn.exec_(b"commit")
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)

    def require_transaction(self) -> None:
        """Raises RuntimeError outside of a transaction."""
        if self._is_idle():
            raise RuntimeError("behind a pooler this needs a transaction")

    def begin_snapshot(self, snapshot: str = "") -> None:
        statements = [(statement.encode(), ()) for statement in base.render_snapshot(snapshot)]
        self._send_together(*statements, self._make_local_settings())
        self._server_state, self._was_set_in_transaction = (self.tenant, self.caller), True

    def establish(
        self, statement: bytes, parameters: Sequence[bytes | None], ahead: BoundStatement | None = None
    ) -> tuple[Any, ...]:
        row = super().establish(statement, parameters)
        self._server_state = _UNKNOWN
        return row

    def _fetch_row(
        self, statement: bytes, parameters: Sequence[bytes | None], ahead: BoundStatement | None
    ) -> tuple[Any, ...]:
        _, found, _ = self._send_together(self._make_local_settings(), (statement, parameters), _CLEAR)
        (row,) = self._load_rows(found)
        return row

    def fetch_rows(
        self, statement: bytes, parameters: Sequence[bytes | None], *, custom_plan: bool = False
    ) -> list[tuple[Any, ...]]:
        self.get_psycopg_connection()
        if self._is_idle():  # without autocommit, get_psycopg_connection has begun a transaction
            found = self._send_together(self._make_local_settings(), (statement, parameters))[1]
        else:
            found = base.require_rows(
                self.connection.pgconn.exec_params(statement, parameters, None, None, pq.Format.BINARY)
            )
        return self._load_rows(found)

    def _make_local_settings(self) -> _Sent:
        """The statement that sets role, limits, tenant and caller until the end of the transaction."""
        wanted: dict[str, str] = self.settings_dict["OPTIONS"]["session"]
        settings = base.format_session(wanted, is_local=True)
        text = f"{settings}, set_config('charthouse.practice', $1, true), set_config('charthouse.caller', $2, true)"
        tenant = b"" if self.tenant is None else b"%d" % self.tenant
        return text.encode(), (tenant, self.caller.encode())

    def _send_together(self, *statements: _Sent) -> list[Any]:
        """Run statements in one trip: in the open transaction, or as one implicit transaction. Return their results.
        Raises psycopg.Error for the first that fails; those after it have not run."""
        pgconn = self.connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            for text, parameters in statements:
                pgconn.send_query_params(text, parameters, None, None, pq.Format.BINARY)
            pgconn.pipeline_sync()
            received = [self._receive() for _ in range(2 * len(statements) + 1)]
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()  # what is still to come must not be read as the result of another statement
            raise
        results = received[:-1:2]
        for result in results:
            if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise error_from_result(result)
        return results
