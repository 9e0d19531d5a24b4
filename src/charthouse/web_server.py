"""The web server's processes: how they load the application, and how they end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from granian.server.mp import MPServer

from charthouse import logs, processes
from charthouse.datadir import CommandError
from charthouse.operation import draining

DRAIN = signal.SIGUSR1  # tells a process that it will be stopped


class DrainingServer(MPServer):
    """Granian, whose processes close connections after their answers for a while before they are stopped."""

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, DRAIN)
        time.sleep(draining.SECONDS)
        super()._stop_workers()  # type: ignore[no-untyped-call]


@contextmanager
def serve_metrics(address: str, data: Path) -> Iterator[None]:
    """Serve metrics at ``address`` (host:port) within a block, in a process of its own; nothing if it is empty. Raises
    CommandError."""
    if not address:
        yield
        return
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError("CHARTHOUSE_METRICS is an address and a port, as in 127.0.0.1:9464")
    if (reason := processes.find_bind_error(host, int(port))) is not None:
        raise CommandError(f"metrics can't be served at {address}: {reason}.")
    # Files that the web server's processes count in; the metrics of an address begin anew with its server.
    counts = data / "metrics" / port
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "charthouse.metrics_server", host, port, str(os.getpid())],
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(counts, ignore_errors=True)


class ApplicationLoader:
    """Loads the application in a web server process, which then ends when its parent does."""

    def __init__(self, parent: int) -> None:
        self.parent = parent

    def __call__(self) -> Callable[..., Any]:
        # Until Granian sets its own handler, the main process's is in place, which would ignore the signal.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # The main process handles Ctrl-C and stops this one; a second signal may keep Granian from ending.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(DRAIN, lambda *_: draining.start())
        processes.follow_process(self.parent)
        logs.install_hooks()
        from charthouse.wsgi import application  # after the fork: importing it builds the routers

        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            from charthouse.operation import request_metrics

            request_metrics.start()
        if settings.SANDBOX:
            from charthouse.sandbox.control.application import SandboxApplication

            return SandboxApplication(application)
        return application
