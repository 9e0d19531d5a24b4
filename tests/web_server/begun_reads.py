"""A server whose reads are begun by the thread that waits for events, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from django.db import connections

from charthouse import wsgi
from charthouse.gateway.pipelined_reads import Call, PipelinedReads
from charthouse.web_server.event_loop import EventLoop
from tests.web_server.loops import Loop, run_loop


class Server:
    """A running loop. ``own``: how many calls were ended by the thread that waits for events."""

    def __init__(self, running: Loop, reads: PipelinedReads) -> None:
        self.running, self.reads, self.own = running, reads, 0

    def connect(self, token: str = "", **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        host, port = self.running.address
        return httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=60, **options)

    @contextmanager
    def expect_own(self, count: int) -> Iterator[None]:
        """Expect so many calls to be ended by the thread that waits for events."""
        before = self.own
        yield
        assert self.own - before == count

    def find_pid(self) -> int:
        assert self.reads._pipeline is not None
        return int(self.reads._pipeline._pgconn.backend_pid)


@contextmanager
def run_server(directory: Path) -> Iterator[Server]:
    """Run one. ``directory``: of its temporary files."""
    reads = PipelinedReads(wsgi.accepts_read, wsgi.begin_read)
    run, run_thread = Call.run, EventLoop._run

    def count(call: Call) -> Any:
        server.own += call.is_answered
        return run(call)

    def close_connections(loop: EventLoop) -> None:
        run_thread(loop)
        connections.close_all()

    with (
        mock.patch.object(EventLoop, "_run", close_connections),
        mock.patch.object(Call, "run", count),
        run_loop(wsgi.application, directory, reads=reads) as running,
    ):
        server = Server(running, reads)
        yield server
        assert running.errors == []
    if reads._pipeline is not None:
        reads._pipeline.close()
