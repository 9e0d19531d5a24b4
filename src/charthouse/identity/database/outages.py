"""What connections of requests do while the database is lost.

Where DATABASE_URL names several hosts, a call waits for the next primary, until WAIT seconds after this process has
lost the former one: a planned switch takes no longer, so that its calls are late and not refused. When the database
comes back, functions that were registered run once before anybody goes on (``call_on_return``).
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

WAIT = 4.0  # seconds
RETRY_DELAY = 0.1  # seconds between two attempts

_lost_at: float | None = None
_returning = threading.Lock()
_returning_thread: int | None = None  # that runs the callbacks
_callbacks: list[Callable[[], None]] = []


def call_on_return(callback: Callable[[], None]) -> None:
    """Register a function that runs when the database comes back. It may use any connection of its thread but the one
    that has just been made."""
    _callbacks.append(callback)


def connect(attempt: Callable[[], Any]) -> Any:
    """Return what ``attempt`` returns. While it raises psycopg.OperationalError, it is tried again, or the error is
    raised when the time is up."""
    global _lost_at
    while True:
        try:
            return attempt()
        except psycopg.OperationalError:
            now = time.monotonic()
            _lost_at = lost_at = now if _lost_at is None else _lost_at
            if now - lost_at > WAIT:
                raise
            time.sleep(RETRY_DELAY)


def note_return() -> None:
    """Note that a connection has been made."""
    global _lost_at, _returning_thread
    if _lost_at is None or _returning_thread == threading.get_ident():  # a callback has made a connection
        return
    with _returning:
        if _lost_at is not None:
            _returning_thread = threading.get_ident()
            try:
                for callback in _callbacks:
                    callback()
            finally:
                _returning_thread = None
            _lost_at = None
