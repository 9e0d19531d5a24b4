"""The files of an export, written with checksums and read against them.

Every file is listed in SHA256SUMS, which ``sha256sum -c`` reads. A file of rows has beside it the SHA-256 of every
LINES_PER_SUM lines, so that damage is found to the line's hundred.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

FORMAT = 1
MANIFEST, SUMS, DESCRIPTION, FILE_INDEX = "manifest.json", "SHA256SUMS", "FORMAT.md", "files.ndjson"
TABLES, FILES, DOCUMENTS = "tables", "files", "ccda"
LINES_PER_SUM = 100
MAX_LINE = 32 * 1024 * 1024  # bytes of a row
CHUNK_SIZE = 1024 * 1024  # bytes read or written at once
_SUM_LINE = re.compile(rb"([0-9a-f]{64})  ([^\n]{1,1000})")
_PATH = re.compile(r"(?!\.)[\w.() -]+(/(?!\.)[\w.() -]+)?")
_UNSAFE = re.compile(r"[^\w.() -]+")
MAX_NAME = 120  # bytes of a file's name


class TransferError(Exception):
    """An export can't be written, or is not accepted. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its SHA-256 in hex and its size in bytes."""

    digest: str
    size: int


@dataclass
class Sums:
    """SHA-256 in hex of the files of an export, by path relative to it."""

    digests: dict[str, str] = field(default_factory=dict)

    def render(self) -> bytes:
        """Render SHA256SUMS, in the order of the paths."""
        return "".join(f"{digest}  {path}\n" for path, digest in sorted(self.digests.items())).encode()


def name_table(table: str) -> str:
    """Return the path of a table's rows."""
    return f"{TABLES}/{table}.ndjson"


def name_file(row_id: int, name: str) -> str:
    """Return the path of a stored file: its id and as much of its name as is safe on any file system."""
    safe = _UNSAFE.sub("_", name).strip(". ")
    safe = safe.encode()[-MAX_NAME:].decode(errors="ignore").lstrip(". ")
    return f"{FILES}/{row_id}-{safe}" if safe else f"{FILES}/{row_id}"


def open_new(path: Path) -> IO[bytes]:
    """Open a new file of mode 0600. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", CHUNK_SIZE)


class RowWriter:
    """Writes rows as lines, with their checksums."""

    def __init__(self, root: Path, path: str, sums: Sums) -> None:
        self.rows = 0
        self._root, self._path, self._sums = root, path, sums
        self._file = open_new(root / path)
        self._whole, self._part, self._parts = hashlib.sha256(), hashlib.sha256(), list[str]()

    def write(self, line: bytes) -> None:
        """Write a row, without its line break."""
        line += b"\n"
        self._file.write(line)
        self._whole.update(line)
        self._part.update(line)
        self.rows += 1
        if self.rows % LINES_PER_SUM == 0:
            self._end_part()

    def _end_part(self) -> None:
        self._parts.append(self._part.hexdigest())
        self._part = hashlib.sha256()

    def close(self) -> None:
        """End the file and write the sums of its lines."""
        if self.rows % LINES_PER_SUM:
            self._end_part()
        self._file.close()
        self._sums.digests[self._path] = self._whole.hexdigest()
        text = "".join(f"{part}\n" for part in self._parts).encode()
        write_bytes(self._root, f"{self._path}.sums", text, self._sums)


def write_bytes(root: Path, path: str, content: bytes, sums: Sums | None) -> None:
    """Write a file whole."""
    with open_new(root / path) as file:
        file.write(content)
    if sums is not None:
        sums.digests[path] = hashlib.sha256(content).hexdigest()


def write_stream(root: Path, path: str, content: IO[bytes], sums: Sums) -> Written:
    """Write a file in chunks."""
    digest, size = hashlib.sha256(), 0
    with open_new(root / path) as file:
        while chunk := content.read(CHUNK_SIZE):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    sums.digests[path] = digest.hexdigest()
    return Written(digest.hexdigest(), size)


def read_sums(root: Path) -> Sums:
    """Read SHA256SUMS. Raises TransferError for a path outside of the export, or that is not a plain file."""
    found = Sums()
    with open_listed(root, SUMS) as file:
        for number, line in enumerate(_read_lines(file, SUMS), 1):
            match = _SUM_LINE.fullmatch(line)
            path = match[2].decode("utf-8", "replace") if match else ""
            if match is None or not _PATH.fullmatch(path) or path in found.digests:
                raise TransferError(f"{SUMS}, line {number}: not a checksum and a path of this export.")
            found.digests[path] = match[1].decode()
    return found


@contextmanager
def open_listed(root: Path, path: str) -> Iterator[IO[bytes]]:
    """Open a file of an export to read. Raises TransferError if it is missing or a link."""
    try:
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise TransferError(f"{path}: {error.strerror}.") from None
    with os.fdopen(descriptor, "rb", CHUNK_SIZE) as file:
        if (root / path).parent.is_symlink() or not os.path.isfile(f"/proc/self/fd/{file.fileno()}"):
            raise TransferError(f"{path}: not a plain file.")
        yield file


def check_file(root: Path, path: str, sums: Sums) -> int:
    """Compare a file with its checksum. Return its size in bytes. Raises TransferError."""
    digest, size = hashlib.sha256(), 0
    with open_listed(root, path) as file:
        while chunk := file.read(CHUNK_SIZE):
            digest.update(chunk)
            size += len(chunk)
    require_digest(path, digest.hexdigest(), sums)
    return size


def read_small(root: Path, path: str, sums: Sums) -> bytes:
    """Read a file of up to MAX_LINE bytes and compare it with its checksum. Raises TransferError."""
    with open_listed(root, path) as file:
        content = file.read(MAX_LINE + 1)
    if len(content) > MAX_LINE:
        raise TransferError(f"{path}: larger than {MAX_LINE} bytes.")
    require_digest(path, hashlib.sha256(content).hexdigest(), sums)
    return content


def require_digest(path: str, digest: str, sums: Sums) -> None:
    """Check the digest of a file. Raises TransferError if it is not the listed one."""
    listed = sums.digests.get(path)
    if listed is None:
        raise TransferError(f"{path}: not listed in {SUMS}.")
    if digest != listed:
        raise TransferError(f"{path}: differs from its checksum in {SUMS}.")


def read_rows(root: Path, path: str, sums: Sums) -> Iterator[tuple[int, bytes]]:
    """Yield number, from 1, and bytes of every line of a file of rows. Raises TransferError after the first lines that
    differ from their checksum, naming them, or at the end if lines are missing."""
    parts = read_small(root, f"{path}.sums", sums).split()
    whole, part, number = hashlib.sha256(), hashlib.sha256(), 0
    with open_listed(root, path) as file:
        for line in _read_lines(file, path):
            number += 1
            yield number, line
            part.update(line + b"\n")
            whole.update(line + b"\n")
            if number % LINES_PER_SUM == 0:
                _require_part(path, number, part.hexdigest(), parts)
                part = hashlib.sha256()
    if number % LINES_PER_SUM:
        _require_part(path, number, part.hexdigest(), parts)
    if len(parts) != -(-number // LINES_PER_SUM):
        raise TransferError(f"{path}: ends after line {number}, before its last row.")
    require_digest(path, whole.hexdigest(), sums)


def _require_part(path: str, last: int, digest: str, parts: list[bytes]) -> None:
    index = (last - 1) // LINES_PER_SUM
    if index >= len(parts) or digest.encode() != parts[index]:
        first = index * LINES_PER_SUM + 1
        raise TransferError(f"{path}, lines {first} to {last}: differ from their checksum.")


def _read_lines(file: IO[bytes], path: str) -> Iterator[bytes]:
    """Yield lines without their breaks. Raises TransferError for one that is too long or has no end."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if not line.endswith(b"\n"):
            reason = f"longer than {MAX_LINE} bytes" if len(line) > MAX_LINE else "cut short"
            raise TransferError(f"{path}, line {number}: {reason}.")
        yield line[:-1]
