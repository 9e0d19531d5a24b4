"""Running what may hang in a thread of its own, so that those who ask for its result wait a bounded time."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from charthouse.identity import faults

T = TypeVar("T")


class Prober(Generic[T]):
    """Runs a function in a thread, one run at a time, and gives a result of the last ``fresh`` seconds again.

    A caller waits ``patience`` seconds from the start of the run, and then gets ``failed``, as where the run raises.
    """

    def __init__(self, run: Callable[[], T], failed: T, *, patience: float, fresh: float) -> None:
        self._run, self._failed, self._patience, self._fresh = run, failed, patience, fresh
        self._lock = threading.Lock()
        self._result = failed
        self._ended_at = float("-inf")
        self._running: threading.Event | None = None
        self._began_at = 0.0

    def get(self) -> T:
        """Return a fresh result."""
        with self._lock:
            now = time.monotonic()
            if now - self._ended_at < self._fresh:
                return self._result
            if self._running is None:
                self._running, self._began_at = threading.Event(), now
                threading.Thread(target=self._probe, args=(self._running,), name="probe", daemon=True).start()
            running, remaining = self._running, self._began_at + self._patience - now
        return self._result if running.wait(max(0.0, remaining)) else self._failed

    def _probe(self, ended: threading.Event) -> None:
        try:
            result = self._run()
        except Exception as error:
            faults.handle_exception(error, "a probe")
            result = self._failed
        with self._lock:
            self._result, self._ended_at, self._running = result, time.monotonic(), None
        ended.set()
