"""What is read as HTTP/1, and what is refused because it could be read in two ways."""

import itertools
import random
from pathlib import Path

import h11
import pytest

from charthouse.web_server.limits import DEFAULT
from charthouse.web_server.parsing import ChunkDecoder, Head, parse_head
from charthouse.web_server.refusals import Refused
from tests.cases import each_case
from tests.web_server.loops import echo, run_loop

HOST = "\r\nHost: a"
POST = f"POST / HTTP/1.1{HOST}\r\n"
REFUSED = {
    "no host": "GET / HTTP/1.1",
    "two hosts": f"GET / HTTP/1.1{HOST}{HOST}",
    "two lengths": f"{POST}Content-Length: 2\r\nContent-Length: 2",
    "two lengths in one": f"{POST}Content-Length: 2, 2",
    "a length with a sign": f"{POST}Content-Length: +2",
    "a length below zero": f"{POST}Content-Length: -2",
    "a length in hexadecimal": f"{POST}Content-Length: 0x2",
    "a length without digits": f"{POST}Content-Length:",
    "a length that has no end": f"{POST}Content-Length: {'9' * 30}",
    "a length in other digits": f"{POST}Content-Length: \u00b2",
    "length and coding": f"{POST}Content-Length: 2\r\nTransfer-Encoding: chunked",
    "coding and length": f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 2",
    "two codings": f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "two codings in one": f"{POST}Transfer-Encoding: gzip, chunked",
    "an unknown coding": f"{POST}Transfer-Encoding: xchunked",
    "identity": f"{POST}Transfer-Encoding: identity",
    "a coding of HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked",
    "white space before the colon": f"{POST}Transfer-Encoding : chunked",
    "white space in a name": f"{POST}X A: b",
    "a folded header": f"{POST}X-A: b\r\n c",
    "a line break alone": f"{POST}X-A: b\nX-B: c",
    "a carriage return alone": f"{POST}X-A: b\rX-B: c",
    "NUL": f"{POST}X-A: b\0",
    "DEL": f"{POST}X-A: b\x7f",
    "no colon": f"{POST}X-A",
    "no name": f"{POST}: a",
    "a name that is no token": f"{POST}X(A): b",
    "too many headers": POST + "\r\n".join(f"X-{number}: a" for number in range(101)),
    "HTTP/0.9": "GET /",
    "HTTP/2": f"GET / HTTP/2.0{HOST}",
    "the preface of HTTP/2": "PRI * HTTP/2.0",
    "HTTP/1.2": f"GET / HTTP/1.2{HOST}",
    "two spaces": f"GET  / HTTP/1.1{HOST}",
    "a space in the path": f"GET /a b HTTP/1.1{HOST}",
    "a path that is not ASCII": f"GET /\u00e9 HTTP/1.1{HOST}",
    "no path": f"GET a HTTP/1.1{HOST}",
    "an authority": f"CONNECT a:443 HTTP/1.1{HOST}",
    "an asterisk": f"OPTIONS * HTTP/1.1{HOST}",
    "another scheme": f"GET ftp://a/ HTTP/1.1{HOST}",
    "TLS": "\x16\x03\x01\x02",
}  # fmt: skip


def parse(text: str) -> Head:
    return parse_head(text, {"REMOTE_ADDR": "::1"}, DEFAULT)


@each_case("title", REFUSED)
def test_a_head_that_is_refused(title: str) -> None:
    with pytest.raises(Refused):
        parse(REFUSED[title])


def test_a_head_becomes_a_wsgi_environment() -> None:
    head = parse(
        "FROB /a%20b/%C3%A9?x=%20 HTTP/1.1\r\nhost:a:80\r\nX-One: 1\r\nx-one:\t2 \r\nCookie: a=1\r\nCookie: b=2\r\n"
        "Content-Type: text/plain\r\nContent-Length: 5\r\nX_Forwarded_For: 1.2.3.4\r\nX-Empty:\r\nExpect: 100-Continue"
    )
    assert head.environ == {
        "REMOTE_ADDR": "::1",
        "REQUEST_METHOD": "FROB",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "PATH_INFO": "/a b/\u00c3\u00a9",
        "QUERY_STRING": "x=%20",
        "HTTP_HOST": "a:80",
        "HTTP_X_ONE": "1,2",
        "HTTP_COOKIE": "a=1;b=2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "5",
        "HTTP_X_EMPTY": "",
        "HTTP_EXPECT": "100-Continue",
    }
    assert (head.length, head.keep_alive, head.expects_continue) == (5, True, True)


def test_an_absolute_url_says_the_host() -> None:
    for target, path, query in (("/p?q", "/p", "q"), ("", "/", ""), ("?q", "/", "q"), ("/p#f", "/p", "")):
        environ = parse(f"GET http://b:81{target} HTTP/1.1{HOST}").environ
        found = environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]
        assert found == ("b:81", path, query), target


def test_whether_a_connection_stays_open() -> None:
    for version, option, stays in (
        ("1.1", "", True), ("1.1", "close", False), ("1.1", "Keep-Alive", True), ("1.1", "x, Close", False),
        ("1.0", "", False), ("1.0", "keep-alive", True), ("1.0", "keep-alive, close", False),
    ):  # fmt: skip
        line = f"\r\nConnection: {option}" if option else ""
        assert parse(f"GET / HTTP/{version}{HOST}{line}").keep_alive is stays, (version, option)


def decode(content: bytes, size: int) -> tuple[bytes, bytes, bool]:
    """Decode chunks that arrive in pieces of ``size`` bytes: content, what is left, whether it is complete."""
    decoder, decoded, left = ChunkDecoder(), bytearray(), b""
    for at in range(0, len(content), size):
        left, complete = decoder.decode(left + content[at : at + size], decoded)
        if complete:
            return bytes(decoded), left + content[at + size :], True
    return bytes(decoded), left, False


def test_chunks_are_decoded_wherever_they_are_cut() -> None:
    content = b'4;name="value"\r\nab\r\n\r\n0A \r\n0123456789\r\n0\r\nX-Trailer: a\r\n\r\nGET'
    for size in range(1, len(content) + 1):
        assert decode(content, size) == (b"ab\r\n0123456789", b"GET", True), size
    assert decode(content[:-8], 7)[2] is False


def test_chunks_that_are_refused() -> None:
    for content in (
        b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"0x2\r\nab\r\n", b"\r\nab\r\n", b"2\nab\r\n",
        b"2\r\nabc\r\n", b"2\r\nab\n\n",
        b"2;\x01\r\nab\r\n", b"2;" + b"a" * 300 + b"\r\nab\r\n", b"f" * 13 + b"\r\n", b"2" * 300,
        b"0\r\n" + b"X-A: b\r\n" * 2000 + b"\r\n",
    ):  # fmt: skip
        for size in (1, len(content)):
            with pytest.raises(Refused):
                decode(content, size)


def test_another_parser_reads_the_same_message(tmp_path: Path) -> None:
    """Heads out of right and wrong parts: what is taken here, h11 takes too, and sees the same body."""
    chosen = random.Random(1)  # noqa: S311
    lines = (
        "GET / HTTP/1.1",
        "POST /a?b HTTP/1.1",
        "POST / HTTP/1.0",
        "POST / HTTP/1.1 ",
        "post http://b/ HTTP/1.1",
    )
    headers = (
        "Host: a", "Content-Length: 3", "Content-Length: 03", "Content-Length: 3 ", "Content-Length:3",
        "content-length: 4",
        "Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding: chunked, chunked", "X: a\tb",
        "X:", " X: a", "X-\u00e9: a", "X: \u00e9", "Connection: close", "Transfer-Encoding:\tchunked",
        "Content-Length: 3\x0b",
    )  # fmt: skip
    taken = 0
    for line, count in itertools.product(lines, [1, 2, 2, 3, 3, 3] * 40):
        text = "\r\n".join([line, *chosen.sample(headers, count)])
        try:
            head = parse(text)
        except Refused:
            continue
        taken += 1
        other = h11.Connection(h11.SERVER)
        body = b"abc" if head.length is not None else b"3\r\nabc\r\n0\r\n\r\n"
        other.receive_data(text.encode("latin-1") + b"\r\n\r\n" + body)
        request = other.next_event()
        assert isinstance(request, h11.Request), text
        assert request.method.decode() == head.environ["REQUEST_METHOD"]
        if head.length is None or head.length >= 3:
            assert other.next_event().data == b"abc", text  # type: ignore[union-attr]
        else:
            assert isinstance(other.next_event(), h11.EndOfMessage), text
    assert taken > 20


def test_requests_in_one_go_are_answered_in_order(tmp_path: Path) -> None:
    one = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
    chunked = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    sent = b"".join(one % number for number in range(500)) + chunked + last
    for threads in (1, 4):
        with run_loop(echo, tmp_path, threads) as loop:
            answers = loop.ask(b"\r\n" + sent).split(b"HTTP/1.1 200 OK")[1:]
        bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers]
        expected = [b"POST /%d  2 ab" % number for number in range(500)]
        assert bodies == [*expected, b"POST /c  2 ab", b"GET /last  - "]


def test_a_request_that_arrives_byte_by_byte(tmp_path: Path) -> None:
    sent = b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    with run_loop(echo, tmp_path) as loop, loop.connect() as sock:
        for byte in sent:
            sock.send(bytes([byte]))
        assert sock.recv(1000).endswith(b"POST /x  2 ab")


def test_line_breaks_of_other_systems_are_refused_at_once(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path) as loop:
        for sent in (b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost: a\n\r\n", b"G" * 40_000):
            assert loop.ask(sent)[9:12] in (b"400", b"431")
        assert loop.refused == {"bad request": 2, "head too large": 1}
