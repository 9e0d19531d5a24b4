"""Where backups go: a directory, or a bucket that speaks S3. An object appears whole or not at all."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

from charthouse import clock, durable

TEMPORARY_PREFIX = ".new-"


@dataclass(frozen=True)
class StoredObject:
    """What is stored under a name: size in bytes, and the SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Destination(Protocol):
    """A store of objects by name, such as ``lines/x/wal/y``. Methods raise OSError, FileNotFoundError for a missing
    object."""

    label: str

    def put(self, name: str, content: Iterable[bytes], *, sync: bool = True) -> StoredObject:
        """Store an object, whole. Without ``sync``, it is durable after the next ``sync``."""

    def sync(self) -> None:
        """Make everything that was stored durable."""

    def open(self, name: str) -> tuple[IO[bytes], int]:
        """Open an object to be read once. Return it and its size."""

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield names and sizes of the objects below a folder (``lines/``), in no order."""

    def delete(self, name: str) -> None:
        """Delete an object. Nothing happens if it is missing."""


def connect(place: str) -> Destination:
    """Return the destination of a path or an s3:// URL."""
    return BucketDestination(place) if place.startswith("s3://") else DirectoryDestination(Path(place))


class Digester:
    """Passes chunks through and notes their size and hash."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content, self._hash, self._size = content, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._content:
            self._hash.update(chunk)
            self._size += len(chunk)
            yield chunk

    @property
    def result(self) -> StoredObject:
        return StoredObject(self._size, self._hash.hexdigest())


class DirectoryDestination:
    """Objects are files below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.label = str(self.root)

    def put(self, name: str, content: Iterable[bytes], *, sync: bool = True) -> StoredObject:
        path = self.root / name
        durable.make_directory(path.parent, mode=0o700, sync=sync)
        digester = Digester(content)
        with durable.open_replacement(path, TEMPORARY_PREFIX, sync=sync) as file:
            for chunk in digester:
                file.write(chunk)
        return digester.result

    def sync(self) -> None:
        durable.sync_file_system(self.root)

    def open(self, name: str) -> tuple[IO[bytes], int]:
        file = (self.root / name).open("rb")
        return file, os.fstat(file.fileno()).st_size

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        for folder, _, names in os.walk(self.root / prefix):
            for name in names:
                if not name.startswith(TEMPORARY_PREFIX):
                    path = Path(folder) / name
                    with suppress(FileNotFoundError):
                        yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def delete(self, name: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty
                break

    def delete_unfinished(self, age: timedelta) -> None:
        """Delete what processes that were killed so long ago have left."""
        before = (clock.now() - age).timestamp()
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                if name.startswith(TEMPORARY_PREFIX) and path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)


class BucketDestination:
    """Objects in a bucket, below a prefix. boto3 takes credentials, endpoint and region from the AWS_ variables."""

    PART_SIZE = 8 * 1024 * 1024  # bytes in memory of one upload

    def __init__(self, url: str) -> None:
        import boto3  # takes long to import, and few need it
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config

        place = urlsplit(url)
        self.label, self._bucket = url, place.netloc
        self._prefix = f"{place.path.strip('/')}/" if place.path.strip("/") else ""
        self._client = boto3.client(
            "s3",
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 5, "mode": "standard"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        self._transfer = TransferConfig(
            use_threads=False, multipart_chunksize=self.PART_SIZE, multipart_threshold=self.PART_SIZE
        )

    def put(self, name: str, content: Iterable[bytes], *, sync: bool = True) -> StoredObject:
        digester = Digester(content)
        with _raise_os_errors():
            self._client.upload_fileobj(
                PieceReader(iter(digester)), self._bucket, self._prefix + name, Config=self._transfer
            )
        return digester.result

    def sync(self) -> None:
        """Nothing: an object that the store has accepted is durable."""

    def open(self, name: str) -> tuple[IO[bytes], int]:
        with _raise_os_errors():
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        return _BodyReader(found["Body"]), int(found["ContentLength"])  # type: ignore[return-value]

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        with _raise_os_errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix), int(found["Size"])

    def delete(self, name: str) -> None:
        with _raise_os_errors():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)


class PieceReader:
    """A file to be read once, over chunks of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._pending = pieces, bytearray()

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._pending) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._pending += piece
        count = len(self._pending) if size < 0 else size
        found = bytes(self._pending[:count])
        del self._pending[:count]
        return found

    def close(self) -> None:
        """Nothing is open."""


class _BodyReader:
    """The body of an answer of the store, whose errors are OSErrors."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        with _raise_os_errors():
            return bytes(self._body.read(None if size < 0 else size))

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> "_BodyReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _raise_os_errors:  # noqa: N801 - used as a function
    """Raise OSError for what boto3 raises, FileNotFoundError for a missing object."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ("404", "NoSuchKey"):
                raise FileNotFoundError(code) from None
            raise OSError(f"the store answered {code}") from error
        if isinstance(error, BotoCoreError):
            raise OSError(type(error).__name__) from error
