"""Serving files over HTTP in chunks, whole or by range (RFC 9110, section 14).

A single byte range of ``Range`` is honored. Multiple ranges, other units and malformed values get the whole file, as
the standard allows. ``If-Match``, ``If-None-Match`` and ``If-Range`` compare the ETag (section 13); a file has no
time of modification, so conditions by time are ignored.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.utils.http import content_disposition_header

from charthouse.files.media_types import is_displayed
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file

CHUNK_SIZE = 64 * 1024  # bytes sent at once
_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class FileBody:
    """``length`` bytes of a file from ``start`` on, as a file or an iterator over pieces, which closes the file at its
    end."""

    def __init__(self, file: IO[Any], start: int, length: int) -> None:
        self.length, self._file, self._left = length, file, length
        if start:
            file.seek(start)

    def read(self, size: int = CHUNK_SIZE) -> bytes:
        """Read up to ``size`` bytes."""
        piece: bytes = self._file.read(min(size, self._left)) if self._left else b""
        self._left -= len(piece)
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_CUR) -> None:
        """Go back by so many bytes, or ahead; from where it stands alone."""
        assert whence == io.SEEK_CUR
        self._file.seek(offset, io.SEEK_CUR)
        self._left -= offset

    def seekable(self) -> bool:
        """Whether ``seek`` works."""
        return True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self.read()
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class FileResponse:
    """A response: status 200, 206, 304, 412 or 416, media type, other headers and body."""

    status: int
    body: FileBody
    media_type: str
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class FileConditions:
    """The request headers Range, If-Range, If-None-Match and If-Match, None where they are missing."""

    range: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None
    if_match: str | None = None

    @classmethod
    def read(cls, method: str | None, header: Callable[[str], str | None]) -> "FileConditions":
        """Read them with a function that returns a header of the request by name. Only a GET has a range (14.2)."""
        wanted = header("Range") if method == "GET" else None
        return cls(wanted, header("If-Range"), header("If-None-Match"), header("If-Match"))


def serve_file(file: StoredFile, conditions: FileConditions) -> FileResponse:
    """Serve a stored file. Raises FileNotFoundError when the content is missing in storage."""
    name = file.name or f"file-{file.pk}"
    media = "text/plain; charset=utf-8" if file.media_type == "text/plain" else file.media_type
    return serve_content(open_file(file), file.size, media, name, file.address[:32], conditions)


def serve_content(
    content: IO[Any],
    size: int,
    media_type: str,
    name: str,
    version: str,
    conditions: FileConditions,
) -> FileResponse:
    """Serve ``size`` bytes of a seekable file, or the requested range. ``version``: ETag, which changes with the
    content. What browsers don't display is served as an attachment."""
    etag, if_range = f'"{version}"', conditions.if_range
    is_attachment = not is_displayed(media_type.split(";")[0], content)
    headers = [
        ("Content-Disposition", content_disposition_header(is_attachment, name) or "inline"),
        ("Accept-Ranges", "bytes"),
        ("ETag", etag),
    ]
    if conditions.if_match is not None and not is_match(conditions.if_match, etag, weak=False):
        content.close()
        return FileResponse(412, FileBody(io.BytesIO(), 0, 0), media_type, [("ETag", etag)])
    if conditions.if_none_match is not None and is_match(conditions.if_none_match, etag):
        content.close()
        return FileResponse(304, FileBody(io.BytesIO(), 0, 0), media_type, [("ETag", etag)])
    if conditions.range is None or (if_range is not None and if_range.strip() != etag):
        return FileResponse(200, FileBody(content, 0, size), media_type, headers)
    byte_range = parse_range(conditions.range, size)
    if byte_range is None:
        return FileResponse(200, FileBody(content, 0, size), media_type, headers)
    start, end = byte_range
    if start >= end:
        content.close()
        headers = [("Accept-Ranges", "bytes"), ("Content-Range", f"bytes */{size}")]
        return FileResponse(416, FileBody(io.BytesIO(), 0, 0), media_type, headers)
    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
    return FileResponse(206, FileBody(content, start, end - start), media_type, headers)


def is_match(header: str, etag: str, *, weak: bool = True) -> bool:
    """Whether a header If-None-Match, or If-Match (not ``weak``), names the ETag, or any."""
    names = {name.strip().removeprefix("W/" if weak else "") for name in header.split(",")}
    return etag in names or "*" in names


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
