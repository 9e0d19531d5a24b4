"""Manifests: what a backup consists of, with the hash of every object. A backup exists once its manifest does.

They are readable without the identity, so they hold nothing of the record: times, positions, names of objects, sizes,
hashes of sealed bytes. Their MAC, whose key is derived from the secret key of the installation, shows tampering.
"""

import hmac
from datetime import datetime
from hashlib import sha256

import msgspec

from charthouse.backup.destinations import StoredObject

FORMAT = 1
FULL, INCREMENTAL, LOGICAL = "full", "incremental", "logical"
BASE, DUMP, KEYS, FILES, CONTENTS = "base", "dump", "keys", "files", "contents"  # objects of a backup


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. ``line``: the continuous line of WAL that it is on; ``parent``: the backup that an incremental one
    builds on, "" for others. ``start_lsn``: from where WAL is needed; ``end_lsn``: up to where at least; ``check_lsn``:
    the position at which the rows of ``contents`` were counted, "" if the database was too busy. ``files``, ``bytes``:
    number and size of stored files."""

    format: int = FORMAT
    id: str
    line: str
    kind: str
    parent: str
    started_at: datetime
    ended_at: datetime
    charthouse_version: str
    postgres_version: int
    system_identifier: str
    database: str
    superuser: str
    owner: str = ""
    timeline: int
    start_lsn: str
    end_lsn: str
    check_lsn: str
    segment_size: int
    database_bytes: int
    files: int
    file_bytes: int
    recipient: str
    objects: dict[str, StoredObject]
    mac: str = ""

    @property
    def folder(self) -> str:
        return f"lines/{self.line}/backups/{self.id}"

    def name_object(self, kind: str) -> str:
        """Return the full name of one of its objects."""
        return f"{self.folder}/{kind}"


def render(manifest: Manifest) -> bytes:
    """Render a manifest as JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def parse(content: bytes) -> Manifest:
    """Parse a manifest. Raises ValueError."""
    manifest = msgspec.json.decode(content, type=Manifest)
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format} is of another version of Charthouse")
    return manifest


def sign(manifest: Manifest, secret_key: str) -> Manifest:
    """Return the manifest with its MAC."""
    return msgspec.structs.replace(manifest, mac=_compute_mac(manifest, secret_key))


def has_valid_mac(manifest: Manifest, secret_key: str) -> bool:
    """Tell whether a manifest is the one that an installation with this secret key made."""
    return hmac.compare_digest(manifest.mac, _compute_mac(manifest, secret_key))


def _compute_mac(manifest: Manifest, secret_key: str) -> str:
    key = hmac.digest(secret_key.encode(), b"charthouse backup manifest", sha256)
    content = msgspec.json.encode(msgspec.structs.replace(manifest, mac=""), order="sorted")
    return hmac.new(key, content, sha256).hexdigest()


def parse_lsn(text: str) -> int:
    """Parse a position in the WAL, such as 0/16B3740."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def render_lsn(position: int) -> str:
    """Render a position in the WAL."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
