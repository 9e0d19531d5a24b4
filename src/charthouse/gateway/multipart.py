"""Multipart bodies, parsed as they arrive: files go to a spool, not to memory (see files.spool)."""

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import load_handler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from charthouse.engine.errors import Malformed, TooLarge

MAX_UPLOAD = 256 * 1024 * 1024  # bytes of a body
_TAIL = 1024  # bytes at the end, in which the last boundary lies


class _CountedStream:
    """A stream that counts what was read and ends where the body does."""

    def __init__(self, stream: Any, expected: int | None) -> None:
        self._stream, self._expected, self.count, self.tail = stream, expected, 0, b""

    def read(self, size: int = -1) -> bytes:
        if self._expected is not None:
            size = min(size, self._expected - self.count) if size >= 0 else self._expected - self.count
        piece: bytes = self._stream.read(size) if size else b""
        self.count += len(piece)
        if self.count > MAX_UPLOAD:
            raise TooLarge.for_body(MAX_UPLOAD)
        self.tail = (self.tail + piece)[-_TAIL:]
        return piece

    def is_complete(self, boundary: bytes) -> bool:
        """Whether the body arrived whole: it has the announced length and the closing boundary."""
        while self.read(1 << 16):  # what follows the last boundary
            pass
        return self._expected in (None, self.count) and b"--" + boundary + b"--" in self.tail


def parse_multipart(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Parse fields and files by name; of several with the same name, the last. Raises Malformed, TooLarge."""
    length = environ.get("CONTENT_LENGTH") or ""
    expected = int(length) if length.isascii() and length.isdigit() else None
    chunked = str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower() == "chunked"
    if expected is None and not chunked:
        expected = 0
    if expected is not None and expected > MAX_UPLOAD:
        raise TooLarge.for_body(MAX_UPLOAD)
    stream: Any = _CountedStream(environ["wsgi.input"], expected)
    # A chunked body has no known length; the parser only asks whether it is empty.
    known: Any = {**environ, "CONTENT_LENGTH": str(MAX_UPLOAD if expected is None else expected)}
    try:
        parser = MultiPartParser(
            known, stream, [load_handler(path) for path in settings.FILE_UPLOAD_HANDLERS]
        )
        fields, files = parser.parse()
    except RequestDataTooBig:
        raise TooLarge("A form field is too large.") from None
    except (MultiPartParserError, SuspiciousOperation, UnicodeError, ValueError, LookupError):
        raise Malformed("Multipart form parse error.") from None
    if expected != 0 and not stream.is_complete(cast(Any, parser)._boundary):
        raise Malformed("The multipart body is cut short.")
    if any("\ufffd" in text for name in fields for text in (name, fields[name])):
        raise Malformed(
            "The form is not UTF-8."
        )  # the parser has put this in place of what it could not decode
    return {**{name: fields[name] for name in fields}, **{name: files[name] for name in files}}
