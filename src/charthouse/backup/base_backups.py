"""Base backups: the files of the cluster, by pg_basebackup, whole or as what has changed since another."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from charthouse import durable
from charthouse.backup import clusters
from charthouse.backup.clusters import Cluster
from charthouse.backup.destinations import PieceReader, StoredObject
from charthouse.backup.repository import Repository

PG_MANIFEST = "backup_manifest"  # PostgreSQL's own, with a hash of each file
KEPT_MANIFESTS = 3
# Files that PostgreSQL's manifest does not list.
UNLISTED = {PG_MANIFEST, "postgresql.auto.conf", "standby.signal", "recovery.signal"}


@dataclass(frozen=True)
class BaseBackup:
    """A stored base backup, with the WAL that it needs: positions from and to."""

    stored: StoredObject
    start_lsn: str
    end_lsn: str


def store_base_backup(
    cluster: Cluster, repository: Repository, name: str, state: Path, parent: str, backup: str
) -> BaseBackup:
    """Store a base backup as the object ``name``. ``parent``: the backup to which it is incremental, or "". Raises
    ToolError."""
    with cluster.open_access(state) as (access, environment):
        arguments = [
            clusters.find_program("pg_basebackup"), *access, "--pgdata=-", "--format=tar", "--wal-method=none",
            "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password",
        ]  # fmt: skip
        if parent:
            arguments.append(f"--incremental={manifest_path(state, parent)}")
        found: list[bytes] = []
        tar = clusters.stream_program(arguments, environment)
        stored = repository.put_sealed(name, _copy_manifest(tar, found))
    if not found:
        raise clusters.ToolError("pg_basebackup failed: its manifest is missing")
    ranges = msgspec.json.decode(found[0])["WAL-Ranges"]
    durable.make_directory(manifest_path(state, backup).parent, mode=0o700)
    durable.write_file(manifest_path(state, backup), found[0])
    _delete_old_manifests(state)
    return BaseBackup(stored, ranges[0]["Start-LSN"], ranges[-1]["End-LSN"])


def manifest_path(state: Path, backup: str) -> Path:
    """Return where PostgreSQL's manifest of a backup is noted, for the incremental one after it."""
    return state / "manifests" / backup


def _delete_old_manifests(state: Path) -> None:
    noted = sorted((state / "manifests").iterdir(), key=lambda path: path.stat().st_mtime)
    for path in noted[:-KEPT_MANIFESTS]:
        path.unlink(missing_ok=True)


def _copy_manifest(tar: Iterator[bytes], found: list[bytes]) -> Iterator[bytes]:
    """Pass a stream of a tar archive through, and add the content of PostgreSQL's manifest in it to ``found``."""
    scanner = TarScanner(PG_MANIFEST)
    for chunk in tar:
        scanner.feed(chunk)
        yield chunk
    if scanner.content is not None:
        found.append(bytes(scanner.content))


class TarScanner:
    """Finds the content of one member in a tar archive that is given in pieces."""

    BLOCK = 512

    def __init__(self, name: str) -> None:
        self._name, self._header, self._skip, self._wanted = name, bytearray(), 0, 0
        self.content: bytearray | None = None

    def feed(self, piece: bytes) -> None:
        """Read the next piece."""
        view = memoryview(piece)
        while view:
            if self._wanted and self.content is not None:
                taken = view[: self._wanted]
                self.content += taken
                self._wanted -= len(taken)
                view = view[len(taken) :]
            elif self._skip:
                taken = view[: self._skip]
                self._skip -= len(taken)
                view = view[len(taken) :]
            else:
                taken = view[: self.BLOCK - len(self._header)]
                self._header += taken
                view = view[len(taken) :]
                if len(self._header) == self.BLOCK:
                    self._start_member(bytes(self._header))
                    self._header.clear()

    def _start_member(self, header: bytes) -> None:
        if header == bytes(self.BLOCK):  # the end of the archive
            return
        member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        size = member.size if member.isreg() else 0
        padding = -size % self.BLOCK
        if member.name.removeprefix("./") == self._name:
            self.content, self._wanted, self._skip = bytearray(), size, padding
        else:
            self._skip = size + padding


def extract(pieces: Iterator[bytes], folder: Path) -> None:
    """Extract a base backup into a new directory. What it reads was sealed by this program or is refused."""
    folder.mkdir(mode=0o700)
    reader: Any = PieceReader(pieces)
    with tarfile.open(fileobj=reader, mode="r|", bufsize=1024 * 1024) as archive:
        archive.extractall(folder, filter="data")
    for name in ("pg_wal", "pg_wal/archive_status", "pg_wal/summaries"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    for _ in pieces:  # to the end, where the hash is compared
        pass


def verify_files(folder: Path) -> list[str]:
    """Compare the files of a base backup with PostgreSQL's manifest in it, as pg_verifybackup does. Return what is
    wrong, without contents."""
    found = []
    content = (folder / PG_MANIFEST).read_bytes()
    manifest = msgspec.json.decode(content)
    body, _, _ = content.rpartition(b'"Manifest-Checksum"')
    if sha256(body).hexdigest() != manifest.get("Manifest-Checksum"):
        found.append("the manifest of the base backup was changed")
    listed = {}
    for entry in manifest["Files"]:
        path = entry.get("Path") or bytes.fromhex(entry["Encoded-Path"]).decode(errors="surrogateescape")
        listed[path] = entry
        file = folder / path
        if not file.is_file():
            found.append(f"{path} is missing")
        elif file.stat().st_size != entry["Size"]:
            found.append(f"{path} has {file.stat().st_size} bytes, not {entry['Size']}")
        elif hash_file(file) != entry["Checksum"]:
            found.append(f"{path} has another hash")
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "pg_wal/" not in path.as_posix()
    }
    found += [f"{path} does not belong to it" for path in sorted(present - set(listed) - UNLISTED)]
    return found


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    return digest.hexdigest()


def has_manifest(state: Path, parent: str) -> bool:
    """Tell whether an incremental backup can build on ``parent``."""
    return bool(parent) and manifest_path(state, parent).is_file()
