"""The statements that are prepared on one connection.

PostgreSQL keeps what it has prepared in memory until the connection ends, 80 to 160 kB a statement, and callers have
more combinations of parameters than there is room for: a connection that has MAX_PREPARED starts over.
"""

from collections.abc import Callable
from typing import Any

from psycopg import pq
from psycopg.errors import error_from_result

MAX_PREPARED = 250
# A statement for the one after it, in the same implicit transaction, to be planned for the values of its run. That it
# is prepared saves parsing it.
PLAN_FOR_VALUES = b"select set_config('plan_cache_mode', 'force_custom_plan', true)"
_FORGET_ALL = b"deallocate all"


class PreparedStatements:
    """``execute`` runs a statement, ``prepare`` prepares one under a name. Both return the result, or None where it is
    still to come."""

    def __init__(self, execute: Callable[[bytes], Any], prepare: Callable[[bytes, bytes], Any]) -> None:
        self._execute, self._prepare = execute, prepare
        self._names: dict[bytes, bytes] = {}

    def find_names(self, *statements: bytes) -> list[bytes]:
        """Return the names of statements, which are prepared if they are not. Raises psycopg.Error."""
        known = self._names
        try:
            return [known[text] for text in statements]
        except KeyError:
            new = {*statements} - known.keys()
        if len(known) + len(new) > MAX_PREPARED:
            require_done(self._execute(_FORGET_ALL))
            known.clear()
        for text in statements:
            if text not in known:
                name = b"planned%d" % len(known)
                require_done(self._prepare(name, text))
                known[text] = name
        return [known[text] for text in statements]


def require_done(result: Any) -> None:
    """Raises psycopg.Error if a command failed. ``result``: None where it is still to come."""
    if result is not None and result.status != pq.ExecStatus.COMMAND_OK:
        raise error_from_result(result)
