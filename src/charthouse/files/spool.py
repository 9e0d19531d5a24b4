"""Where an upload waits until it is checked and kept: sealed under a key that nobody else ever has, in memory while
it is small, then in a file of the data directory that has no name, which ends with the process if not before."""

import os
import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from charthouse.files.sealed import Sealer, opening
from charthouse.files.storage import reachable

IN_MEMORY = 1024 * 1024  # bytes of one upload that wait in memory


class Spool:
    """Written piece by piece, then read, from anywhere."""

    def __init__(self) -> None:
        self._key, self.size = os.urandom(32), 0
        self._sealer = Sealer(self._key, 0, b"spool")
        settings.DATA.mkdir(parents=True, exist_ok=True)
        self._file = _Waiting(IN_MEMORY, dir=str(settings.DATA))

    def write(self, content: bytes) -> None:
        self.size += len(content)
        with reachable():
            self._file.write(self._sealer.update(content))

    def opened(self, name: str | None, media_type: str | None = None) -> "UploadedFile[Any]":
        """What was written, as a file that was uploaded; nothing can be written any more."""
        with reachable():
            self._file.write(self._sealer.end())
            self._file.seek(0)
        content: Any = opening(self._file, self.size, lambda _: self._key, b"spool")
        return UploadedFile(content, name, media_type, self.size)


class _Waiting(tempfile.SpooledTemporaryFile[bytes]):
    """Closed with the last who has it, be it in the middle of a body that was refused."""

    def __del__(self) -> None:
        self.close()


class Spooled(FileUploadHandler):
    """Files of a multipart body go to a spool as they arrive."""

    chunk_size = 64 * 1024

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self.spool = Spool()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.spool.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        return self.spool.opened(self.file_name or "", self.content_type)
