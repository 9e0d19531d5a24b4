"""Bodies of files: read as they arrive, refused when they are cut short, over the limit, or nothing at all."""

import io
import json
from typing import Any

import pytest

from charthouse import clock
from charthouse.audit.request_log import LogEntry
from charthouse.engine.errors import Malformed, TooLarge, UnsupportedMedia
from charthouse.gateway import multipart
from charthouse.gateway.http import Request

ENTRY = LogEntry(clock.now(), "0" * 32, "drchrono", "POST", "/", "127.0.0.1")
PDF = b"%PDF-1.7\n" + b"x" * 200_000


def body(content: bytes = PDF, name: str = 'filename="a.pdf"', boundary: str = "B") -> bytes:
    return (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nScan\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="document"; {name}\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )


def request(sent: bytes, *, length: int | None = -1, chunked: bool = False, media: str = "B") -> Request:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": f"multipart/form-data; boundary={media}",
        "wsgi.input": io.BytesIO(sent),
    }
    if chunked:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(len(sent) if length == -1 else length)
    return Request(environ, ENTRY)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("content", [PDF, b"", b"\r\n--C", b"a"])
def test_fields_and_files(content: bytes, chunked: bool) -> None:
    found = request(body(content), chunked=chunked).read_payload()
    assert found["title"] == "Scan"
    assert found["document"].read() == content
    assert found["document"].size == len(content)


CUTS = (1, 60, 120, 400, len(body()) // 2, len(body()) - 8, len(body()) - 5, len(body()) - 4)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("how", ["announced", "honest", "chunked"])
def test_a_body_that_is_cut_short(cut: int, how: str) -> None:
    length = len(body()) if how == "announced" else -1
    with pytest.raises(Malformed):
        request(body()[:cut], length=length, chunked=how == "chunked").read_payload()


def test_nothing_at_all() -> None:
    assert request(b"").read_payload() == {}
    assert (
        Request(
            {"CONTENT_TYPE": "multipart/form-data; boundary=B", "wsgi.input": io.BytesIO(b"")}, ENTRY
        ).read_payload()
        == {}
    )
    with pytest.raises(Malformed):
        request(b"", chunked=True).read_payload()


@pytest.mark.parametrize("media", ["", "ä", "x" * 300, '"', "other"])
def test_boundaries_that_are_none(media: str) -> None:
    with pytest.raises(Malformed):
        request(body(), media=media).read_payload()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\temp\\\\x.pdf"', "x.pdf"),
        ("filename*=utf-8''%2e%2e%2fscan.pdf", "scan.pdf"),
        ('filename="a&#x2f;b.pdf"', "b.pdf"),
        ("filename*=utf-8''a%00b%0d%0a.pdf", "ab.pdf"),
        ("filename*=utf-8''%e2%80%aegpj.exe", "gpj.exe"),
        (f'filename="{"x" * 500}.pdf"', "x" * 251 + ".pdf"),
    ],
)
def test_names_are_only_names(name: str, read: str) -> None:
    assert request(body(name=name)).read_payload()["document"].name == read


@pytest.mark.parametrize(
    "name", ["filename*=nonsense''a", "filename*=utf-7''%2bAAA-", "filename*=a", 'filename=".."']
)
def test_names_that_are_none_do_no_harm(name: str) -> None:
    try:
        request(body(name=name)).read_payload()
    except Malformed as refused:
        assert refused.status == 400  # noqa: PT017


def test_a_body_over_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_UPLOAD", 100_000)
    for how in ({}, {"chunked": True}):
        with pytest.raises(TooLarge):
            request(body(), **how).read_payload()


def test_a_field_over_the_limit() -> None:
    sent = b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\n' + b"x" * 3_000_000 + b"\r\n--B--\r\n"
    with pytest.raises(TooLarge):
        request(sent).read_payload()


def test_too_many_parts() -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\n1\r\n'
    with pytest.raises(Malformed):
        request(part * 2000 + b"--B--").read_payload()


def test_a_resource_says_how_long_a_body_may_be() -> None:
    text = json.dumps({"content": "x" * 1000}).encode()
    environ = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(text))}
    assert (
        Request({**environ, "wsgi.input": io.BytesIO(text)}, ENTRY).read_payload(len(text))["content"]
        == "x" * 1000
    )
    with pytest.raises(TooLarge):
        Request({**environ, "wsgi.input": io.BytesIO(text)}, ENTRY).read_payload(len(text) - 1)
    with pytest.raises(UnsupportedMedia):
        Request(
            {"CONTENT_TYPE": "text/csv", "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"1")}, ENTRY
        ).read_payload()
