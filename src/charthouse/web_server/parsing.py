"""HTTP/1 messages (RFC 9112), read strictly: what could be read in two ways is refused, since a proxy may have read it
in the other.

Refused although some servers take it: lines that end with a bare LF, folded headers, white space before a colon,
Content-Length together with Transfer-Encoding or twice, other transfer codings than chunked, Host missing or twice.
Headers whose name has an underscore are dropped: in a WSGI environment they would stand for those with a hyphen.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from charthouse.web_server.limits import Limits
from charthouse.web_server.refusals import BAD_REQUEST, HEAD_TOO_LARGE, Refused

MAX_CHUNK_LINE = 256  # bytes of a line before a chunk
MAX_TRAILERS = 8192  # bytes after the last chunk
MAX_NAMES = 1000  # header names that are remembered

_REQUEST_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([!-~]+) HTTP/1\.([01])")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,15}")
_OWN_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_keys: dict[str, str] = {}  # header name → key of a WSGI environment, "" where the header is dropped


@dataclass(slots=True)
class Head:
    """The head of a request. ``length``: bytes of the body, None for a chunked one."""

    environ: dict[str, Any]
    length: int | None
    keep_alive: bool
    expects_continue: bool


def make_base(host: str, port: int) -> dict[str, Any]:
    """Return what the WSGI environments of all requests to a listening socket have."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def parse_head(text: str, base: dict[str, Any], limits: Limits) -> Head:
    """Parse request line and headers, without the empty line. ``base``: what the WSGI environment has in addition.
    Raises Refused."""
    lines = text.split("\r\n")
    joined = "".join(lines)
    if not joined.isprintable() and _CONTROL.search(joined):  # tabs and some of Latin-1 are not printable
        raise Refused(BAD_REQUEST)
    found = _REQUEST_LINE.fullmatch(lines[0])
    if found is None:
        raise Refused(BAD_REQUEST)
    if len(lines) - 1 > limits.headers:
        raise Refused(HEAD_TOO_LARGE)
    method, target, minor = found.groups()
    environ = base.copy()
    environ["REQUEST_METHOD"] = method
    environ["SERVER_PROTOCOL"] = "HTTP/1.1" if minor == "1" else "HTTP/1.0"
    get_key = _keys.get
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        key = get_key(name)
        if key and colon and key not in environ:
            environ[key] = value.strip(" \t")
        else:
            _add_header(environ, name, colon, value)
    if minor == "1" and "HTTP_HOST" not in environ:
        raise Refused(BAD_REQUEST)
    _add_target(environ, target)
    keep_alive = minor == "1"
    if (options := environ.get("HTTP_CONNECTION")) is not None:
        words = options.lower().replace(" ", "").split(",")
        keep_alive = "close" not in words and (keep_alive or "keep-alive" in words)
    expects = minor == "1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue"
    return Head(environ, _read_framing(environ, minor), keep_alive, expects)


def _add_header(environ: dict[str, Any], name: str, colon: str, value: str) -> None:
    """Add a header that is new, dropped, or there already. Raises Refused."""
    if not colon:
        raise Refused(BAD_REQUEST)
    key = _keys.get(name)
    if key is None:
        key = _find_key(name)
    value = value.strip(" \t")
    if key and key not in environ:
        environ[key] = value
    elif key in ("HTTP_HOST", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
        raise Refused(BAD_REQUEST)
    elif key:
        environ[key] += f"{';' if key == 'HTTP_COOKIE' else ','}{value}"


def _find_key(name: str) -> str:
    """Return the key of a WSGI environment for a header, "" where it is dropped. Raises Refused."""
    if _NAME.fullmatch(name) is None:
        raise Refused(BAD_REQUEST)
    lower = name.lower()
    key = "" if "_" in name else _OWN_KEYS.get(lower) or "HTTP_" + lower.upper().replace("-", "_")
    if len(_keys) < MAX_NAMES:
        _keys[name] = key
    return key


def _add_target(environ: dict[str, Any], target: str) -> None:
    """Add path, query and, of an absolute URL, the host (RFC 9112, section 3.2.2). Raises Refused."""
    if target[0] != "/":
        found = _ABSOLUTE.fullmatch(target)
        if found is None or not found[1]:
            raise Refused(BAD_REQUEST)
        environ["HTTP_HOST"] = found[1]
        target = found[2] if found[2].startswith("/") else f"/{found[2]}"
    if "#" in target:
        target = target.partition("#")[0]
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path


def _read_framing(environ: dict[str, Any], minor: str) -> int | None:
    """Return the length of the body, None for a chunked one. Raises Refused."""
    coding, length = environ.get("HTTP_TRANSFER_ENCODING"), environ.get("CONTENT_LENGTH")
    if coding is not None:
        if length is not None or minor == "0" or coding.lower() != "chunked":
            raise Refused(BAD_REQUEST)
        return None
    if length is None:
        return 0
    if _LENGTH.fullmatch(length) is None:
        raise Refused(BAD_REQUEST)
    return int(length)


class ChunkDecoder:
    """Decodes a chunked body as it arrives."""

    def __init__(self) -> None:
        self._left = (
            0  # bytes of the current chunk and the line's end after it; 0: a line with a size follows
        )
        self._trailers = -1  # bytes of trailers so far, -1 before the last chunk

    @property
    def least(self) -> int:
        """The least number of bytes that are to come: the rest of a chunk, and the last one."""
        return max(1, self._left) if self._trailers >= 0 else self._left + 3

    def decode(self, data: bytes, content: bytearray) -> tuple[bytes, bool]:
        """Append what ``data`` holds to ``content``. Return what is not decoded yet, and whether the body is complete.
        Raises Refused."""
        at = 0
        while True:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                content += piece
                at, self._left = at + len(piece), self._left - len(piece)
                if self._left > 2:
                    return b"", False
            if self._left:
                if len(data) - at < 2:
                    return data[at:], False
                if data[at : at + 2] != b"\r\n":
                    raise Refused(BAD_REQUEST)
                at, self._left = at + 2, 0
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > (MAX_CHUNK_LINE if self._trailers < 0 else MAX_TRAILERS):
                    raise Refused(BAD_REQUEST)
                return data[at:], False
            line, at = data[at:end], end + 2
            if self._trailers < 0:
                self._begin_chunk(line)
            elif self._skip_trailer(line):
                return data[at:], True

    def _begin_chunk(self, line: bytes) -> None:
        found = _CHUNK_LINE.fullmatch(line) if len(line) <= MAX_CHUNK_LINE else None
        if found is None:
            raise Refused(BAD_REQUEST)
        size = int(found[1], 16)
        if size:
            self._left = size + 2
        else:
            self._trailers = 0

    def _skip_trailer(self, line: bytes) -> bool:
        """Skip a trailer; they are not used. Return whether it is the empty line after them."""
        self._trailers += len(line)
        if self._trailers > MAX_TRAILERS:
            raise Refused(HEAD_TOO_LARGE)
        return not line
