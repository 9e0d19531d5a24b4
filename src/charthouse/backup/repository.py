"""A repository: the backups at one destination.

    repository.json                       who it is sealed to; the identity, sealed with a passphrase, if there is one
    lines/LINE/backups/BACKUP/manifest    a backup. Beside it, sealed: base or dump, keys, contents (counts of rows);
                                          not sealed: files, the list of stored files
    lines/LINE/wal/SEGMENT                WAL, sealed: a whole segment, or SEGMENT.FROM-TO, a range of bytes of it
    lines/LINE/journal/TIME               stored files that came since the last backup
    writers/LINE                          which process of which server stores its WAL in the line
    files/PRACTICE/XX/ADDRESS             stored files, as they are in the storage: encrypted with the keys of files

A line is the continuous WAL of one cluster on one timeline. A restored or promoted database begins another.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from charthouse.backup import manifests, sealing
from charthouse.backup.destinations import Destination, Digester, PieceReader, StoredObject
from charthouse.backup.manifests import Manifest
from charthouse.backup.sealing import Identity, Recipient
from charthouse.datadir import CommandError

DESCRIPTION = "repository.json"
MANIFEST = "manifest"
MAX_SMALL_OBJECT = 64 * 1024 * 1024  # bytes


class RepositoryError(Exception):
    """The repository is missing, damaged or of another installation. The text is for operators."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """The content of repository.json. ``identity``: as ``sealing.lock_identity`` makes it, or None."""

    format: int = manifests.FORMAT
    id: str
    recipient: str
    identity: dict[str, Any] | None = None


class Repository:
    """The backups at a destination. ``destination.open`` and the like may raise OSError anywhere."""

    def __init__(self, destination: Destination, description: Description) -> None:
        self.destination, self.description = destination, description
        self.recipient = Recipient.parse(description.recipient)

    # -- objects ------------------------------------------------------------------------------------------------

    def put_sealed(self, name: str, content: Iterable[bytes]) -> StoredObject:
        """Compress, seal and store an object."""
        return self.destination.put(name, sealing.seal(sealing.compress(content), self.recipient, name))

    def read_sealed(
        self, name: str, identity: Identity, expected: StoredObject | None = None
    ) -> Iterator[bytes]:
        """Yield the content of a sealed object. Raises SealError, also at the end when size or hash are not the
        expected ones, and RepositoryError when it is missing."""
        try:
            raw, size = self.destination.open(name)
        except FileNotFoundError:
            raise RepositoryError(f"{name} is missing.") from None
        with raw:
            if expected is not None and size != expected.size:
                raise sealing.SealError(f"{name} has {size} bytes, not {expected.size}.")
            digester = Digester(iter(lambda: raw.read(sealing.READ_SIZE), b""))
            reader = PieceReader(iter(digester))
            yield from sealing.decompress(PieceReader(sealing.unseal(reader, size, identity, name)))
            if expected is not None and digester.result != expected:
                raise sealing.SealError(f"{name} is not what was backed up: its hash is another.")

    def put_compressed(self, name: str, content: Iterable[bytes]) -> StoredObject:
        """Compress and store an object that is not secret."""
        return self.destination.put(name, sealing.compress(content))

    def read_compressed(self, name: str, expected: StoredObject | None = None) -> bytes:
        """Return the content of a compressed object. Raises SealError, RepositoryError."""
        try:
            content = self.read_small(name)
        except FileNotFoundError:
            raise RepositoryError(f"{name} is missing.") from None
        digester = Digester([content])
        opened = sealing.collect(sealing.decompress(PieceReader(iter(digester))))
        if expected is not None and digester.result != expected:
            raise sealing.SealError(f"{name} is not what was backed up: its hash is another.")
        return opened

    def read_small(self, name: str) -> bytes:
        """Return the content of a small object as it is stored. Raises FileNotFoundError."""
        raw, size = self.destination.open(name)
        with raw:
            if size > MAX_SMALL_OBJECT:
                raise RepositoryError(f"{name} is too large.")
            return raw.read()

    # -- backups ------------------------------------------------------------------------------------------------

    def list_backups(self) -> list[Manifest]:
        """Return the manifests of all backups, the oldest first. Raises RepositoryError for one that can't be read."""
        found = []
        for name, _ in self.destination.list("lines/"):
            parts = name.split("/")
            if len(parts) == 5 and parts[2] == "backups" and parts[4] == MANIFEST:
                found.append(self._read_manifest(name))
        return sorted(found, key=lambda manifest: (manifest.ended_at, manifest.id))

    def _read_manifest(self, name: str) -> Manifest:
        try:
            manifest = manifests.parse(self.read_small(name))
        except ValueError as error:
            raise RepositoryError(f"{name} can't be read: {error}") from None
        if manifest.name_object(MANIFEST) != name:
            raise RepositoryError(f"{name} is the manifest of another backup.")
        return manifest

    def commit(self, manifest: Manifest) -> None:
        """Store the manifest, with which the backup exists."""
        self.destination.put(manifest.name_object(MANIFEST), [manifests.render(manifest)])

    def list_wal(self, line: str) -> dict[str, int]:
        """Return names (of segments, or ranges of them) and sizes of the WAL of a line."""
        prefix = f"lines/{line}/wal/"
        return {name.removeprefix(prefix): size for name, size in self.destination.list(prefix)}

    def list_files(self) -> dict[str, int]:
        """Return the stored files, as ``practice/xx/address``, with their sizes."""
        return {name.removeprefix("files/"): size for name, size in self.destination.list("files/")}


def open_repository(destination: Destination) -> Repository:
    """Open the repository at a destination. Raises RepositoryError."""
    repository = find_repository(destination)
    if repository is None:
        raise RepositoryError(f"There are no backups of Charthouse in {destination.label}.")
    return repository


def find_repository(destination: Destination) -> Repository | None:
    """Return the repository at a destination, None if there is none. Raises RepositoryError."""
    try:
        raw, _ = destination.open(DESCRIPTION)
    except FileNotFoundError:
        return None
    try:
        with raw:
            description = msgspec.json.decode(raw.read(), type=Description)
        if description.format != manifests.FORMAT:
            raise ValueError(f"format {description.format}")
        return Repository(destination, description)
    except (ValueError, sealing.SealError) as error:
        raise RepositoryError(f"{destination.label}/{DESCRIPTION} can't be read: {error}") from None


def create_repository(
    destination: Destination, recipient: Recipient, identity: dict[str, Any] | None
) -> Repository:
    """Create a repository. ``identity``: sealed with a passphrase, or None where only its owner has it. Raises
    CommandError where something else is."""
    if next(iter(destination.list("")), None) is not None:
        raise CommandError(
            f"{destination.label} is not empty, and holds no backups. Choose another place for backups."
        )
    description = Description(id=secrets.token_hex(8), recipient=str(recipient), identity=identity)
    content = msgspec.json.format(msgspec.json.encode(description), indent=1) + b"\n"
    destination.put(DESCRIPTION, [content])
    return Repository(destination, description)


def make_id(kind: str, at: datetime) -> str:
    """Return an id for a new backup or line, which sorts by time."""
    return f"{at:%Y%m%dT%H%M%SZ}-{kind}-{secrets.token_hex(3)}"
