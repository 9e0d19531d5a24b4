"""Serving files over HTTP in chunks, whole or by range (RFC 9110, section 14).

A single byte range of ``Range`` is honored. Multiple ranges, other units and malformed values get the whole file, as
the standard allows.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.utils.http import content_disposition_header

from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file

CHUNK_SIZE = 64 * 1024  # bytes sent at once
_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class FileBody:
    """An iterator over ``length`` bytes of a file from ``start`` on. Closes the file at the end or when the client
    disconnects."""

    def __init__(self, file: IO[Any], start: int, length: int) -> None:
        self.length, self._file, self._left = length, file, length
        if start:
            file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece: bytes = self._file.read(min(CHUNK_SIZE, self._left)) if self._left else b""
        self._left -= len(piece)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class FileResponse:
    """A response: status 200, 206 or 416, media type, other headers and body."""

    status: int
    body: FileBody
    media_type: str
    headers: list[tuple[str, str]] = field(default_factory=list)


def serve_file(file: StoredFile, range_header: str | None, if_range: str | None = None) -> FileResponse:
    """Serve a stored file. ``range_header``: the header Range; ``if_range``: If-Range.

    Raises FileNotFoundError when the content is missing in storage.
    """
    name = file.name or f"file-{file.pk}"
    media = "text/plain; charset=utf-8" if file.media_type == "text/plain" else file.media_type
    return serve_content(open_file(file), file.size, media, name, file.address[:32], range_header, if_range)


def serve_content(
    content: IO[Any],
    size: int,
    media_type: str,
    name: str,
    version: str,
    range_header: str | None,
    if_range: str | None = None,
) -> FileResponse:
    """Serve ``size`` bytes of a seekable file, or the requested range. ``version``: ETag, which changes with the
    content."""
    etag = f'"{version}"'
    headers = [
        ("Content-Disposition", content_disposition_header(False, name) or "inline"),
        ("Accept-Ranges", "bytes"),
        ("ETag", etag),
    ]
    if range_header is None or (if_range is not None and if_range.strip() != etag):
        return FileResponse(200, FileBody(content, 0, size), media_type, headers)
    byte_range = parse_range(range_header, size)
    if byte_range is None:
        return FileResponse(200, FileBody(content, 0, size), media_type, headers)
    start, end = byte_range
    if start >= end:
        content.close()
        headers = [("Accept-Ranges", "bytes"), ("Content-Range", f"bytes */{size}")]
        return FileResponse(416, FileBody(io.BytesIO(), 0, 0), media_type, headers)
    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
    return FileResponse(206, FileBody(content, start, end - start), media_type, headers)


def parse_range(range_header: str, size: int) -> tuple[int, int] | None:
    """Parse a header Range into (start, end), end exclusive. start = end when the range lies past the end of the file;
    None when the whole file is to be sent."""
    found = _RANGE.fullmatch(range_header)
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return max(0, size - int(suffix)), size
    start, end = int(first), int(last) + 1 if last else size
    if last and end <= start:
        return None  # bytes=5-3 is invalid
    return min(start, size), max(min(end, size), min(start, size))
