"""A worker that can be paused: nothing of it runs, or is connected, while the database is exchanged."""

import asyncio
import gc
import hashlib
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings

PAUSED = b"paused\n"
TIMEOUT = 20.0  # seconds for the worker to finish what it does
MAX_SOCKET_PATH = 100  # bytes


def get_socket_path(name: str = "worker") -> str:
    """Return the path of the socket of a process: in the data directory, or under /tmp where that is too long."""
    path = Path(settings.DATA) / f"{name}.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return str(path)
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return f"/tmp/charthouse-{name}-{digest}"  # noqa: S108


@contextmanager
def pause() -> Iterator[None]:
    """Pause the worker for a block. One that does not run is not waited for."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        with suppress(FileNotFoundError, ConnectionRefusedError, TimeoutError):
            connection.connect(get_socket_path())
            connection.recv(len(PAUSED))
        yield


class PausableWorker:
    """Runs what ``begin`` makes, again after each pause."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._begin = begin
        self._task: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor()
        self._one_pause, self._resumed = asyncio.Lock(), asyncio.Event()

    async def run(self) -> None:
        """Run until canceled, or until the work ends."""
        path = get_socket_path()
        Path(path).unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._pause, path)
        os.chmod(path, 0o600)
        self._resume()
        try:
            while True:
                await self._resumed.wait()
                assert self._task is not None
                await asyncio.wait([self._task])
                if self._resumed.is_set():
                    self._task.result()
                    return
        finally:
            server.close()
            await self._stop()
            Path(path).unlink(missing_ok=True)

    async def _pause(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pause for as long as the other end stays connected."""
        async with self._one_pause:
            self._resumed.clear()
            await self._stop()
            with suppress(ConnectionError):
                writer.write(PAUSED)
                await writer.drain()
                await reader.read()
            self._resume()
        writer.close()

    def _resume(self) -> None:
        # Threads keep their connections, which end in a pause: new ones get new threads.
        self._threads = ThreadPoolExecutor(thread_name_prefix="jobs")
        asyncio.get_running_loop().set_default_executor(self._threads)
        self._task = asyncio.create_task(self._begin())
        self._resumed.set()

    async def _stop(self) -> None:
        task = self._task
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.shield(asyncio.wait([task]))
        self._threads.shutdown()
        gc.collect()  # connections of the threads are in cycles, and hold descriptors
