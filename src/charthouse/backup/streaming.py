"""Continuous backup: WAL, received by pg_receivewal into a spool and stored from there every few seconds, and the files
that were stored meanwhile.

WAL is stored one cycle after it was received, and after the files: whatever point in time a restore ends at, the files
of its rows are in the backup.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from charthouse import durable
from charthouse.backup import clusters, lines, manifests, stored_files, wal
from charthouse.backup.clusters import Cluster, ClusterState
from charthouse.backup.destinations import Destination
from charthouse.backup.lines import Line
from charthouse.backup.repository import Repository
from charthouse.backup.stored_files import FileBackup
from charthouse.backup.writers import OtherWriter, Writer

_PROGRESS = """
select pg_current_wal_flush_lsn()::text,
       (select max(write_lsn)::text from pg_stat_replication where application_name = %s)
"""
LAST_FILE = "last_file"  # in the state directory: id of the last row whose file was copied


class StreamBroken(Exception):
    """WAL can't be received any more. ``lost``: some of it is missing, so that a new line has to begin."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class Stream:
    """Stores the WAL of a line while it is open. One at a time: the caller holds STREAM_LOCK."""

    def __init__(
        self,
        cluster: Cluster,
        found: ClusterState,
        repository: Repository,
        storage: Destination,
        line: Line,
        state: Path,
        writer: Writer,
    ) -> None:
        self._cluster, self._found, self._repository, self.line = cluster, found, repository, line
        self._state, self._spool, self._writer = state, state / "spool", writer
        self._application = f"charthouse {line.id}"[:63]
        self._store = wal.WalStore(repository, line.id, found.segment_size)
        self._files = FileBackup(cluster, storage, repository)
        self._received = wal.Received()
        self.received_before = 0  # the position that was received before the cycle before
        self._receiver: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Stream":
        durable.make_directory(self._spool, mode=0o700)
        self._resume_files()
        access, environment = self._stack.enter_context(
            self._cluster.open_access(self._state, self._application)
        )
        arguments = [clusters.find_program("pg_receivewal"), *access, "--no-password", "--no-loop"]
        arguments += ["--directory", str(self._spool), "--status-interval", "2"]
        if self.line.slot:
            arguments += ["--slot", self._found.slot]
        log = self._stack.enter_context((self._state / "receiver.log").open("w+b"))
        self._log = log
        self._receiver = subprocess.Popen(  # noqa: S603
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=clusters.follow_parent,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._receiver is not None and self._receiver.poll() is None:
            self._receiver.terminate()
            try:
                self._receiver.wait(5)
            except subprocess.TimeoutExpired:
                self._receiver.kill()
                self._receiver.wait()
        self._stack.close()

    def _resume_files(self) -> None:
        """Go on with the files where the process before has ended; on a line without a backup, with those to come."""
        backups = [each for each in self._repository.list_backups() if each.line == self.line.id]
        try:
            last = int((self._state / LAST_FILE).read_text())
        except (FileNotFoundError, ValueError):
            last = None
        if last is None or not backups:
            self._files.skip_existing()
            durable.write_file(self._state / LAST_FILE, str(self._files.last_id).encode())
            return
        names = [backups[-1].name_object(manifests.FILES)]
        for name in (*names, *stored_files.list_journal(self._repository, self.line.id)):
            self._files.remember(stored_files.read_entries(self._repository, name))
        self._files.resume(last)

    def run_cycle(self) -> int:
        """Store what the cycle before has seen, and return the position up to which WAL is stored.

        Raises StreamBroken, OtherWriter, OSError, psycopg.Error.
        """
        self._check()
        self._writer.confirm()
        received = wal.scan(self._spool, self.line.timeline)
        entries = self._files.copy_new()
        if entries:
            stored_files.store_journal(self._repository, self.line.id, entries)
            durable.write_file(self._state / LAST_FILE, str(self._files.last_id).encode())
        first = next(iter(received.complete), received.partial)
        if first and self._store.has_gap_before(first):
            raise StreamBroken("WAL is missing between two segments", lost=True)
        self._store.store(self._spool, self._received)
        self._received = received
        return self._store.end

    def read_progress(self) -> tuple[int, int]:
        """Return the positions up to which the server has written WAL, and up to which pg_receivewal says that it has
        received it; where that is not for this role to read (pg_read_all_stats), up to which the last cycle has found
        it. Raises psycopg.Error."""
        with self._cluster.connect() as connection:
            row = connection.execute(_PROGRESS, [self._application]).fetchone()
        assert row is not None
        written, received = row
        if received is None:
            return manifests.parse_lsn(written), self._received.find_end(self._found.segment_size)
        return manifests.parse_lsn(written), manifests.parse_lsn(received)

    def finish(self, within: float = 10.0) -> int:
        """Store all that has been written up to now, if it arrives within so many seconds. Return the position."""
        target = self._cluster.mark_position()
        pause = threading.Event()
        for _ in range(max(2, int(within / 0.1))):
            position = self.run_cycle()
            if position >= target:
                break
            pause.wait(0.1)
        return position

    def _check(self) -> None:
        assert self._receiver is not None
        if self._receiver.poll() is None:
            return
        self._log.seek(0)
        message = self._log.read().decode(errors="replace")
        lost = "has already been removed" in message or "timeline" in message
        raise StreamBroken(clusters.describe_failure("pg_receivewal", message), lost=lost)


@contextmanager
def open_stream(
    cluster: Cluster, repository: Repository, storage: Destination, state: Path
) -> Iterator[Stream | None]:
    """Open the stream of this installation's line, a new one if need be, for a block. Yields None when another process
    has it. Raises RecipientChanged, OtherWriter, psycopg.Error."""
    cluster.prepare()
    with lines.hold_lock(cluster, lines.STREAM_LOCK) as held:
        if held is None:
            yield None
            return
        found = cluster.read_state()
        line = lines.find_line(cluster, found, repository, state)
        if line is None:
            (state / LAST_FILE).unlink(missing_ok=True)
            line = lines.begin_line(cluster, found, repository, state)
        writer = Writer(cluster, repository, line.id)
        writer.claim()
        try:
            with Stream(cluster, found, repository, storage, line, state, writer) as stream:
                yield stream
        finally:
            writer.leave()


class BackgroundStream:
    """Runs the cycles of a stream in a thread, while the main one makes a backup."""

    def __init__(self, stream: Stream, interval: float = 0.5) -> None:
        self._stream, self._interval = stream, interval
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backup-stream", daemon=True)
        self.error: Exception | None = None

    def __enter__(self) -> "BackgroundStream":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ending.wait(self._interval):
                self._stream.run_cycle()
        except (StreamBroken, OtherWriter, OSError, psycopg.Error) as error:
            self.error = error
