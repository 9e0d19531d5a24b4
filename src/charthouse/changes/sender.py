"""The webhook sender of the worker: waits for changes, creates the deliveries and sends them.

Many attempts run at once, but few to each receiver, adapted to how fast it answers. A receiver that is slow or does not
answer gets one at a time, and does not delay the others.
"""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import aiohttp
import psycopg
from django.db import connections

from charthouse import clock, logs, retries
from charthouse.changes import delivery_queue, fanout, http_client
from charthouse.changes.delivery_queue import Claim, Outcome, Result
from charthouse.changes.event_catalog import get_format
from charthouse.engine.sql.failures import classify
from charthouse.identity import faults, incarnations
from charthouse.identity.sealed_secrets import UnsealError, unseal

logger = logging.getLogger("charthouse.changes")

T = TypeVar("T")
CHANNEL = "charthouse_change"
MAX_ATTEMPTS = 1500  # that run at once
INITIAL_LIMIT, MAX_LIMIT = 2, 16  # attempts at once to one receiver: at first, and while it answers fast
SLOW_RECEIVER = 1.0  # seconds
POLL_INTERVAL = 1.0  # seconds; finds retries that have become due, and lost notifications
HIDDEN = "(not kept)"
SHOWN_HEADERS = (
    "Content-Type",
    "User-Agent",
    "X-drchrono-event",
    "X-drchrono-delivery",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
)
RESULT_DELAY = 0.01  # seconds to collect finished attempts before they are recorded
MIN_RECHECK, MAX_RECHECK = (
    0.02,
    0.5,
)  # seconds between checks for a change that waits for an older transaction
RECONNECT_DELAY, MAX_RECONNECT_DELAY = (
    1.0,
    10.0,
)  # seconds to wait after a database error, at first and at most


def hide_secrets(kind: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an attempt as they may be kept: of a practice's own, and of an app's secret, the names alone."""
    shown = SHOWN_HEADERS if kind == "app" else SHOWN_HEADERS[:2]
    return {name: value if name in shown else HIDDEN for name, value in headers.items()}


class Sender:
    """Sends webhooks until it is canceled; then finishes running attempts within ``grace`` seconds."""

    def __init__(self, grace: float = 8.0) -> None:
        self._grace = grace
        self._changed, self._due = asyncio.Event(), asyncio.Event()
        self._running: Counter[int] = Counter()
        self._limits: dict[int, int] = {}
        self._results: list[Result] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._feed_thread = ThreadPoolExecutor(1, "change-feed")
        self._queue_thread = ThreadPoolExecutor(1, "deliveries")

    async def run(self) -> None:
        """Run until canceled."""
        _raise_file_limit()
        async with http_client.open_session() as client:
            loops = [
                asyncio.create_task(self._run_forever(work))
                for work in (self._listen, self._fan_out, lambda: self._send(client))
            ]
            try:
                await asyncio.gather(*loops)
            finally:
                for task in loops:
                    task.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
                await self._finish()

    async def _run_forever(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a loop, and restart it after an error, such as a lost database connection."""
        delays = retries.RetryDelays(RECONNECT_DELAY, MAX_RECONNECT_DELAY)
        await retries.run_forever(work, self._note_error, delays)

    def _note_error(self, error: BaseException | None) -> None:
        if error is not None and classify(error) is None:
            logger.error("webhooks: unexpected\n%s", logs.describe_exception(error))
        elif error is not None:
            faults.outage.error("webhooks: %s; they begin again", type(error).__name__)

    async def _listen(self) -> None:
        """Listen for the notifications that the trigger of the change feed sends."""
        wrapper = connections["owner"]
        options = {
            name: value
            for name, value in wrapper.get_connection_params().items()
            if name not in ("context", "cursor_factory", "prepare_threshold", "server_side_binding")
        }
        connection = await psycopg.AsyncConnection.connect(**options, autocommit=True)
        async with connection:
            await connection.execute(f"listen {CHANNEL}")
            self._changed.set()
            async for _ in connection.notifies():
                self._changed.set()
                self._due.set()

    async def _fan_out(self) -> None:
        """Create deliveries from changes."""
        wait = POLL_INTERVAL
        while True:
            woken = await _wait_for_event(self._changed, wait)
            self._changed.clear()
            await self._run_in_thread(self._feed_thread, incarnations.begin_if_new)
            while await self._run_in_thread(self._feed_thread, fanout.create_deliveries):
                self._due.set()
            self._due.set()
            if not await self._run_in_thread(self._feed_thread, fanout.is_behind):
                wait = POLL_INTERVAL
            else:
                wait = MIN_RECHECK if woken or wait >= POLL_INTERVAL else min(wait * 2, MAX_RECHECK)

    async def _send(self, client: aiohttp.ClientSession) -> None:
        """Record finished attempts and start attempts of due deliveries."""
        while True:
            await _wait_for_event(self._due, POLL_INTERVAL)
            await asyncio.sleep(RESULT_DELAY)
            self._due.clear()
            results, self._results = self._results, []
            limit = MAX_ATTEMPTS - len(self._tasks)
            step = partial(
                delivery_queue.record_and_claim, results, self._free_capacity(), INITIAL_LIMIT, limit
            )
            try:
                claims = await self._run_in_thread(self._queue_thread, step)
            except BaseException:
                self._results = results + self._results
                raise
            for claim in claims:
                self._running[claim.delivery.webhook_id] += 1
                task = asyncio.create_task(self._attempt(client, claim))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _free_capacity(self) -> dict[int, int]:
        """Return how many more attempts may run at once, by id of the webhook, where that is known."""
        known = {*self._running, *self._limits}
        return {each: max(0, self._limits.get(each, INITIAL_LIMIT) - self._running[each]) for each in known}

    async def _attempt(self, client: aiohttp.ClientSession, claim: Claim) -> None:
        began = time.monotonic()
        try:
            outcome = await self.post(client, claim)
        except UnsealError:
            outcome = Outcome(None, 0, "the secret can't be opened")
        except Exception as error:  # the delivery is released in any case
            logger.error("webhooks: %s in an attempt", type(error).__name__)
            outcome = Outcome(None, 0, "could not be sent")
        self._adjust_limit(claim.delivery.webhook_id, outcome, time.monotonic() - began)
        self._results.append(Result(claim, outcome, clock.now()))
        self._due.set()

    async def post(self, client: aiohttp.ClientSession, claim: Claim) -> Outcome:
        """Send a delivery. Raises UnsealError."""
        # Receivers compare it with their own clock, which a sandbox's does not move.
        secret, seconds = unseal(claim.sealed_secret), int(clock.get_system_time().timestamp())
        headers = get_format(claim.kind).build_headers(claim.delivery, secret, seconds)
        outcome = await http_client.post(client, claim.url, headers, bytes(claim.delivery.body))
        return replace(outcome, headers=hide_secrets(claim.kind, headers))

    def _adjust_limit(self, webhook: int, outcome: Outcome, seconds: float) -> None:
        self._running[webhook] -= 1
        if not self._running[webhook]:
            del self._running[webhook]
        if outcome.status is None or seconds > SLOW_RECEIVER:
            self._limits[webhook] = 1
        else:
            self._limits[webhook] = min(MAX_LIMIT, self._limits.get(webhook, INITIAL_LIMIT) + 1)

    async def _finish(self) -> None:
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=self._grace)
            for task in left:
                task.cancel()
        with suppress(Exception):  # deliveries not released are claimed again after their lease
            await self._run_in_thread(
                self._queue_thread, lambda: delivery_queue.record_and_claim(self._results, {}, 0, 0)
            )
        for pool in (self._feed_thread, self._queue_thread):
            pool.submit(connections.close_all)
            pool.shutdown(wait=True)

    async def _run_in_thread(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Run a function in a thread that has its own database connections, which are closed after an error."""

        def guarded() -> T:
            try:
                return work()
            except Exception:
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(pool, guarded)


async def _wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so many seconds. Return whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _raise_file_limit() -> None:
    """Raise the soft limit of open files: each attempt has a socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_ATTEMPTS + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE,
                (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard),
            )
