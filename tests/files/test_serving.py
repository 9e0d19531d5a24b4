"""Serving files, whole and by range, through links and through gateways."""

import io
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import BadSignature

from charthouse import clock
from charthouse.audit.request_log import LogEntry
from charthouse.engine.declaration.values import InvalidValue
from charthouse.files import links
from charthouse.files.models import StoredFile
from charthouse.files.serving import FileBody, parse_range
from charthouse.files.types import File
from charthouse.gateway import http
from charthouse.identity import tenancy
from tests.support import client, make_practice

DOCUMENT = File(kinds=("document",))
CONTENT = b"%PDF-1.7\n" + bytes(at * 7 % 251 for at in range(150_000))
SIZE = len(CONTENT)
ENTRY = LogEntry(clock.now(), "0" * 32, "drchrono", "GET", "/", "127.0.0.1")


@pytest.fixture(scope="module")
def file(database: None) -> StoredFile:
    clinic = make_practice()
    with tenancy.within(clinic.id):
        row = DOCUMENT.store(DOCUMENT.parse(SimpleUploadedFile("scan ä.pdf", CONTENT)), clinic.id)
        return StoredFile.objects.get(pk=row)


def by_link(file: StoredFile, method: str = "GET", **headers: str) -> httpx.Response:
    with tenancy.within(file.practice_id):
        path = urlsplit(DOCUMENT.render(file.pk)).path
    return client().request(
        method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def by_dialect(file: StoredFile, method: str = "GET", **headers: str) -> httpx.Response:
    def application(environ, start):  # type: ignore[no-untyped-def]
        answer = http.respond_with_file(http.Request(environ, ENTRY), file)
        head = environ["REQUEST_METHOD"] == "HEAD"
        return answer.send(start, answer.body(), request_id="1", head=head)

    named = {name.replace("_", "-"): text for name, text in headers.items()}
    with httpx.Client(transport=httpx.WSGITransport(app=application)) as caller:
        return caller.request(method, "http://testserver/", headers=named)


DOORS = pytest.mark.parametrize("door", [by_link, by_dialect])


@DOORS
def test_whole_file(door, file: StoredFile) -> None:  # type: ignore[no-untyped-def]
    answer = door(file)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == "inline; filename*=utf-8''scan%20%C3%A4.pdf"
    head = door(file, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(SIZE)
    head = door(file, "HEAD", Range="bytes=0-9")
    assert (head.status_code, head.headers["content-length"]) == (200, str(SIZE)), "RFC 9110, 14.2"


@DOORS
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=65479-65490", 65479, 65491),
        ("bytes=100000-", 100_000, SIZE),
        (f"bytes=5-{SIZE + 1000}", 5, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=-{SIZE + 1}", 0, SIZE),
        ("BYTES= 3-4 ", 3, 5),
    ],
)
def test_byte_range(door, file: StoredFile, asked: str, start: int, end: int) -> None:  # type: ignore[no-untyped-def]
    answer = door(file, Range=asked)
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@DOORS
@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999999-", "bytes=-0"])
def test_range_past_the_end(door, file: StoredFile, asked: str) -> None:  # type: ignore[no-untyped-def]
    answer = door(file, Range=asked)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@DOORS
@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "lines=1-2",
        "bytes=5-3",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "0-1",
        "bytes=1-" + "9" * 30,
    ],
)
def test_unsupported_range_gets_the_whole_file(door, file: StoredFile, asked: str) -> None:  # type: ignore[no-untyped-def]
    answer = door(file, Range=asked)
    assert (answer.status_code, len(answer.content)) == (200, SIZE)


@DOORS
def test_if_range(door, file: StoredFile) -> None:  # type: ignore[no-untyped-def]
    tag = door(file).headers["etag"]
    assert door(file, Range="bytes=0-1", If_Range=tag).status_code == 206
    for other in ('"other"', "Sat, 21 Nov 2026 10:00:00 GMT"):
        assert door(file, Range="bytes=0-1", If_Range=other).status_code == 200


@DOORS
def test_if_match(door, file: StoredFile) -> None:  # type: ignore[no-untyped-def]
    """It compares strongly (RFC 9110, 13.1.1). Conditions by time are ignored: a file has no time of modification."""
    tag = door(file).headers["etag"]
    for names, status in (
        (tag, 200),
        (f'"other", {tag}', 200),
        ("*", 200),
        ('"other"', 412),
        (f"W/{tag}", 412),
    ):
        answer = door(file, If_Match=names, If_None_Match='"other"')
        assert (answer.status_code, answer.headers["etag"]) == (status, tag)
        assert answer.content == (CONTENT if status == 200 else b"")
    assert door(file, If_Unmodified_Since="Sat, 01 Jan 2000 00:00:00 GMT").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_link_is_read_only(file: StoredFile, method: str) -> None:
    answer = by_link(file, method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_missing_content_is_not_found_by_a_gateway(file: StoredFile) -> None:
    lost = StoredFile(practice_id=file.practice_id, address="0" * 64, size=3, media_type="image/png")
    request = http.Request({"REQUEST_METHOD": "GET"}, ENTRY)
    with pytest.raises(http.NotFound):
        http.respond_with_file(request, lost)


def test_disconnect_closes_the_file(file: StoredFile) -> None:
    body = http.respond_with_file(http.Request({"REQUEST_METHOD": "GET"}, ENTRY), file).body()
    assert next(iter(body))
    body.close()
    with pytest.raises(ValueError, match="closed"):
        next(iter(body))


def test_range_of_an_empty_file() -> None:
    assert parse_range("bytes=0-", 0) == (0, 0)


def test_a_part_is_read_again_by_so_many_bytes() -> None:
    """What the web server does with a piece that a slow client did not take."""
    body = FileBody(io.BytesIO(b"abcdefgh"), 1, 5)
    assert (body.read(3), body.seekable()) == (b"bcd", True)
    body.seek(-2)
    assert (body.read(), body.read()) == (b"cdef", b"")
    with pytest.raises(AssertionError):
        body.seek(0, io.SEEK_SET)


@pytest.mark.parametrize("text", ["", "1-2", "1-2-3-4", "one-2-3", "1--2-9999999999", "-"])
def test_a_signed_link_of_another_form_is_not_found(text: str) -> None:
    """As an older or a later release may have made."""
    token = links._make_signer("files").sign(text)
    assert client().get(f"/files/{token}").status_code == 404
    with pytest.raises(BadSignature):
        links.parse_token(token)


@pytest.mark.parametrize(
    "text",
    [
        "JVBERi0x!",
        "JVBE!Ri0x",
        "JVBE=Ri0xLjc=",
        "JVBERi0xLjc==",
        "=JVBERi0x",
        "JVBERi0xLjc=JVBE",
        "JVBER",
        "JVBE\u0660Ri0",
    ],
)
def test_what_is_not_base64_is_refused(text: str) -> None:
    """Nothing is left out of it: another file would be kept than was sent."""
    with pytest.raises(InvalidValue):
        DOCUMENT.parse(text)
