"""Running the backup service alongside the worker."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from charthouse import processes, retries
from charthouse.backup.configuration import PREFIX

logger = logging.getLogger("charthouse.backup")

STOP_TIMEOUT = 40.0  # seconds to store the last WAL


@contextmanager
def run_service() -> Iterator[None]:
    """Run the backup service for a block, if backups are configured; start it again whenever it ends."""
    if not os.environ.get(PREFIX):
        yield
        return
    runner = _Runner()
    runner.start()
    try:
        yield
    finally:
        runner.stop()


class _Runner:
    def __init__(self) -> None:
        self._ending, self._lock = threading.Event(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="backup-service", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._ending.set()
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
        self._thread.join(STOP_TIMEOUT)
        if self._process is not None and self._process.poll() is None:
            logger.error("the backup service did not end, and is killed")
            self._process.kill()

    def _run(self) -> None:
        delays = retries.RetryDelays()
        while not self._ending.is_set():
            delays.note_start()
            with self._lock:
                if self._ending.is_set():
                    return
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "charthouse.backup.service"],
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, processes.PARENT_VARIABLE: str(os.getpid())},
                    start_new_session=True,  # Ctrl-C reaches the worker, which stops it
                )
            code = self._process.wait()
            if not self._ending.is_set():
                logger.error("the backup service ended with %d, and is started again", code)
                self._ending.wait(delays.next_delay())
