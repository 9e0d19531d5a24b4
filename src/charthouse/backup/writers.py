"""Who stores the WAL of a line: one process of one server. The lock in the database keeps two processes of a server
apart, but not two servers that were started on copies of one data directory: both would go on with its line, and what
is restored from there would be neither. So who writes says so in the repository, and looks whether another has.
"""

import contextlib
import secrets
from datetime import UTC, datetime, timedelta

import msgspec

from charthouse.backup.clusters import Cluster
from charthouse.backup.repository import Repository

BEAT = timedelta(seconds=10)  # between two times that a writer says that it is there
SILENCE = timedelta(seconds=45)  # after which another server may go on with the line
_SERVER = "select system_identifier::text || ' ' || pg_postmaster_start_time()::text from pg_control_system()"
EXPLANATION = (
    "Another server stores its WAL in the same line: it runs on a copy of this data directory, or this one of its. "
    "Nothing of this one is stored. In the copy, run charthouse pause, and set another CHARTHOUSE_BACKUP. "
    "Once the other server has ended, this one goes on within a minute."
)


class OtherWriter(Exception):
    """Another server writes to the line."""

    def __init__(self) -> None:
        super().__init__(EXPLANATION)


class _Note(msgspec.Struct, frozen=True):
    """``writer``: of one process; ``server``: of one start of a server; ``at``: UTC, by the machine's clock."""

    writer: str
    server: str
    at: datetime


class Writer:
    """The one who writes to a line. ``claim`` before the first write, ``confirm`` before each, ``leave`` at the end."""

    def __init__(self, cluster: Cluster, repository: Repository, line: str) -> None:
        self._repository, self._name = repository, f"writers/{line}"
        self._id = secrets.token_hex(8)
        with cluster.connect() as connection:
            row = connection.execute(_SERVER).fetchone()
        assert row is not None
        self._server: str = row[0]
        self._said_at = datetime.min.replace(tzinfo=UTC)

    def claim(self) -> None:
        """Become the writer, unless another server is. Raises OtherWriter, OSError."""
        found = self._read()
        if found is not None and found.server != self._server and datetime.now(UTC) - found.at < SILENCE:
            raise OtherWriter
        self._say()

    def confirm(self) -> None:
        """Raise OtherWriter if another has become the writer; say that this one is there. Raises OSError."""
        if datetime.now(UTC) - self._said_at < BEAT:
            return
        found = self._read()
        if found is not None and found.writer != self._id:
            raise OtherWriter
        self._say()

    def leave(self) -> None:
        """Let another go on at once."""
        with contextlib.suppress(OSError):
            found = self._read()
            if found is not None and found.writer == self._id:
                self._repository.destination.delete(self._name)

    def _say(self) -> None:
        now = datetime.now(UTC)
        note = msgspec.json.encode(_Note(self._id, self._server, now))
        self._repository.destination.put(self._name, [note], sync=False)
        self._said_at = now

    def _read(self) -> _Note | None:
        try:
            return msgspec.json.decode(self._repository.read_small(self._name), type=_Note)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
