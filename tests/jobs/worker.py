"""A worker that runs all waiting jobs and ends."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from procrastinate.contrib.django import app

from charthouse.jobs import queue_connections

QUEUE = "lists"


def work_off(queue: str = QUEUE) -> None:
    """Run all waiting jobs of a queue."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        with app.replace_connector(queue_connections.make_connector()) as background:
            async with background.open_async():
                await background.run_worker_async(
                    queues=[queue], wait=False, concurrency=1, install_signal_handlers=False
                )
        await loop.run_in_executor(None, connections.close_all)

    asyncio.run(run())
