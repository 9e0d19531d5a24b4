"""Django's PostgreSQL backend, made unable to run a statement for the wrong practice.

Row security reads the session variable ``charthouse.practice``. A connection outlives the request it served, so the
variable outlives it too. This wrapper keeps what the current request has established (``tenant``) apart from what
the server holds (``_held``) and brings the two together before any statement goes out: a cursor can't be had
otherwise, and nothing has to be remembered at the end of a request.

On plain PostgreSQL the variable is set for the session, which costs no round trip of its own. Behind a transaction
pooler or Citus it must be set in each transaction: ``_hold`` is the one function to change.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import is_psycopg3

assert is_psycopg3

_UNKNOWN = object()


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection. ``tenant`` is a practice id, or None while no practice is established."""

    tenant: int | None = None
    _held: Any = _UNKNOWN

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._held = _UNKNOWN
        return super().get_new_connection(conn_params)

    def _hold(self) -> None:
        if self._held != self.tenant and self.connection is not None:
            value = "" if self.tenant is None else str(self.tenant)
            psycopg.Cursor(self.connection).execute(
                "select set_config('charthouse.practice', %s, false)", (value,), prepare=True
            )
            self._held = self.tenant

    def _cursor(self, name: str | None = None) -> Any:
        self.ensure_connection()
        self._hold()
        return super()._cursor(name)

    def raw(self) -> "psycopg.Connection[Any]":
        """The psycopg connection, open and set to this request's tenant, for statements planned by the engine."""
        if self.connection is None:
            self.ensure_connection()
        if self._held != self.tenant:
            self._hold()
        self.validate_no_broken_transaction()
        return self.connection  # type: ignore[no-any-return]

    def establish(self, statement: str, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the one statement that itself sets the variable; its first column is the tenant it set.

        Shape of the answer: the whole row, the practice id (or None) first.
        """
        if self.connection is None:
            self.ensure_connection()
        self._held, self.tenant = _UNKNOWN, None
        row = psycopg.Cursor(self.connection).execute(statement, parameters, prepare=True, binary=True).fetchone()
        assert row is not None
        self._held = self.tenant = row[0]
        return row  # type: ignore[no-any-return]

    # A rolled-back transaction takes the variable back to what it was before.
    def _rollback(self) -> None:
        self._held = _UNKNOWN
        super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        self._held = _UNKNOWN
        super()._savepoint_rollback(sid)
