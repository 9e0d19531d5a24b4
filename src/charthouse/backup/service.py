"""The process, separate from the worker, that backs up: it streams WAL and new files to the destination, and starts
backups and drills when they are due.

``python -m charthouse.backup.service`` runs it; the worker starts it when CHARTHOUSE_BACKUP is set. It has no Django.
"""

import logging
import logging.config
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg

from charthouse import clock, logs, processes, retries
from charthouse.backup import clusters, destinations, lines, opening, runs, streaming
from charthouse.backup.clusters import Cluster
from charthouse.backup.configuration import Configuration, read_configuration
from charthouse.backup.manifests import FULL, INCREMENTAL, LOGICAL
from charthouse.backup.repository import Repository, RepositoryError
from charthouse.backup.sealing import SealError
from charthouse.backup.streaming import Stream, StreamBroken
from charthouse.backup.writers import OtherWriter
from charthouse.datadir import CommandError

logger = logging.getLogger("charthouse.backup")

INTERVAL = 3.0  # seconds between two cycles
NOTE_INTERVAL = timedelta(seconds=20)
RETRY_AFTER = timedelta(minutes=15)  # a backup or drill that failed
OTHER_WAIT = 20.0  # seconds until it is tried again to take over from another process
STOP_GRACE = 10.0  # seconds to wait for web servers that are stopping too
FAILURES = (
    StreamBroken,
    OSError,
    psycopg.Error,
    RepositoryError,
    SealError,
    CommandError,
    lines.RecipientChanged,
    OtherWriter,
)
_SESSIONS = (
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and application_name = 'charthouse'"
)


class Service:
    """Backs up continuously until ``stop`` is set."""

    def __init__(self, configuration: Configuration, stop: threading.Event) -> None:
        self._configuration, self._stop = configuration, stop
        self._cluster = Cluster(configuration.database_url, configuration.data)
        self._delays = retries.RetryDelays()
        self._run: subprocess.Popen[bytes] | None = None
        self._history: deque[tuple[datetime, int]] = deque(maxlen=100)
        self._noted_at: datetime | None = None

    def run(self) -> None:
        """Run until stopped. What fails is logged, noted in the database, and tried again."""
        while not self._stop.is_set():
            try:
                self._work()
            except FAILURES as error:
                self._report(error)
            self._stop.wait(self._delays.next_delay())
        self._end_run()

    def _work(self) -> None:
        repository = opening.open_for_backup(self._configuration)
        storage = destinations.connect(self._configuration.files)
        found = self._cluster.read_state()
        if not found.may_replicate:
            self._delays.note_start()
            while not self._stop.wait(INTERVAL):
                self._start_due(repository)
            return
        state = self._configuration.state
        with streaming.open_stream(self._cluster, repository, storage, state) as stream:
            if stream is None:
                self._stop.wait(OTHER_WAIT)
                return
            self._delays.note_start()
            while not self._stop.wait(INTERVAL):
                self._run_cycle(stream)
                self._start_due(repository)
            self._finish(stream)

    def _run_cycle(self, stream: Stream) -> None:
        now = clock.now()
        written, received = stream.read_progress()
        position = stream.run_cycle()
        # What is stored now was received before the last cycle: see Stream.run_cycle.
        stored = [at for at, lsn in self._history if lsn <= stream.received_before]
        self._history.append((now, written))
        stream.received_before = received
        if stored and (self._noted_at is None or now - self._noted_at >= NOTE_INTERVAL):
            runs.note_stream(self._cluster, stream.line.id, stored[-1], position)
            self._noted_at = now

    def _finish(self, stream: Stream) -> None:
        """Store what web servers that are stopping still write."""
        pause = threading.Event()
        with self._cluster.connect() as connection:
            until = time.monotonic() + STOP_GRACE
            while time.monotonic() < until and connection.execute(_SESSIONS).fetchone() != (0,):
                stream.run_cycle()
                pause.wait(0.2)
        runs.note_stream(self._cluster, stream.line.id, clock.now(), stream.run_cycle())
        stream.finish()

    def _report(self, error: BaseException) -> None:
        text = (
            type(error).__name__ if isinstance(error, psycopg.Error) else f"{type(error).__name__}: {error}"
        )
        logger.error("the continuous backup has stopped, and is tried again: %s", text)
        with suppress(psycopg.Error):
            runs.note_stream_error(self._cluster, text)
        if isinstance(error, StreamBroken) and error.lost:
            logger.error("WAL was lost: a new full backup is made")
            (self._configuration.state / lines.FILE).unlink(missing_ok=True)

    # -- backups and drills -------------------------------------------------------------------------------------

    def _start_due(self, repository: Repository) -> None:
        if self._run is not None:
            if self._run.poll() is None:
                return
            self._run = None
        configuration = self._configuration
        if self._needs_new_line(repository) or self._is_due(
            (FULL, INCREMENTAL, LOGICAL), configuration.every
        ):
            self._start(["backup"])
        elif self._needs_drill(repository):
            self._start(["backup", "verify"])

    def _needs_drill(self, repository: Repository) -> bool:
        every = self._configuration.drill_every
        return (
            bool(every) and _can_open(repository, self._configuration) and self._is_due((runs.DRILL,), every)
        )

    def _needs_new_line(self, repository: Repository) -> bool:
        """Tell whether the line has no backup yet: WAL alone can't be restored."""
        line = lines.read_line(self._configuration.state)
        last = runs.find_last(self._cluster, (FULL, INCREMENTAL, LOGICAL))
        if line is None or (last is not None and not last.ok and clock.now() - last.started_at < RETRY_AFTER):
            return False
        if last is not None and last.ok and last.line == line.id:
            return False
        return not any(manifest.line == line.id for manifest in repository.list_backups())

    def _is_due(self, kinds: Sequence[str], every: timedelta) -> bool:
        last = runs.find_last(self._cluster, tuple(kinds))
        if last is None:
            return True
        return clock.now() - last.started_at >= (every if last.ok else min(every, RETRY_AFTER))

    def _start(self, arguments: list[str]) -> None:
        self._run = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "charthouse", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=clusters.follow_parent,
        )

    def _end_run(self) -> None:
        if self._run is not None and self._run.poll() is None:
            self._run.terminate()
            try:
                self._run.wait(5)
            except subprocess.TimeoutExpired:
                self._run.kill()
                self._run.wait()


def _can_open(repository: Repository, configuration: Configuration) -> bool:
    """Tell whether this server has what opens the backups, so that it can drill by itself."""
    has_passphrase = configuration.passphrase_file and repository.description.identity is not None
    return bool(configuration.identity_file or has_passphrase)


def main() -> None:
    """Run the service until SIGTERM, or until the worker has ended."""
    os.nice(5)
    processes.follow_parent()
    configuration = read_configuration()
    logging.config.dictConfig(logs.build_config(os.environ.get(logs.VARIABLE, ""), configuration.data))
    logs.install_hooks()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Service(configuration, stop).run()


if __name__ == "__main__":
    main()
