"""Running the application for one request, and the answer on the wire."""

import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from typing import IO, Any

from charthouse.web_server.application import Application, Call, Reads
from charthouse.web_server.connections import Connection

Headers = list[tuple[str, str]]
_NO_BODY = ("204", "304")
_FAULT = b"The server failed to answer."
_date = (0, "")


class FileWrapper:
    """A file as an answer (``wsgi.file_wrapper``, PEP 3333): it is read when the client takes it, by any thread, if it
    can be sought in and the answer has a Content-Length."""

    def __init__(self, file: IO[bytes], block_size: int = 65536) -> None:
        self.file = file

    @property
    def is_seekable(self) -> bool:
        """Whether what a client does not take can be read again."""
        return hasattr(self.file, "seekable") and self.file.seekable()

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(65536), b"")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class ApplicationError(Exception):
    """The application failed, which has been reported."""


class Answer:
    """The answer to the request that a connection has parsed. ``is_draining``: tells whether answers end their
    connections."""

    def __init__(
        self, connection: Connection, application: Application, is_draining: Callable[[], bool]
    ) -> None:
        self._connection, self._application, self._is_draining = connection, application, is_draining
        self._request, self._body, content = connection.take_request()
        self._environ = environ = self._request.environ
        environ["wsgi.input"] = content
        environ["wsgi.input_terminated"] = True
        environ["wsgi.errors"] = application.errors
        environ["wsgi.file_wrapper"] = FileWrapper
        self._status = ""
        self._headers: Headers = []
        self._is_begun = False

    def begin(self, reads: Reads) -> Call:
        """Begin the call of a read that was accepted; ``run`` is to be called with it."""
        return reads.begin(self._environ, self._start, self._connection)

    def run(self, call: Call | None = None) -> None:
        """Run the application, or the ``call`` that has begun, and send its answer, or as much as the client takes.
        Raises OSError where the client is gone, Refused where there is no room for what it does not take, ValueError
        for an answer that is no HTTP."""
        try:
            result = self._application.call(self._environ, self._start) if call is None else call.run()
        except Exception as error:
            self._application.report(error)
            return self._send_fault()
        finally:
            if self._body is not None:
                self._environ["wsgi.input"].close()
                self._body.close()
        try:
            if isinstance(result, list):
                self._send_whole(result[0] if len(result) == 1 else b"".join(result))
            elif isinstance(result, FileWrapper) and result.is_seekable and (length := self._find_length()):
                self._send_file(result, length)
            else:
                self._send_pieces(result)
        except ApplicationError:
            if self._is_begun:
                raise OSError("an answer is cut") from None
            self._send_fault()
        self._connection.end_answer()

    def _start(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        self._status, self._headers = status, headers
        return _refuse_write

    def _send_whole(self, content: bytes) -> None:
        if not self._has_body:
            content = b""
        self._connection.send(self._render_head(len(content)) + content)

    def _send_file(self, wrapper: FileWrapper, length: int) -> None:
        """Send a file, which is closed at its end or with the connection."""
        try:
            self._connection.send(self._render_head(length))
        except BaseException:
            wrapper.close()
            raise
        if self._has_body:
            self._connection.send_file(wrapper.file, length)
        else:
            wrapper.close()

    def _send_pieces(self, result: Iterable[bytes]) -> None:
        """Send what an application makes bit by bit, at its own pace; what the client does not take yet waits."""
        declared = self._find_length()
        chunked = declared is None and self._environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        if declared is None and not chunked:
            self._connection.is_last = True
        left = declared
        try:
            for piece in self._read(result):
                if not self._is_begun:
                    self._connection.send(self._render_head(None if chunked else declared))
                if left is not None:
                    piece, left = piece[:left], left - len(piece[:left])
                if piece and self._has_body:
                    self._connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        finally:
            if (close := getattr(result, "close", None)) is not None:
                close()
        if left and self._has_body:
            raise ValueError("an answer is shorter than announced")
        if chunked and self._has_body:
            self._connection.send(b"0\r\n\r\n")

    def _read(self, result: Iterable[bytes]) -> Iterator[bytes]:
        """Iterate over an application's answer, with an empty piece first. Raises ApplicationError."""
        try:
            pieces = iter(result)
            first = next(pieces, b"")
        except Exception as error:
            self._application.report(error)
            raise ApplicationError from None
        yield first
        while True:
            try:
                piece = next(pieces, None)
            except Exception as error:
                self._application.report(error)
                raise ApplicationError from None
            if piece is None:
                return
            yield piece

    def _send_fault(self) -> None:
        self._connection.is_last = True
        self._status, self._headers = "500 Internal Server Error", [("Content-Type", "text/plain")]
        self._connection.send(self._render_head(len(_FAULT)) + (_FAULT if self._has_body else b""))
        self._connection.end_answer()

    @property
    def _has_body(self) -> bool:
        return self._environ["REQUEST_METHOD"] != "HEAD" and self._status[:3] not in _NO_BODY

    def _find_length(self) -> int | None:
        """Return the Content-Length that the application gave, None where it gave none."""
        for name, value in self._headers:
            if name.lower() == "content-length":
                return int(value)
        return None

    def _render_head(self, length: int | None) -> bytes:
        """Render the head. ``length``: of the content, None for chunks."""
        self._is_begun = True
        if self._is_draining():
            self._connection.is_last = True
        lines = [f"HTTP/1.1 {self._status}\r\nDate: {render_date()}\r\n"]
        has_length = False
        for name, value in self._headers:
            lines.append(f"{name}: {value}\r\n")
            has_length = has_length or name == "Content-Length" or name.lower() == "content-length"
        if not has_length and self._status[:3] not in _NO_BODY:
            if length is not None:
                lines.append(f"Content-Length: {length}\r\n")
            elif not self._connection.is_last or self._environ["SERVER_PROTOCOL"] == "HTTP/1.1":
                lines.append("Transfer-Encoding: chunked\r\n")
        if self._connection.is_last or not self._request.keep_alive:
            lines.append("Connection: close\r\n")
        elif self._environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            lines.append("Connection: keep-alive\r\n")
        text = "".join(lines)
        if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
            raise ValueError("a header has a line break")
        return f"{text}\r\n".encode("latin-1")


def render_date() -> str:
    """Render the time for the header Date."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]


def _refuse_write(data: bytes) -> None:
    raise RuntimeError("the application returns its answer")
