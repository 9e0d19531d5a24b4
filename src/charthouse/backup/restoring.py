"""Restoring a backup into an empty directory. Everything is made in a draft inside it; the file that marks a data
directory is written last. Until then no command takes the directory for one, and the restore may be run again."""

import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.conninfo import make_conninfo

from charthouse import datadir, durable
from charthouse.backup import keys as stored_keys
from charthouse.backup import logical, manifests, marking, recovery, stored_files
from charthouse.backup.clusters import Cluster
from charthouse.backup.destinations import Destination, DirectoryDestination, StoredObject
from charthouse.backup.keys import Keys
from charthouse.backup.manifests import LOGICAL, Manifest
from charthouse.backup.recovery import Progress
from charthouse.backup.repository import Repository, RepositoryError
from charthouse.backup.sealing import READ_SIZE, Identity, SealError, collect
from charthouse.backup.stored_files import FileEntry
from charthouse.database_server import embedded_postgres, postgres_server
from charthouse.datadir import CommandError

logger = logging.getLogger("charthouse.backup")

DRAFT = ".restoring"
START_TIMEOUT = 90.0  # seconds for a new server to start
COPIES = 4  # stored files that are copied at once: hashing, the disk and a bucket wait for each other


@dataclass(frozen=True)
class Request:
    """What to restore: to the last stored write, or to a time; ``backup``: from this one on."""

    repository: Repository
    identity: Identity
    to: datetime | None
    backup: str
    progress: Progress


@dataclass(frozen=True)
class Restored:
    """What was restored. ``missing_files``: those that the backup lacks."""

    manifest: Manifest
    files: int
    missing_files: int

    @property
    def other_version(self) -> int | None:
        """The major version of the restored cluster, if the embedded server can't run it."""
        major = self.manifest.postgres_version // 10000
        is_embedded = self.manifest.kind == LOGICAL or major == int(postgres_server.VERSION)
        return None if is_embedded else major


def restore_directory(request: Request, data: Path, storage: Destination | None) -> Restored:
    """Restore into a directory that does not exist or is empty. ``storage``: where stored files go, None for ``files``
    in the directory. Raises CommandError, RepositoryError, SealError, ServerError, ToolError, OSError."""
    chain = recovery.choose_chain(request.repository.list_backups(), request.to, request.backup)
    draft = prepare_directory(data)
    keys = read_keys(request.repository, request.identity, chain)
    restore_cluster(request, chain, draft)
    return _finish(request, chain[-1], keys, data, storage)


def restore_database(request: Request, url: str, data: Path, storage: Destination | None) -> Restored:
    """Restore into an empty database of another server, and keys and stored files into the directory ``data``. A
    physical backup is recovered there first. Raises what ``restore_directory`` does, and psycopg.Error."""
    target = Cluster(url, data)
    logical.refuse_if_in_use(target)
    chain = recovery.choose_chain(request.repository.list_backups(), request.to, request.backup)
    draft = prepare_directory(data)
    keys = read_keys(request.repository, request.identity, chain)
    dump = draft / "dump"
    if chain[-1].kind == LOGICAL:
        logical.fetch_dump(request.repository, request.identity, chain[-1], dump)
    else:
        scratch = draft / "scratch"
        scratch.mkdir(mode=0o711)
        assembly = recovery.assemble(request.repository, request.identity, chain, scratch, request.progress)
        with recovery.run_recovered(recovery.recover_to(assembly, request.to), assembly) as recovered:
            logical.write_dump(recovered, dump)
        shutil.rmtree(scratch)
    logical.create_roles(target, chain[-1].owner)
    logical.load_dump(target, dump, draft / "access")
    marking.mark_copy(url)
    dump.unlink()
    shutil.rmtree(draft / "access", ignore_errors=True)
    return _finish(request, chain[-1], keys, data, storage)


def _finish(
    request: Request, manifest: Manifest, keys: Keys, data: Path, storage: Destination | None
) -> Restored:
    """Restore stored files and keys, and make the directory a data directory."""
    draft = data / DRAFT
    target = storage or DirectoryDestination(draft / "files")
    entries = list_entries(request.repository, manifest)
    missing = restore_files(request, entries, target)
    stored_keys.write_keys(keys, draft)
    (draft / "files").mkdir(mode=0o700, exist_ok=True)
    durable.sync_file_system(draft)
    for path in list(draft.iterdir()):
        durable.rename(path, data / path.name)
    draft.rmdir()
    datadir.prepare_restored(data)
    return Restored(manifest, len(entries) - missing, missing)


def prepare_directory(data: Path) -> Path:
    """Return an empty draft in a directory that is new, empty, or has what an interrupted restore has left. Raises
    CommandError."""
    if data.exists() and not data.is_dir():
        raise CommandError(f"{data} is not a directory.")
    if data.is_dir() and any(data.iterdir()):
        if (data / datadir.MARKER_FILE).exists() or not (data / DRAFT).is_dir():
            raise CommandError(
                f"{data} is not empty. Restore into a new directory, then use it in place of that one."
            )
        for path in data.iterdir():
            if path.name != DRAFT:
                _delete(path)
        shutil.rmtree(data / DRAFT)
    durable.make_directory(data / DRAFT, mode=0o711)
    data.chmod(0o711)
    return data / DRAFT


def _delete(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def read_keys(repository: Repository, identity: Identity, chain: tuple[Manifest, ...]) -> Keys:
    """Read the keys of a backup, and compare the manifests with their MACs. Raises SealError, RepositoryError."""
    for manifest in chain:
        name = manifest.name_object(manifests.KEYS)
        content = collect(repository.read_sealed(name, identity, manifest.objects.get(manifests.KEYS)))
        try:
            keys = stored_keys.parse_keys(content)
        except ValueError:
            raise SealError(f"{name} has no keys.") from None
        if not manifests.has_valid_mac(manifest, keys.secret_key):
            raise RepositoryError(f"The manifest of {manifest.id} was changed: it is not what was written.")
    return keys


def restore_cluster(request: Request, chain: tuple[Manifest, ...], data: Path) -> None:
    """Restore the cluster to ``data/postgres``, marked as a copy."""
    if chain[-1].kind == LOGICAL:
        with run_from_dump(request, chain[-1], data) as url:
            marking.mark_copy(url)
        durable.sync_file_system(data)
        return
    assembly = recovery.assemble(request.repository, request.identity, chain, data, request.progress)
    request.progress("Replay", 0, 1)
    instance = recovery.recover_to(assembly, request.to)
    with recovery.run_recovered(instance, assembly) as url:
        marking.mark_copy(url)
    recovery.finish(assembly)
    request.progress("Replay", 1, 1)


@contextmanager
def run_from_dump(request: Request, manifest: Manifest, data: Path) -> Iterator[str]:
    """Fill a new embedded server under ``data`` from a logical backup. Yield the address of its database, as superuser,
    and stop it after the block. Raises CommandError where a time after the dump is asked for."""
    if request.to is not None:
        raise CommandError(
            f"{manifest.id} is a logical backup, which has no time but its own: leave --to away, or name another."
        )
    request.progress("Database", 0, 1)
    dump = data / "dump"
    logical.fetch_dump(request.repository, request.identity, manifest, dump)
    instance = postgres_server.start(data, START_TIMEOUT)
    try:
        cluster = Cluster(embedded_postgres.database_url(data), data)
        logical.create_roles(cluster, manifest.owner)
        logical.load_dump(cluster, dump, data / "access", role=postgres_server.DATABASE_NAME)
        dump.unlink()
        shutil.rmtree(data / "access", ignore_errors=True)
        request.progress("Database", 1, 1)
        host = postgres_server.socket_directory(data)
        yield make_conninfo(host=str(host), user="postgres", dbname=postgres_server.DATABASE_NAME)
    finally:
        instance.stop(60)


def list_entries(repository: Repository, manifest: Manifest) -> list[FileEntry]:
    """List the stored files of a backup, and of the journal of its line since. Raises SealError, RepositoryError."""
    found: dict[str, FileEntry] = {}
    name, expected = manifest.name_object(manifests.FILES), manifest.objects[manifests.FILES]
    found.update((each.name, each) for each in stored_files.read_entries(repository, name, expected))
    for journal in stored_files.list_journal(repository, manifest.line):
        found.update((each.name, each) for each in stored_files.read_entries(repository, journal))
    return list(found.values())


def restore_files(request: Request, entries: list[FileEntry], target: Destination) -> int:
    """Copy stored files, several at once, comparing sizes and hashes, and return how many are missing. Raises SealError
    for one that was changed."""
    missing = 0
    with ThreadPoolExecutor(COPIES, "restore") as pool:
        try:
            copies = pool.map(lambda entry: _restore_file(request.repository, entry, target), entries)
            for number, is_there in enumerate(copies):
                request.progress("Files", number, len(entries))
                missing += not is_there
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    request.progress("Files", len(entries), len(entries) or 1)
    if missing:
        logger.error("%d stored files are missing in the backup", missing)
    return missing


def _restore_file(repository: Repository, entry: FileEntry, target: Destination) -> bool:
    """Copy a stored file. Return whether the repository has it."""
    try:
        raw, _ = repository.destination.open(f"files/{entry.name}")
    except FileNotFoundError:
        return False
    with raw:
        stored = target.put(entry.name, iter(lambda: raw.read(READ_SIZE), b""), sync=False)
    if stored != StoredObject(entry.size, entry.sha256):
        raise SealError(f"files/{entry.name} is not what was backed up: its hash is another.")
    return True
