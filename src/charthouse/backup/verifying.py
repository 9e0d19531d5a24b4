"""A drill: a backup is restored into a scratch server, and compared with what was backed up."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import psycopg

from charthouse import clock
from charthouse.backup import clusters, manifests, recovery, restoring, row_counts
from charthouse.backup import keys as stored_keys
from charthouse.backup.destinations import Digester, StoredObject
from charthouse.backup.manifests import LOGICAL, Manifest
from charthouse.backup.recovery import Assembly
from charthouse.backup.repository import Repository
from charthouse.backup.restoring import Request
from charthouse.backup.sealing import READ_SIZE
from charthouse.backup.stored_files import FileEntry
from charthouse.database_server import postgres_server

MAX_FAULTS = 20


@dataclass
class Report:
    """What a drill found. ``until``: the last write in the restored database."""

    manifest: Manifest
    tables: int = 0
    rows: int = 0
    files: int = 0
    chains: int = 0
    until: datetime | None = None
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    def render(self) -> str:
        """Say in words what was compared, and what is wrong."""
        lines = [
            f"{self.manifest.id}: {self.tables} tables with {self.rows} rows compared, {self.files} stored files "
            f"opened, {self.chains} chains of seals verified"
        ]
        lines += [f"FAULT {each}" for each in self.faults[:MAX_FAULTS]]
        return "\n".join([*lines, *self.notes])


def verify(request: Request, scratch: Path) -> Report:
    """Restore a backup below the directory ``scratch``, which is emptied again, and compare everything. Raises
    CommandError, RepositoryError, SealError, ServerError, ToolError, OSError where it can't be restored at all."""
    chain = recovery.choose_chain(request.repository.list_backups(), request.to, request.backup)
    report = Report(chain[-1])
    with make_scratch(scratch) as data:
        keys = restoring.read_keys(request.repository, request.identity, chain)
        stored_keys.write_keys(keys, data)
        entries = restoring.list_entries(request.repository, chain[-1])
        report.faults += check_files(request, entries)
        if chain[-1].kind == LOGICAL:
            _verify_dump(request, data, report)
            return report
        assembly = recovery.assemble(request.repository, request.identity, chain, data, request.progress)
        _compare_rows(request, assembly, report)
        _inspect(request, assembly, report)
    return report


@contextmanager
def make_scratch(above: Path) -> Iterator[Path]:
    """Make a directory for a drill, and delete it with those that killed drills have left."""
    above.mkdir(parents=True, exist_ok=True)
    above.chmod(0o711)  # the account that runs PostgreSQL has to pass through
    for left in above.glob("drill-*"):
        shutil.rmtree(left, ignore_errors=True)
    data = Path(tempfile.mkdtemp(prefix="drill-", dir=above))
    data.chmod(0o711)
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


def check_files(request: Request, entries: list[FileEntry]) -> list[str]:
    """Compare size and hash of every stored file in the repository. Return what is wrong."""
    faults = []
    for number, entry in enumerate(entries):
        request.progress("Files", number, len(entries))
        try:
            raw, _ = request.repository.destination.open(f"files/{entry.name}")
        except FileNotFoundError:
            faults.append(f"files/{entry.name} is missing")
            continue
        with raw:
            digester = Digester(iter(lambda: raw.read(READ_SIZE), b""))  # noqa: B023 - used in this pass
            for _ in digester:
                pass
        if digester.result != StoredObject(entry.size, entry.sha256):
            faults.append(f"files/{entry.name} is not what was backed up")
    request.progress("Files", len(entries), len(entries) or 1)
    return faults


def _verify_dump(request: Request, data: Path, report: Report) -> None:
    """Fill a server from a logical backup and compare all of it."""
    manifest = report.manifest
    with restoring.run_from_dump(request, manifest, data) as url:
        _compare_counts(request, url, report)
        at = manifest.started_at
        _run_inspection(request.repository, data, report, at, "postgres", postgres_server.DATABASE_NAME)
    report.until = at


def _compare_counts(request: Request, url: str, report: Report) -> None:
    """Compare the rows of a restored database with the counts in the backup."""
    manifest = report.manifest
    name = manifest.name_object(manifests.CONTENTS)
    stored = request.repository.read_sealed(name, request.identity, manifest.objects[manifests.CONTENTS])
    expected = row_counts.decode(b"".join(stored))
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC -c jit=off") as connection:
        found = row_counts.count_tables(connection)
    report.faults += row_counts.compare(expected, found)
    report.tables, report.rows = len(expected), sum(count.rows for count in expected.values())


def _compare_rows(request: Request, assembly: Assembly, report: Report) -> None:
    """Replay the WAL up to the position at which the rows were counted, and compare the counts."""
    manifest = report.manifest
    if not manifest.check_lsn:
        report.notes.append(
            "The database was too busy to count its rows when it was backed up: they were not compared."
        )
        return
    request.progress("Rows", 0, 1)
    target = {
        "recovery_target_lsn": manifest.check_lsn,
        "recovery_target_inclusive": "off",
        "recovery_target_action": "pause",
        "hot_standby": "on",
    }
    instance = recovery.recover(assembly, target)
    with recovery.run_recovered(instance, assembly) as url:
        recovery.wait_until_paused(url, instance)
        _compare_counts(request, url, report)
    request.progress("Rows", 1, 1)


def _inspect(request: Request, assembly: Assembly, report: Report) -> None:
    """Replay the WAL to its end; then open the files and verify the seals."""
    request.progress("Replay", 0, 1)
    instance = recovery.recover_to(assembly, request.to)
    with recovery.run_recovered(instance, assembly) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("select pg_last_xact_replay_timestamp()").fetchone()
            report.until = row[0] if row and row[0] else report.manifest.ended_at
        request.progress("Replay", 1, 1)
        manifest, at = report.manifest, report.until or clock.now()
        _run_inspection(request.repository, assembly.data, report, at, manifest.superuser, manifest.database)


def _run_inspection(
    repository: Repository, data: Path, report: Report, at: datetime, user: str, database: str
) -> None:
    """Run the inspection on the server under ``data``, and add what it finds to the report."""
    host = quote(str(postgres_server.socket_directory(data)), safe="/")
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CHARTHOUSE_", "DATABASE_URL"))
    }
    environment = {
        **own,
        "DATABASE_URL": f"postgresql://{quote(user)}@/{quote(database)}?host={host}",
        "CHARTHOUSE_DATA": str(data),
        "CHARTHOUSE_FILES": f"{repository.destination.label}/files",
        "CHARTHOUSE_AUDIT_DAYS": os.environ.get("CHARTHOUSE_AUDIT_DAYS", "2192"),
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
    }
    arguments = [sys.executable, "-m", "charthouse.backup.inspection", at.isoformat()]
    found = json.loads(clusters.run_program(arguments, environment).stdout)
    report.files, report.chains = found["files"], found["chains"]
    report.faults += found["faults"]
