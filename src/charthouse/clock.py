"""What time it is. The only place that may ask the operating system for it.

Codes, tokens, quotas and timestamps all follow this clock, so that a sandbox or a test can move it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _offset


def ahead() -> timedelta:
    """How far this clock is ahead of the system's."""
    return _offset


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Run a block with the clock moved, in this process only."""
    global _offset
    before = _offset
    _offset = before + by
    try:
        yield
    finally:
        _offset = before
