"""HTTP for both APIs: a request from WSGI, a body parsed by its media type, a response.

API calls do not pass through Django's handler: they need no session, CSRF token or template, and its stack costs more
than the whole call.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from django.conf import settings
from django.utils.functional import cached_property  # functools' own takes a lock

from charthouse.audit.request_log import LogEntry
from charthouse.engine.declaration.resources import MAX_BODY, Declaration
from charthouse.engine.errors import Malformed, NotFound, RequestError, TooLarge, UnsupportedMedia
from charthouse.engine.execution import conformance
from charthouse.files.models import StoredFile
from charthouse.files.serving import FileBody, FileConditions, serve_file
from charthouse.gateway import multipart
from charthouse.gateway.json_bodies import parse_json
from charthouse.identity import origin

MAX_QUERY = 16 * 1024  # bytes of a query string
PIECE = 256 * 1024  # bytes of a body that are read at a time

_encode = msgspec.json.Encoder().encode


@dataclass(eq=False)
class Request:
    """An HTTP request. ``path`` and query are text; header values as WSGI passes them."""

    environ: Mapping[str, Any]
    # Its entry in the request log, completed while the call is handled.
    entry: LogEntry
    # What is declared of the call, once its URL is known.
    declared: Declaration | None = None
    # The part of the body that was read, for captured bodies.
    body: bytes = b""
    # The error that the call was refused with.
    refusal: RequestError | None = None
    # Called with resource, actor, row id and ids of parents before a row is changed; may raise RequestError.
    check_row: Callable[..., None] = field(default=lambda *row: None)

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        return str(self.environ.get("PATH_INFO", ""))

    def header(self, name: str) -> str | None:
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The query as pairs, in order. Raises Malformed where it is too long."""
        text = self.environ.get("QUERY_STRING") or ""
        if not text:
            return []
        if len(text) > MAX_QUERY:
            raise Malformed("The query string is too long.")
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            raise Malformed("The query string has too many parameters.") from None

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Query parameters; of several with the same name, the last. Raises Malformed, and Invalid in strict mode."""
        return self.read_parameters(lambda name: False)

    def read_parameters(self, is_list: Callable[[str], bool]) -> dict[str, Any]:
        """Query parameters; of those that may be given several times (``is_list``), the list of their values. Raises as
        ``parameters`` does."""
        found: dict[str, Any] = dict(self.pairs)
        lists = {name for name in found if is_list(name)}
        conformance.check_repeated_parameters(pair for pair in self.pairs if pair[0] not in lists)
        return found | {name: [text for each, text in self.pairs if each == name] for name in lists}

    @property
    def host_practice(self) -> int | None:
        """The practice that the requested host is assigned to, None where it is none's."""
        return origin.get_host_practice(self.environ)

    def url(self, **changed: str | None) -> str:
        """This request's absolute URL with query parameters changed, or removed by None."""
        kept = [(name, value) for name, value in self.pairs if name not in changed]
        added = [(name, value) for name, value in changed.items() if value is not None]
        query = urlencode(kept + added)
        return origin.build_url(f"{self.path}{'?' if query else ''}{query}")

    # -- body ---------------------------------------------------------------------------------------------------

    def read_payload(self, most: int = MAX_BODY) -> Any:
        """The parsed body: JSON's values, or a dict of a form's fields and files; without a body an empty dict.
        ``most``: bytes that a JSON or form body may have; a multipart body may have multipart.MAX_UPLOAD.

        Raises Malformed, TooLarge, UnsupportedMedia.
        """
        if self.is_body_empty:
            return {}
        media = self.media_type if self.environ.get("CONTENT_TYPE") else "application/json"
        if media == "multipart/form-data":
            self._refuse_compressed()
            return multipart.parse_multipart(self.environ)
        if media == "application/x-www-form-urlencoded":
            return self.parse_form(self.read_body(most))
        if media == "application/json" or media.endswith("+json"):
            return parse_json(self.read_body(most))
        raise UnsupportedMedia(f'Unsupported media type "{media[:100]}" in request.')

    @property
    def media_type(self) -> str:
        """The body's media type in lower case, without parameters; "" where none is given."""
        return str(self.environ.get("CONTENT_TYPE") or "").split(";")[0].strip().lower()

    @property
    def is_body_empty(self) -> bool:
        """Whether the request announces no body."""
        return self.environ.get("CONTENT_LENGTH") in (None, "", "0") and not self._is_chunked

    @property
    def _is_chunked(self) -> bool:
        return str(self.environ.get("HTTP_TRANSFER_ENCODING", "")).lower() == "chunked"

    def read_body(self, most: int) -> bytes:
        """Read a body of at most so many bytes. Raises TooLarge, Malformed for a truncated body, UnsupportedMedia for a
        compressed one."""
        self._refuse_compressed()
        length = self.environ.get("CONTENT_LENGTH") or ""
        if not length and self._is_chunked:
            self.body = self._read_pieces(most + 1)
            if len(self.body) > most:
                raise TooLarge.for_body(most)
            return self.body
        expected = int(length) if length.isascii() and length.isdigit() else 0
        if expected > most:
            raise TooLarge.for_body(most)
        self.body = self._read_pieces(expected) if expected else b""
        if len(self.body) < expected:
            raise Malformed("The body is shorter than announced.")
        return self.body

    def _refuse_compressed(self) -> None:
        """Raises UnsupportedMedia for a compressed body: unpacked, it may have any size."""
        coding = (self.header("Content-Encoding") or "identity").strip().lower()
        if coding != "identity":
            raise UnsupportedMedia(f'Unsupported content encoding "{coding[:100]}" in request.')

    def _read_pieces(self, most: int) -> bytes:
        """Read at most so many bytes, in pieces: the server holds a second copy of what is read at once."""
        pieces, left, stream = [], most, self.environ["wsgi.input"]
        while left and (piece := stream.read(min(left, PIECE))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def parse_form(self, body: bytes) -> dict[str, Any]:
        """Parse an urlencoded form. Raises Malformed."""
        try:
            return dict(
                parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2000, errors="strict")
            )
        except ValueError:
            raise Malformed("The form can't be read.") from None


@dataclass(slots=True)
class Response:
    """An HTTP response. ``content``: what msgspec encodes, bytes as they are, a file's Body, which is sent in
    pieces, or None for no body."""

    status: int
    content: Any = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    media: str = "application/json"

    def body(self) -> bytes | FileBody:
        if self.content is None:
            return b""
        return self.content if isinstance(self.content, bytes | FileBody) else _encode(self.content)

    def send(
        self, start: Callable[..., Any], body: bytes | FileBody, *, request_id: str, head: bool = False
    ) -> Iterable[bytes]:
        headers = list(self.headers)
        if self.content is not None:
            headers.append(("Content-Type", self.media))
        if self.status not in (204, 304):
            length = body.length if isinstance(body, FileBody) else len(body)
            headers.append(("Content-Length", str(length)))
        headers += (("X-Request-Id", request_id), *_SAFE)
        if settings.SECURE_HSTS_SECONDS:
            headers.append(("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"))
        start(f"{self.status} {_PHRASES[self.status]}", headers)
        if head and isinstance(body, FileBody):
            body.close()
        if head:
            return []
        return body if isinstance(body, FileBody) else [body]


def respond_with_file(request: Request, stored: StoredFile) -> Response:
    """Respond with a stored file, or the part of it that the request's headers ask for. Raises NotFound where it is
    lost."""
    try:
        found = serve_file(stored, FileConditions.read(request.method, request.header))
    except FileNotFoundError:
        raise NotFound from None
    content = None if found.status == 304 else found.body
    return Response(found.status, content, found.headers, found.media_type)


_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_SAFE = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
