"""Temporary storage of uploads until they are validated and stored: encrypted with an ephemeral key, in memory while
small, else in an anonymous file of the data directory, which the kernel deletes with the process at the latest."""

import os
import tempfile
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from charthouse.files.encryption import Encryptor, decrypt
from charthouse.files.storage import translate_storage_errors

MAX_IN_MEMORY = 1024 * 1024  # bytes of one upload kept in memory


class Spool:
    """An encrypted temporary file: written in chunks, then read with seeks. ``in_memory``: bytes that it may have in
    memory, at least 1."""

    def __init__(self, in_memory: int = MAX_IN_MEMORY) -> None:
        self._key, self.size = os.urandom(32), 0
        self._sealer = Encryptor(self._key, 0, b"spool")
        settings.DATA.mkdir(parents=True, exist_ok=True)
        self._file = _SpoolFile(in_memory, dir=str(settings.DATA))

    def write(self, content: bytes) -> None:
        """Append content. Raises Unavailable when storage fails."""
        self.size += len(content)
        with translate_storage_errors():
            self._file.write(self._sealer.update(content))

    def open(self) -> IO[bytes]:
        """End writing and return the content as a file. Nothing can be written afterwards."""
        with translate_storage_errors():
            self._file.write(self._sealer.finalize())
            self._file.seek(0)
        return decrypt(self._file, self.size, lambda _: self._key, b"spool")

    def finish(self, name: str | None, media_type: str | None = None) -> "UploadedFile[Any]":
        """End writing and return the content as an uploaded file. Nothing can be written afterwards."""
        content: Any = self.open()
        return UploadedFile(content, name, media_type, self.size)


class _SpoolFile(tempfile.SpooledTemporaryFile[bytes]):
    """A temporary file that is closed with its last reference, also after a request body was refused halfway."""

    def __del__(self) -> None:
        self.close()


class SpoolUploadHandler(FileUploadHandler):
    """Upload handler that writes the files of a multipart body to spools as they arrive."""

    chunk_size = 64 * 1024

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self.spool = Spool()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.spool.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        return self.spool.finish(self.file_name or "", self.content_type)
