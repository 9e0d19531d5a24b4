"""Making a physical backup. It exists from the moment when its manifest is stored, the last of all objects: until then,
and whenever a process is killed, the backups before it are untouched."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from charthouse import clock
from charthouse.backup import (
    base_backups,
    keys,
    lines,
    manifests,
    row_counts,
    stored_files,
    streaming,
    wal,
)
from charthouse.backup.clusters import MIN_INCREMENTAL, Cluster, ClusterState, ToolError
from charthouse.backup.destinations import Destination, StoredObject
from charthouse.backup.lines import Line
from charthouse.backup.manifests import FULL, INCREMENTAL, Manifest
from charthouse.backup.repository import Repository, make_id
from charthouse.backup.stored_files import FileBackup, FileEntry
from charthouse.datadir import CommandError

Progress = Callable[[str, int, int], None]  # a step, how much of it is done, of how much
WAL_TIMEOUT = 120.0  # seconds for the WAL of a backup to be stored


@dataclass(frozen=True)
class Plan:
    """What to make: ``full`` or not as asked for, otherwise by age; where from, where to."""

    cluster: Cluster
    storage: Destination
    repository: Repository
    data: Path
    full: bool
    full_every: timedelta
    keep: timedelta
    progress: Progress

    @property
    def state(self) -> Path:
        return self.data / "backup"


def make_physical(plan: Plan, started: datetime) -> Manifest:
    """Make a full or incremental backup, on the line of this installation. Raises CommandError, ToolError."""
    with streaming.open_stream(plan.cluster, plan.repository, plan.storage, plan.state) as stream:
        if stream is not None:
            with streaming.BackgroundStream(stream) as background:
                return _make_on_line(plan, stream.line, started, background)
        found = plan.cluster.read_state()
        line = lines.find_line(plan.cluster, found, plan.repository, plan.state)
        if line is None:
            raise CommandError("the continuous backup of another process is not of this data directory.")
        return _make_on_line(plan, line, started, None)


def _make_on_line(
    plan: Plan, line: Line, started: datetime, background: streaming.BackgroundStream | None
) -> Manifest:
    found = plan.cluster.read_state()
    parent = _choose_parent(plan, line, found)
    try:
        return _make(plan, line, found, started, parent, background)
    except ToolError:
        if not parent:
            raise
        # PostgreSQL has no summaries of the WAL since the parent any more.
        return _make(plan, line, found, started, None, background)


def _choose_parent(plan: Plan, line: Line, found: ClusterState) -> Manifest | None:
    """Return the backup that an incremental one can build on, None if a full one is due."""
    if plan.full or found.version < MIN_INCREMENTAL or not found.summarizes:
        return None
    on_line = [each for each in plan.repository.list_backups() if each.line == line.id]
    fulls = [each for each in on_line if each.kind == FULL]
    if not fulls or clock.now() - fulls[-1].started_at >= plan.full_every:
        return None
    return on_line[-1] if base_backups.has_manifest(plan.state, on_line[-1].id) else None


def _make(
    plan: Plan,
    line: Line,
    found: ClusterState,
    started: datetime,
    parent: Manifest | None,
    background: streaming.BackgroundStream | None,
) -> Manifest:
    backup = make_id(INCREMENTAL if parent else FULL, started)
    folder = f"lines/{line.id}/backups/{backup}"
    plan.progress("Database", 0, 1)
    base = base_backups.store_base_backup(
        plan.cluster,
        plan.repository,
        f"{folder}/{manifests.BASE}",
        plan.state,
        parent.id if parent else "",
        backup,
    )
    plan.progress("Database", 1, 1)
    entries = copy_files(plan)
    position, counts = store_counts(plan, folder)
    until = max(manifests.parse_lsn(base.end_lsn), manifests.parse_lsn(position or "0/0"))
    _wait_for_wal(plan, line, found.segment_size, until, background)
    manifest = Manifest(
        id=backup,
        line=line.id,
        kind=INCREMENTAL if parent else FULL,
        parent=parent.id if parent else "",
        start_lsn=base.start_lsn,
        end_lsn=manifests.render_lsn(until),
        check_lsn=position,
        objects={manifests.BASE: base.stored, manifests.CONTENTS: counts},
        **describe(plan, found, started, entries),
    )
    return commit(plan, manifest, entries)


def describe(plan: Plan, found: ClusterState, started: datetime, entries: list[FileEntry]) -> dict[str, Any]:
    """Return what the manifests of all kinds of backups say alike."""
    return {
        "started_at": started,
        "ended_at": clock.now(),
        "charthouse_version": version("charthouse"),
        "postgres_version": found.version,
        "system_identifier": found.system_identifier,
        "database": found.database,
        "superuser": found.superuser,
        "owner": found.owner,
        "timeline": found.timeline,
        "segment_size": found.segment_size,
        "database_bytes": found.database_bytes,
        "files": len(entries),
        "file_bytes": sum(entry.size for entry in entries),
        "recipient": plan.repository.description.recipient,
    }


def commit(plan: Plan, manifest: Manifest, entries: list[FileEntry]) -> Manifest:
    """Store the list of files, the keys, and then the manifest, with which the backup exists."""
    own_keys = keys.read_keys(plan.data)
    name = manifest.name_object
    files = stored_files.encode_entries(entries)
    objects = {
        **manifest.objects,
        manifests.FILES: plan.repository.put_compressed(name(manifests.FILES), files),
        manifests.KEYS: keys.store_keys(plan.repository, name(manifests.KEYS), own_keys),
    }
    signed = manifests.sign(msgspec.structs.replace(manifest, objects=objects), own_keys.secret_key)
    plan.repository.commit(signed)
    return signed


def copy_files(plan: Plan) -> list[FileEntry]:
    """Copy the stored files that the repository lacks. Return the entries of all that rows refer to."""
    copies = FileBackup(plan.cluster, plan.storage, plan.repository)
    backups = plan.repository.list_backups()
    present = plan.repository.list_files()
    names = [f"{last.folder}/{manifests.FILES}" for last in backups[-1:]]
    names += [name for last in backups[-1:] for name in stored_files.list_journal(plan.repository, last.line)]
    for name in names:
        entries = stored_files.read_entries(plan.repository, name)
        copies.remember(entry for entry in entries if present.get(entry.name) == entry.size)
    wanted = sorted({name for _, name in copies.list_rows()})
    missing = [name for name in wanted if name not in copies.known]
    for number, name in enumerate(missing):
        plan.progress("Files", number, len(missing))
        copies.copy(name, sync=False)
    plan.progress("Files", len(missing), max(1, len(missing)))
    if missing:
        plan.repository.destination.sync()
    return [copies.known[name] for name in wanted if name in copies.known]


def store_counts(plan: Plan, folder: str) -> tuple[str, StoredObject]:
    """Count and hash the rows of all tables, and store that, sealed. Return the position in the WAL that they are of,
    "" if there was none."""
    plan.progress("Rows", 0, 1)
    with row_counts.find_quiet_moment(plan.cluster) as (connection, position):
        counts = row_counts.count_tables(connection) if position else {}
    stored = plan.repository.put_sealed(f"{folder}/{manifests.CONTENTS}", [row_counts.encode(counts)])
    plan.progress("Rows", 1, 1)
    return position, stored


def _wait_for_wal(
    plan: Plan, line: Line, segment_size: int, until: int, background: streaming.BackgroundStream | None
) -> None:
    """Wait until the WAL up to a position, and a record after it, is stored. Raises CommandError when it does not
    come."""
    target = max(until, plan.cluster.mark_position())
    deadline = time.monotonic() + WAL_TIMEOUT
    plan.progress("WAL", 0, 1)
    while True:
        if background is not None and background.error is not None:
            raise CommandError(f"the WAL can't be backed up: {background.error}")
        stored = wal.WalStore(plan.repository, line.id, segment_size).end
        if stored >= target:
            plan.progress("WAL", 1, 1)
            return
        if time.monotonic() > deadline:
            raise CommandError(
                f"the WAL of the backup did not arrive within {WAL_TIMEOUT:g} s. Does the worker back it up?"
            )
        time.sleep(0.2)
