"""Which rows of the record have been loaded while a page was made, for the audit.

``tenancy.Record`` notes each row that the ORM loads; what reads rows in another way notes them itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_loaded: ContextVar[dict[str, set[int]] | None] = ContextVar("loaded_rows", default=None)


@contextmanager
def collect() -> Iterator[dict[str, set[int]]]:
    """Collect the ids of the rows that are loaded within the block, by table."""
    found: dict[str, set[int]] = {}
    token = _loaded.set(found)
    try:
        yield found
    finally:
        _loaded.reset(token)


def note(table: str, ids: Iterable[int]) -> None:
    """Note that rows were loaded; nothing where nobody collects."""
    if (found := _loaded.get()) is not None:
        found.setdefault(table, set()).update(ids)
