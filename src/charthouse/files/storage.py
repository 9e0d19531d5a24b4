"""Where the bytes of files lie: Django's storage ``files`` of the settings, by practice and content.

A practice's files share nothing with another's, so that equal content says nothing across practices.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from charthouse.files.models import StoredFile


class Directory(FileSystemStorage):
    """A local directory in which a name is only ever one content: a file appears whole or not at all."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:  # made with mode 0600
            try:
                for chunk in content.chunks():
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
    behind: nothing refers to them."""
    sha256, size = keep(content, practice)
    called = os.path.basename(content.name or "")[-200:]
    return StoredFile.objects.create(
        practice_id=practice, sha256=sha256, size=size, media_type=media_type, name=called
    )


def keep(content: "File[Any]", practice: int) -> tuple[str, int]:
    """Keep a file's bytes alone. Their hash and size, for a row that the caller makes."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    for chunk in content.chunks():
        digest.update(chunk)
        size += len(chunk)
    name = _path(practice, digest.hexdigest())
    if not storage().exists(name):
        content.seek(0)
        storage().save(name, content)
    return digest.hexdigest(), size


def opened(file: StoredFile) -> IO[Any]:
    """The file's bytes. Raises FileNotFoundError when storage lost them."""
    return storage().open(_path(file.practice_id, file.sha256), "rb")


def _path(practice: int, sha256: str) -> str:
    return f"{practice}/{sha256[:2]}/{sha256}"
