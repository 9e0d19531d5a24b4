"""The line of WAL that this installation backs up: which one it is, and when another has to begin."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from charthouse import clock, durable
from charthouse.backup.clusters import Cluster, ClusterState
from charthouse.backup.repository import Repository

FILE = "line.json"
BACKUP_LOCK, STREAM_LOCK = (
    0x6368_0005_0001,
    0x6368_0005_0002,
)  # advisory locks: a backup or restore drill; the stream


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line. ``repository``: id of the repository that it is in; ``recipient``: to whom it is sealed, which whoever
    can write to the destination must not change; ``slot``: whether a replication slot holds WAL for it."""

    id: str
    repository: str
    recipient: str
    system_identifier: str
    timeline: int
    slot: bool


class RecipientChanged(Exception):
    """The repository names another recipient than before."""


def read_line(state: Path) -> Line | None:
    """Return the line that was noted last, None if there is none."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=Line)
    except (FileNotFoundError, ValueError):
        return None


def find_line(cluster: Cluster, found: ClusterState, repository: Repository, state: Path) -> Line | None:
    """Return the line to go on with; None if a new one has to begin, because this is another cluster, timeline or
    repository, or WAL was lost. Raises RecipientChanged."""
    line = read_line(state)
    if line is None or line.repository != repository.description.id:
        return None
    if line.recipient != repository.description.recipient:
        raise RecipientChanged(
            "The destination names another recipient than before: backups would be sealed to somebody else."
        )
    if (line.system_identifier, line.timeline) != (found.system_identifier, found.timeline):
        return None
    return line if not line.slot or _has_wal(cluster, found.slot) else None


def _has_wal(cluster: Cluster, slot: str) -> bool:
    with cluster.connect() as connection:
        row = connection.execute(
            "select wal_status from pg_replication_slots where slot_name = %s", [slot]
        ).fetchone()
    return row is not None and row[0] in ("reserved", "extended", "unreserved")


def begin_line(cluster: Cluster, found: ClusterState, repository: Repository, state: Path) -> Line:
    """Begin a new line: from now on, the server holds WAL for it where that can't fill its disk."""
    shutil.rmtree(state / "spool", ignore_errors=True)
    (state / FILE).unlink(missing_ok=True)
    with cluster.connect() as connection:
        if found.may_replicate:
            connection.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots "
                "where slot_name = %s and not active",
                [found.slot],
            )
        if found.may_replicate and found.may_hold_wal:
            connection.execute("select pg_create_physical_replication_slot(%s, true)", [found.slot])
    line = Line(
        id=f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        repository=repository.description.id,
        recipient=repository.description.recipient,
        system_identifier=found.system_identifier,
        timeline=found.timeline,
        slot=found.may_replicate and found.may_hold_wal,
    )
    durable.make_directory(state / "spool", mode=0o700)
    durable.write_file(state / FILE, msgspec.json.encode(line))
    return line


@contextmanager
def hold_lock(cluster: Cluster, number: int) -> Iterator["psycopg.Connection[Any] | None"]:
    """Hold an advisory lock of the database for a block. Yields the connection that holds it, None if another session
    has it. The lock ends with the process, in whatever way that ends."""
    with cluster.connect() as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", [number]).fetchone()
        yield connection if row is not None and row[0] else None
