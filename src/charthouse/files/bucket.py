"""Storage in an S3-compatible object store, by django-storages. boto3 takes credentials, endpoint and region from the
usual AWS_ variables."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

# Contents are authenticated when decrypted; not every store supports the checksums that boto3 sends by default.
_CLIENT = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"max_attempts": 3, "mode": "standard"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_PART_SIZE = 8 * 1024 * 1024  # bytes in memory of one upload


class BucketStorage(S3Storage):  # type: ignore[misc]
    """S3 storage with seekable reads and multipart uploads. Raises OSError for errors of the store."""

    def __init__(self, **settings: Any) -> None:
        transfer = TransferConfig(
            use_threads=False, multipart_chunksize=_PART_SIZE, multipart_threshold=_PART_SIZE
        )
        super().__init__(**{"client_config": _CLIENT, "transfer_config": transfer, **settings})

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        return File(_ObjectReader(self.bucket.Object(self._normalize_name(name))), name)  # type: ignore[arg-type]

    def _save(self, name: str, content: "File[Any]") -> str:
        with _raise_os_errors():
            return str(super()._save(name, content))

    def exists(self, name: str) -> bool:
        with _raise_os_errors():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with _raise_os_errors():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _raise_os_errors():
            folders, files = super().listdir(name)
            return folders, files


class _ObjectReader(io.RawIOBase):
    """A seekable reader of one object. A missing object raises FileNotFoundError at the first read."""

    def __init__(self, stored: Any) -> None:
        self._stored, self._position = stored, 0
        self._stream: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        if offset != self._position:
            self._close_stream()
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        with _raise_os_errors():
            if self._stream is None:
                self._stream = self._stored.get(Range=f"bytes={self._position}-")["Body"]
            found: bytes = self._stream.read(None if size < 0 else size)
        self._position += len(found)
        return found

    def close(self) -> None:
        self._close_stream()
        super().close()

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None


@contextmanager
def _raise_os_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ("404", "NoSuchKey", "416", "InvalidRange"):
            raise FileNotFoundError(code) from None
        raise OSError(f"the store answered {code}") from error
    except BotoCoreError as error:
        raise OSError(type(error).__name__) from error
