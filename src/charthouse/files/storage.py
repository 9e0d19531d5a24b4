"""Where the bytes of files lie: Django's storage ``files`` of the settings, by practice and address, sealed.

A practice's files share nothing with another's, so that equal content says nothing across practices: neither name nor
bytes can be compared without the key.
"""

import hmac
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection

from charthouse.engine.errors import Unavailable
from charthouse.files import keys
from charthouse.files.models import StoredFile
from charthouse.files.sealed import Broken, opening, sealing

logger = logging.getLogger("charthouse.files")

PIECE = 256 * 1024  # bytes that are worked on at a time
UNFINISHED = ".new-"  # how names of files begin that were not written to the end
_LOCKS = 0x6368_0003  # class of the advisory locks on addresses


class Directory(FileSystemStorage):
    """A local directory in which a name is only ever one content: a file appears whole or not at all."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=UNFINISHED, delete=False
        ) as made:  # mode 0600
            try:
                for chunk in content.chunks(PIECE):
                    made.write(chunk)
                made.flush()
                os.fsync(made.fileno())
                os.replace(made.name, path)
            except BaseException:
                os.unlink(made.name)
                raise
        return name


def storage() -> Storage:
    return storages["files"]


def store(content: "File[Any]", media_type: str, practice: int) -> StoredFile:
    """Keep a file's bytes and its row, inside the caller's transaction. Bytes of a write that is rolled back stay
    behind, until the sweep finds that no row has them."""
    address, size = keep(content, practice)
    called = os.path.basename(content.name or "")[-200:]
    return StoredFile.objects.create(
        practice_id=practice, address=address, size=size, media_type=media_type, name=called
    )


def keep(content: "File[Any]", practice: int) -> tuple[str, int]:
    """Keep a file's bytes alone. Their address and size, for a row that the caller makes in the same transaction:
    until its end, the sweep leaves the address alone."""
    number = keys.ring().newest
    digest, size = hmac.new(keys.address_key(practice, number), digestmod=sha256), 0
    content.seek(0)
    for chunk in content.chunks(PIECE):
        digest.update(chunk)
        size += len(chunk)
    address = digest.hexdigest()
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock_shared(%s, %s)", lock_of(address))
    name, key = path(practice, address), keys.ring().keys[number]
    with reachable():
        if not storage().exists(name):
            content.seek(0)
            with sealing(content.chunks(PIECE), key, number, _context(practice, address)) as sealed:
                storage().save(name, File(sealed))
    return address, size


def opened(file: StoredFile) -> IO[Any]:
    """The file's bytes, seekable. Raises FileNotFoundError when storage lost them, or has others in their place;
    Unavailable when it can't be asked."""
    with reachable():
        raw = storage().open(path(file.practice_id, file.address), "rb")
        try:
            return opening(raw, file.size, keys.ring().keys.get, _context(file.practice_id, file.address))
        except BaseException as error:
            raw.close()
            if isinstance(error, Broken):
                logger.error("file %d: %s", file.pk, error)
                raise FileNotFoundError(f"file {file.pk}: {error}") from None
            raise


@contextmanager
def reachable() -> Iterator[None]:
    """Trouble of the storage (full, not there) is Unavailable to the caller, and an error in the log."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        logger.error("files: %s %s", type(error).__name__, error.strerror or "")
        raise Unavailable("Files can't be kept or read just now. Try again.") from None


def path(practice: int, address: str) -> str:
    return f"{practice}/{address[:2]}/{address}"


def lock_of(address: str) -> list[int]:
    """The advisory lock that whoever writes an address shares, and the sweep has for itself."""
    return [_LOCKS, int(address[:7], 16)]


def _context(practice: int, address: str) -> bytes:
    return f"{practice}/{address}".encode()
