"""Bodies as they are read from the server."""

import io
from typing import Any

import pytest

from charthouse import clock
from charthouse.audit.request_log import LogEntry
from charthouse.engine.errors import Malformed, TooLarge
from charthouse.gateway.http import PIECE, Request


class Stream(io.BytesIO):
    """A body that notes how much of it was asked for at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.most = max(self.most, len(self.getvalue()) if size is None or size < 0 else size)
        return super().read(min(size or 0, 10_000))  # servers give what has arrived


def request(content: bytes, **environ: str) -> tuple[Request, Stream]:
    stream = Stream(content)
    told: dict[str, Any] = {"REQUEST_METHOD": "POST", "wsgi.input": stream, **environ}
    return Request(told, LogEntry(clock.now(), "", "cerbo", "POST", "/", "127.0.0.1")), stream


@pytest.mark.parametrize("how", [{"CONTENT_LENGTH": "1000000"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_large_body_is_taken_in_pieces(how: dict[str, str]) -> None:
    content = b"x" * 1_000_000
    asked, stream = request(content, **how)
    assert asked.read_body(1_000_000) == content
    assert stream.most <= PIECE
    asked, stream = request(content, **how)
    with pytest.raises(TooLarge):
        asked.read_body(999_999)


def test_a_body_that_ends_too_soon() -> None:
    asked, _ = request(b"x" * 10, CONTENT_LENGTH="11")
    with pytest.raises(Malformed):
        asked.read_body(100)
    asked, stream = request(b"x" * 11, CONTENT_LENGTH="10")
    assert asked.read_body(100) == b"x" * 10
    assert stream.tell() == 10, "what follows is another request's"
