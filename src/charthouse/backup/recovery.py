"""Making a cluster of PostgreSQL from base backups and WAL: assembling its files, and replaying the WAL."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from charthouse import durable
from charthouse.backup import base_backups, clusters, manifests, wal
from charthouse.backup.manifests import INCREMENTAL, LOGICAL, Manifest
from charthouse.backup.repository import Repository, RepositoryError
from charthouse.backup.sealing import Identity
from charthouse.database_server import postgres_server
from charthouse.database_server.postgres_server import Instance, ServerError
from charthouse.datadir import CommandError

WAL_FOLDER = "restored_wal"  # in the cluster's directory, during recovery
HBA_FILE = "restored_hba.conf"
RECOVERY_TIMEOUT = 24 * 3600.0  # seconds
_TOO_EARLY = "before configured recovery target was reached"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Assembly:
    """The files of a cluster, and the WAL that it has to replay. ``data``: the directory above ``postgres``."""

    data: Path
    chain: tuple[Manifest, ...]
    wal: wal.WalRange

    @property
    def major(self) -> int:
        return self.chain[-1].postgres_version // 10000

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"


def choose_chain(backups: Sequence[Manifest], to: datetime | None, backup: str = "") -> tuple[Manifest, ...]:
    """Choose the backup to begin with: the named one, or the last that ended before a time (None: the last of all).
    Return it after those that it builds on, the full or logical one first. Raises CommandError."""
    by_id = {manifest.id: manifest for manifest in backups}
    if backup and backup not in by_id:
        raise CommandError(f"there is no backup {backup}; see charthouse backup list.")
    candidates = (
        [by_id[backup]] if backup else [each for each in backups if to is None or each.ended_at <= to]
    )
    if not candidates:
        first = f"; the first ended at {render_time(backups[0].ended_at)}" if backups else ""
        raise CommandError(f"no backup is old enough{first}." if backups else "there is no backup.")
    chain = [candidates[-1]]
    while chain[0].kind == INCREMENTAL:
        parent = by_id.get(chain[0].parent)
        if parent is None:
            raise RepositoryError(f"Backup {chain[0].parent} is missing, on which {chain[0].id} builds.")
        chain.insert(0, parent)
    return tuple(chain)


def render_time(at: datetime) -> str:
    """Render a time for an operator, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def assemble(
    repository: Repository,
    identity: Identity,
    chain: tuple[Manifest, ...],
    data: Path,
    progress: Progress,
) -> Assembly:
    """Put together the files of a cluster under ``data``, and its WAL. Raises SealError, RepositoryError, ToolError."""
    last = chain[-1]
    assert last.kind != LOGICAL
    parts = data / "parts"
    parts.mkdir(mode=0o700)
    folders = []
    for number, manifest in enumerate(chain):
        progress("Database", number, len(chain) + 1)
        folder = parts / str(number)
        name = manifest.name_object(manifests.BASE)
        base_backups.extract(repository.read_sealed(name, identity, manifest.objects[manifests.BASE]), folder)
        _refuse_wrong_files(folder, manifest)
        folders.append(folder)
    if len(folders) == 1:
        durable.rename(folders[0], data / "postgres")
    else:
        program = clusters.find_program("pg_combinebackup")
        arguments = [
            program,
            "--no-sync",
            "--link",
            "--manifest-checksums=SHA256",
            "-o",
            str(data / "postgres"),
        ]
        clusters.run_program([*arguments, *map(str, folders)])
    shutil.rmtree(parts)
    progress("Database", len(chain) + 1, len(chain) + 1)
    found = _fetch_wal(repository, identity, last, data / "postgres" / WAL_FOLDER, progress)
    return Assembly(data, chain, found)


def _refuse_wrong_files(folder: Path, manifest: Manifest) -> None:
    if wrong := base_backups.verify_files(folder):
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise RepositoryError(f"Backup {manifest.id} is damaged: {'; '.join(wrong[:3])}{more}.")


def _fetch_wal(
    repository: Repository, identity: Identity, last: Manifest, folder: Path, progress: Progress
) -> wal.WalRange:
    folder.mkdir(mode=0o700)
    found = wal.find_wal(repository, last.line, last.timeline, last.start_lsn, last.segment_size)
    if found.end < manifests.parse_lsn(last.end_lsn):
        raise RepositoryError(
            f"WAL of backup {last.id} is missing: there is none from {manifests.render_lsn(found.end)} on."
        )
    count = len(found.segments) + bool(found.partial)
    fetched = wal.fetch_wal(repository, last.line, found, last.segment_size, identity, folder)
    for number, _ in enumerate(fetched, 1):
        progress("WAL", number, count)
    return found


# -- replaying --------------------------------------------------------------------------------------------------


def recover(assembly: Assembly, target: Mapping[str, str]) -> Instance:
    """Start the server, which replays the WAL up to a target (settings of PostgreSQL; none: to its end), and wait until
    it accepts connections: at the end, or with hot_standby before. Raises ServerError, CommandError."""
    directory = assembly.postgres
    program = clusters.find_program("postgres", assembly.major)
    account = postgres_server.choose_account(assembly.data / "none")
    sockets = postgres_server.prepare_socket_directory(assembly.data, account)
    (directory / HBA_FILE).write_text("local all all trust\n")  # the socket is open to this account alone
    (directory / "postgresql.conf").touch()  # Debian has it elsewhere
    (directory / "recovery.signal").touch(mode=0o600)
    postgres_server.give_directory(directory, account)
    settings = {
        "hba_file": str(directory / HBA_FILE),
        "restore_command": f'cp "{WAL_FOLDER}/%f" "%p"',
        "recovery_target_timeline": "current",
        "archive_mode": "off",
        "primary_conninfo": "",
        "hot_standby": "off",
        "fsync": "off",  # everything is written to the disk at the end
        **target,
    }
    until = time.monotonic() + RECOVERY_TIMEOUT
    while True:
        instance = postgres_server.spawn_server(
            assembly.data, sockets, account, until, program=program, settings=settings
        )
        if instance is not None:
            return instance


def recover_to(assembly: Assembly, to: datetime | None) -> Instance:
    """Replay the WAL to its end, or up to a time: what was committed later is left out. Raises ServerError,
    CommandError."""
    if to is None:
        return recover(assembly, {})
    target = {"recovery_target_time": to.astimezone(UTC).isoformat(), "recovery_target_action": "promote"}
    try:
        return recover(assembly, target)
    except ServerError as error:
        if _TOO_EARLY not in str(error):
            raise
        # Nothing was committed after that time: its state is the last one.
        return recover(assembly, {})


@contextmanager
def run_recovered(instance: Instance, assembly: Assembly) -> Iterator[str]:
    """Yield the address of a recovered server, and stop it after the block."""
    try:
        yield get_url(assembly)
    finally:
        instance.stop(120)


def get_url(assembly: Assembly) -> str:
    """Return the address of a recovered database, as a superuser."""
    host = postgres_server.socket_directory(assembly.data)
    return make_conninfo(
        host=str(host), user=assembly.chain[-1].superuser, dbname=assembly.chain[-1].database
    )


def wait_until_paused(url: str, instance: Instance) -> None:
    """Wait until recovery has reached its target. Raises ServerError if the server ends before."""
    while not instance.has_ended():
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                row = connection.execute("select pg_get_wal_replay_pause_state()").fetchone()
                if row == ("paused",):
                    return
        except psycopg.OperationalError:
            pass
        time.sleep(0.05)
    raise ServerError("PostgreSQL ended before it had replayed the WAL of the backup.")


def finish(assembly: Assembly) -> None:
    """Remove what was only needed for recovery, and write everything to the disk. The server is stopped."""
    shutil.rmtree(assembly.postgres / WAL_FOLDER)
    for name in (HBA_FILE, "backup_label.old", "tablespace_map.old", base_backups.PG_MANIFEST):
        (assembly.postgres / name).unlink(missing_ok=True)
    durable.sync_file_system(assembly.data)
