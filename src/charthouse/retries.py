"""Trying again for as long as it takes, with growing delays: for processes that outlive their database."""

import asyncio
import time
from collections.abc import Awaitable, Callable

STEADY = 60.0  # seconds that something has to run until the next delay is short again


class RetryDelays:
    """Delays in seconds: doubled each time up to ``longest``, and from ``first`` again after a steady run."""

    def __init__(
        self, first: float = 0.5, longest: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first, self._longest, self._clock = first, longest, clock
        self._next, self._started = first, float("inf")

    def note_start(self) -> None:
        """Note that it runs."""
        self._started = self._clock()

    def next_delay(self) -> float:
        """Note that it has ended. Return how long to wait before it is started again."""
        if self._clock() - self._started >= STEADY:
            self._next = self._first
        self._started = float("inf")
        delay, self._next = self._next, min(self._longest, self._next * 2)
        return delay


async def run_forever(
    work: Callable[[], Awaitable[None]],
    note_end: Callable[[BaseException | None], None],
    delays: RetryDelays,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run ``work`` again whenever it ends or fails, until canceled. ``note_end`` gets the exception, if any."""
    while True:
        error: Exception | None = None
        delays.note_start()
        try:
            await work()
        except Exception as raised:
            error = raised
        note_end(error)
        await sleep(delays.next_delay())
