"""The keys of an installation in a backup: without them, its files and secrets can't be read. Always sealed."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from charthouse import durable
from charthouse.backup.destinations import StoredObject
from charthouse.backup.repository import Repository
from charthouse.datadir import CommandError

SECRET_KEY_FILE, FILE_KEYS_FILE = "secret_key", "file_keys"


class Keys(msgspec.Struct, frozen=True):
    """The secret key, and the keys of files as ``files.encryption_keys`` writes them ("" if there are none yet)."""

    secret_key: str
    file_keys: str

    def __repr__(self) -> str:
        return "Keys(...)"


def read_keys(data: Path, environment: Mapping[str, str] = os.environ) -> Keys:
    """Read the keys of an installation. Raises CommandError."""
    secret_key = environment.get("CHARTHOUSE_SECRET_KEY") or _read(data / SECRET_KEY_FILE)
    if not secret_key:
        raise CommandError(
            f"{data / SECRET_KEY_FILE} is missing, and CHARTHOUSE_SECRET_KEY is not set: a backup without the secret "
            "key would be of little use. Run charthouse migrate first."
        )
    return Keys(secret_key, environment.get("CHARTHOUSE_FILE_KEYS") or _read(data / FILE_KEYS_FILE))


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def store_keys(repository: Repository, name: str, keys: Keys) -> StoredObject:
    """Store the keys, sealed."""
    return repository.put_sealed(name, [msgspec.json.encode(keys)])


def parse_keys(content: bytes) -> Keys:
    """Parse stored keys. Raises ValueError."""
    return msgspec.json.decode(content, type=Keys)


def write_keys(keys: Keys, data: Path) -> None:
    """Write the keys to a new data directory."""
    durable.write_file(data / SECRET_KEY_FILE, f"{keys.secret_key}\n".encode())
    if keys.file_keys:
        lines = "\n".join(keys.file_keys.replace(",", "\n").split())
        durable.write_file(data / FILE_KEYS_FILE, f"{lines}\n".encode())
