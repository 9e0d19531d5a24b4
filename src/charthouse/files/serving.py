"""A file as an answer, in pieces: whole, or the part of it that was asked for (RFC 9110, section 14).

Of ``Range``, one range of bytes is honoured. Several at once, other units and nonsense are answered with the whole,
as the standard allows.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.utils.http import content_disposition_header

from charthouse.files.models import StoredFile
from charthouse.files.storage import opened

PIECE = 64 * 1024  # bytes sent at a time
_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class Body:
    """``length`` bytes of a file from ``start`` on; closes the file at the end, or when whoever asked has gone."""

    def __init__(self, file: IO[Any], start: int, length: int) -> None:
        self.length, self._file, self._left = length, file, length
        if start:
            file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece: bytes = self._file.read(min(PIECE, self._left)) if self._left else b""
        self._left -= len(piece)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Served:
    """Status 200, 206 or 416, media type, the other headers, and what follows them."""

    status: int
    body: Body
    media: str
    headers: list[tuple[str, str]] = field(default_factory=list)


def served(file: StoredFile, asked: str | None, unless_changed: str | None = None) -> Served:
    """A stored file. ``asked``: the header Range; ``unless_changed``: If-Range.

    Raises FileNotFoundError when storage doesn't have it.
    """
    name = file.name or f"file-{file.pk}"
    media = "text/plain; charset=utf-8" if file.media_type == "text/plain" else file.media_type
    return part(opened(file), file.size, media, name, file.address[:32], asked, unless_changed)


def part(
    content: IO[Any],
    size: int,
    media_type: str,
    name: str,
    version: str,
    asked: str | None,
    unless_changed: str | None = None,
) -> Served:
    """``size`` bytes of a seekable file, or the part that was asked for. ``version`` changes with the content."""
    tag = f'"{version}"'
    headers = [
        ("Content-Disposition", content_disposition_header(False, name) or "inline"),
        ("Accept-Ranges", "bytes"),
        ("ETag", tag),
    ]
    if asked is None or (unless_changed is not None and unless_changed.strip() != tag):
        return Served(200, Body(content, 0, size), media_type, headers)
    wanted = span(asked, size)
    if wanted is None:
        return Served(200, Body(content, 0, size), media_type, headers)
    start, end = wanted
    if start >= end:
        content.close()
        headers = [("Accept-Ranges", "bytes"), ("Content-Range", f"bytes */{size}")]
        return Served(416, Body(io.BytesIO(), 0, 0), media_type, headers)
    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
    return Served(206, Body(content, start, end - start), media_type, headers)


def span(asked: str, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last, of a header Range; none at all (start = end) when it lies past the end;
    None for what is answered with the whole."""
    found = _RANGE.fullmatch(asked)
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return max(0, size - int(suffix)), size
    start, end = int(first), int(last) + 1 if last else size
    if last and end <= start:
        return None  # bytes=5-3 is no range
    return min(start, size), max(min(end, size), min(start, size))
