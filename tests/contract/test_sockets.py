"""A real server on a real socket: bodies too large, cut short, chunked, compressed, and bytes that are no HTTP."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from tests import conformance, support
from tests.waiting import PATIENCE

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def clinic(database: None) -> support.Clinic:
    return support.make_practice()


@pytest.fixture(scope="module")
def remote(live_server: str, clinic: support.Clinic) -> Iterator[httpx.Client]:
    token = support.issue_token(clinic.user, support.make_app())
    headers = {"Authorization": f"Bearer {token}"}
    # A connection whose body nobody read is closed by the server, so each request takes a new one.
    fresh = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=live_server, headers=headers, timeout=PATIENCE, limits=fresh) as client:
        client.event_hooks = {"response": [conformance.check]}
        yield client


def body(clinic: support.Clinic) -> dict[str, object]:
    return {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "Ada", "last_name": "Long"}


def pieces(size: int) -> Iterator[bytes]:
    yield b'{"first_name": "'
    for _ in range(size // MEGABYTE):
        yield b"x" * MEGABYTE
    yield b'"}'


def is_alive(remote: httpx.Client) -> bool:
    return remote.get("/api/patients", params={"page_size": 1}).status_code == 200


@pytest.mark.parametrize("media", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_50_megabytes_is_413(remote: httpx.Client, media: str) -> None:
    length = str(sum(map(len, pieces(50 * MEGABYTE))))
    headers = {"Content-Type": media, "Content-Length": length}
    answer = remote.post("/api/patients", content=pieces(50 * MEGABYTE), headers=headers)
    assert answer.status_code == 413
    assert "10 MB" in answer.json()["detail"]
    assert is_alive(remote)


def test_a_chunked_body_of_50_megabytes_is_413(remote: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    answer = remote.post("/api/patients", content=pieces(50 * MEGABYTE), headers=headers)
    assert answer.status_code == 413
    assert is_alive(remote)


def test_a_chunked_body_is_read(remote: httpx.Client, clinic: support.Clinic) -> None:
    text = json.dumps(body(clinic)).encode()
    chunks = iter([text[:10], text[10:]])
    answer = remote.post("/api/patients", content=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert answer.json()["last_name"] == "Long"


def test_a_chunked_multipart_body_is_read(remote: httpx.Client, clinic: support.Clinic) -> None:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in body(clinic).items()
    ]
    text = "".join([*parts, "--b--\r\n"]).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = remote.post("/api/patients", content=iter([text[:50], text[50:]]), headers=headers)
    assert answer.status_code == 201


def test_compressed_bodies_are_not_unpacked(remote: httpx.Client, clinic: support.Clinic) -> None:
    """Nobody sends them; a small body that unpacks to gigabytes has nothing to unpack it."""
    bomb = gzip.compress(b" " * 10 * MEGABYTE)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert remote.post("/api/patients", content=bomb, headers=headers).status_code == 415


def test_a_get_with_a_body_and_a_content_type(remote: httpx.Client) -> None:
    """As clients of the hosted API send it."""
    for content in (b"", b"{", b"x" * MEGABYTE):
        headers = {"Content-Type": "application/json"}
        answer = remote.request("GET", "/api/patients", content=content, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "image/png", "x", "a/b/c", ";;;", "*/*"])
def test_unknown_media_types_are_415(remote: httpx.Client, media: str) -> None:
    assert remote.post("/api/patients", content=b"{}", headers={"Content-Type": media}).status_code == 415


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'"\xed\xa0\x80"', b'{"\xff": 1}'])
def test_invalid_utf8_is_400(remote: httpx.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert remote.post("/api/patients", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize("size", [1, 5, 20])
def test_an_upload_with_an_expired_token_is_told_so(live_server: str, size: int) -> None:
    """The body is not read, yet the 401 must arrive: every client refreshes its token on it, and on nothing else."""
    with requests.Session() as session:
        for _ in range(5):
            headers = {"Authorization": "Bearer expired", "Content-Type": "application/json"}
            answer = session.post(f"{live_server}/api/patients", data=b"x" * size * MEGABYTE, headers=headers)
            assert answer.status_code == 401


@pytest.mark.parametrize("size", [1, 5])
def test_a_page_that_refuses_a_form_keeps_the_connection(live_server: str, size: int) -> None:
    """It does not read the form, yet the next request of the same connection is answered."""
    with requests.Session() as session:
        for _ in range(5):
            form = {"username": "x" * size * MEGABYTE}  # without the token of the page's own form
            assert session.post(f"{live_server}/sign-in", data=form).status_code in (400, 403)
            assert session.get(f"{live_server}/sign-in").status_code == 200


def send_raw(server: str, head: bytes, rest: bytes = b"") -> bytes:
    """What a plain socket gets for these bytes, up to the end of the headers."""
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        connection.sendall(head + b"\r\n\r\n" + rest)
        with suppress(OSError):  # whoever doesn't like the first bytes may have hung up
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while b"\r\n\r\n" not in answer and (more := connection.recv(65536)):
            answer += more
    return answer


BYTES = (
    b"GET /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \xff\xfe",
    b"GET /api/pati\xffents HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET /api/patients?a=\xff HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET /api/patients?a=%ff%00%zz HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET /api/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET /api/patients?" + b"a=1&" * 5_000 + b" HTTP/1.1\r\nHost: 127.0.0.1",
    b"POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5",
    b"POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999999",
    b"POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
    b"POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\nContent-Type: application/json",
    b"GET /api/patients HTTP/1.1\r\nHost: evil.example",
    b"GET /api/patients HTTP/1.1\r\nHost: a\x00b",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


@pytest.mark.parametrize("number", range(len(BYTES)))
def test_bytes_that_are_hardly_http(remote: httpx.Client, live_server: str, number: int) -> None:
    """Refused by whoever reads them first; never a 500, and the server lives on."""
    answer = send_raw(live_server, BYTES[number], b"{")
    status = answer.split(b" ")[1:2]
    assert not status or status[0][:1] == b"4", answer[:200]
    assert is_alive(remote)
