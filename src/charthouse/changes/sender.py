"""The part of the worker that tells webhooks: wakes when something has changed, makes the deliveries, sends them.

Many attempts are under way at once, few for each receiver: as many as it has shown to take. One that is slow, or gives
no answer, has one at a time, and holds up nobody else.
"""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import aiohttp
import psycopg
from django.db import connections

from charthouse import clock
from charthouse.changes import fanout, http, queue
from charthouse.changes.catalogue import manner
from charthouse.changes.http import Outcome
from charthouse.changes.queue import Claim, Result
from charthouse.identity.secret import Broken, unseal

logger = logging.getLogger("charthouse.changes")

Answer = TypeVar("Answer")
CHANNEL = "charthouse_change"
AT_ONCE = 1500  # attempts under way
FIRST, MOST = 2, 16  # of them, for one receiver: to begin with, and when it takes them well
SLOW = 1.0  # seconds
POLL = 1.0  # seconds; what is due by the clock, and whatever no notice came of
GATHER = 0.01  # seconds that finished attempts are gathered for
SOONEST, LATEST = 0.02, 0.5  # seconds until a change is looked for again that waits for an older transaction
RETRY = 1.0  # seconds to wait for a database that can't be reached


class Sender:
    """Runs until it is cancelled; then what is under way is finished, for at most ``grace`` seconds."""

    def __init__(self, grace: float = 8.0) -> None:
        self._grace = grace
        self._changed, self._due = asyncio.Event(), asyncio.Event()
        self._under_way: Counter[int] = Counter()
        self._limits: dict[int, int] = {}
        self._results: list[Result] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._feed = ThreadPoolExecutor(1, "change-feed")
        self._queue = ThreadPoolExecutor(1, "deliveries")

    async def run(self) -> None:
        _more_files()
        async with http.session() as client:
            loops = [
                asyncio.create_task(self._again(work))
                for work in (self._listen, self._read, lambda: self._send(client))
            ]
            try:
                await asyncio.gather(*loops)
            finally:
                for task in loops:
                    task.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
                await self._finish()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """A loop goes on after the database was away."""
        while True:
            try:
                await work()
            except Exception as error:
                logger.error("webhooks: %s; again in a second", type(error).__name__)
                await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        """Notices of changes, from the trigger."""
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

    async def _read(self) -> None:
        """Changes → deliveries."""
        wait = POLL
        while True:
            woken = await _set_within(self._changed, wait)
            self._changed.clear()
            while await self._in(self._feed, fanout.fan_out):
                self._due.set()
            self._due.set()
            if not await self._in(self._feed, fanout.behind):
                wait = POLL
            else:
                wait = SOONEST if woken or wait >= POLL else min(wait * 2, LATEST)

    async def _send(self, client: aiohttp.ClientSession) -> None:
        """Deliveries that are due → attempts, and what came of them."""
        while True:
            await _set_within(self._due, POLL)
            await asyncio.sleep(GATHER)
            self._due.clear()
            results, self._results = self._results, []
            room = self._room()
            try:
                claims = await self._in(self._queue, partial(queue.step, results, **room))
            except BaseException:
                self._results = results + self._results
                raise
            for claim in claims:
                self._under_way[claim.delivery.webhook_id] += 1
                task = asyncio.create_task(self._attempt(client, claim))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _room(self) -> dict[str, Any]:
        busy = {*self._under_way, *self._limits}
        rooms = {each: max(0, self._limits.get(each, FIRST) - self._under_way[each]) for each in busy}
        return {"rooms": rooms, "usual": FIRST, "most": AT_ONCE - len(self._tasks)}

    async def _attempt(self, client: aiohttp.ClientSession, claim: Claim) -> None:
        delivery = claim.delivery
        began = time.monotonic()
        try:
            secret, seconds = unseal(claim.sealed_secret), int(clock.now().timestamp())
            headers = manner(claim.kind).headers(delivery, secret, seconds)
            outcome = await http.post(client, claim.url, headers, bytes(delivery.body))
        except Broken:
            outcome = Outcome(None, 0, "the secret can't be opened")
        except Exception as error:  # whatever it is, the delivery goes back
            logger.error("webhooks: %s in an attempt", type(error).__name__)
            outcome = Outcome(None, 0, "could not be sent")
        self._learn(delivery.webhook_id, outcome, time.monotonic() - began)
        self._results.append(Result(claim, outcome, clock.now()))
        self._due.set()

    def _learn(self, webhook: int, outcome: Outcome, seconds: float) -> None:
        self._under_way[webhook] -= 1
        if not self._under_way[webhook]:
            del self._under_way[webhook]
        if outcome.status is None or seconds > SLOW:
            self._limits[webhook] = 1
        else:
            self._limits[webhook] = min(MOST, self._limits.get(webhook, FIRST) + 1)

    async def _finish(self) -> None:
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=self._grace)
            for task in left:
                task.cancel()
        with suppress(Exception):  # what can't be put back is taken again when its lease has run out
            await self._in(self._queue, lambda: queue.step(self._results, {}, 0, 0))
        for pool in (self._feed, self._queue):
            pool.submit(connections.close_all)
            pool.shutdown(wait=True)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
        """Run in a thread that has its own connections; after an error it gets new ones."""

        def guarded() -> Answer:
            try:
                return work()
            except Exception:
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(pool, guarded)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for it, so long at most. Whether it was set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _more_files() -> None:
    """Each attempt has a socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = AT_ONCE + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE,
                (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard),
            )
