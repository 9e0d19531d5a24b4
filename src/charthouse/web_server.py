"""The web server's processes: how they load the application, and how they end."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian.server.mp import MPServer

from charthouse import logs, processes
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

        return application
