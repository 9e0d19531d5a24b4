"""Encrypted storage of file contents by practice and address, in Django's storage ``files``.

Files of different practices share nothing: without the key, neither names nor bytes reveal equal contents.
"""

import hmac
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection

from charthouse import durable
from charthouse.engine.errors import Unavailable
from charthouse.files import encryption_keys
from charthouse.files.encryption import DecryptionError, decrypt, encrypt
from charthouse.files.models import StoredFile

logger = logging.getLogger("charthouse.files")

CHUNK_SIZE = 256 * 1024  # bytes processed at a time
TEMPORARY_PREFIX = ".new-"  # of the names of files that are not complete yet
_ADDRESS_LOCK = 0x6368_0003  # class of the advisory locks on addresses


class DirectoryStorage(FileSystemStorage):
    """A local directory where a name always has the same content; files appear atomically."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        durable.make_directory(path.parent, mode=0o700)
        with durable.open_replacement(path, TEMPORARY_PREFIX) as temporary:
            for chunk in content.chunks(CHUNK_SIZE):
                temporary.write(chunk)
        return name


def get_storage() -> Storage:
    """Return the storage of file contents."""
    return storages["files"]


def store_file(content: "File[Any]", media_type: str, practice: int) -> StoredFile:
    """Store a file's content and create its row, in the caller's transaction. The sweep deletes the content if the
    transaction is rolled back."""
    address, size = store_content(content, practice)
    name = os.path.basename(content.name or "")[-200:]
    return StoredFile.objects.create(
        practice_id=practice, address=address, size=size, media_type=media_type, name=name
    )


def store_content(content: "File[Any]", practice: int) -> tuple[str, int]:
    """Store a file's content and return its address and size in bytes, for a row that the caller creates in the same
    transaction: until its end, a lock keeps the sweep from deleting the address."""
    number = encryption_keys.load_key_ring().newest
    digest, size = hmac.new(encryption_keys.derive_address_key(practice, number), digestmod=sha256), 0
    content.seek(0)
    for chunk in content.chunks(CHUNK_SIZE):
        digest.update(chunk)
        size += len(chunk)
    address = digest.hexdigest()
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock_shared(%s, %s)", address_lock(address))
    name, key = content_path(practice, address), encryption_keys.load_key_ring().keys[number]
    with translate_storage_errors():
        if not get_storage().exists(name):
            content.seek(0)
            with encrypt(
                content.chunks(CHUNK_SIZE), key, number, _encryption_context(practice, address)
            ) as sealed:
                get_storage().save(name, File(sealed))
    return address, size


def open_file(file: StoredFile) -> IO[Any]:
    """Open the file's content, seekable. Raises FileNotFoundError when it is missing or can't be decrypted, Unavailable
    when storage fails."""
    with translate_storage_errors():
        raw = get_storage().open(content_path(file.practice_id, file.address), "rb")
        try:
            return decrypt(
                raw,
                file.size,
                encryption_keys.load_key_ring().keys.get,
                _encryption_context(file.practice_id, file.address),
            )
        except BaseException as error:
            raw.close()
            if isinstance(error, DecryptionError):
                logger.error("file %d: %s", file.pk, error)
                raise FileNotFoundError(f"file {file.pk}: {error}") from None
            raise


@contextmanager
def translate_storage_errors() -> Iterator[None]:
    """Log errors of the storage (full, unreachable) and raise Unavailable instead."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        logger.error("files: %s %s", type(error).__name__, error.strerror or "")
        raise Unavailable("Files can't be kept or read just now. Try again.") from None


def content_path(practice: int, address: str) -> str:
    """Return the name of a content in storage."""
    return f"{practice}/{address[:2]}/{address}"


def address_lock(address: str) -> list[int]:
    """Return the key of an address's advisory lock, which writers share and the sweep takes exclusively."""
    return [_ADDRESS_LOCK, int(address[:7], 16)]


def _encryption_context(practice: int, address: str) -> bytes:
    return f"{practice}/{address}".encode()
