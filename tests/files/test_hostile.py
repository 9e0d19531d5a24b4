"""Hostile uploads cause no server error, use little memory, and are never served as active content."""

import io
import socket
import struct
import tracemalloc
import zipfile
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from charthouse.files import media_types
from tests import bombs
from tests.domains.documents.test_documents import PDF, Files
from tests.files.test_files import make_picture
from tests.support import client
from tests.waiting import PATIENCE

MB = 1024 * 1024
SCRIPT = b"<script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>"


def make_archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("index.html", SCRIPT)
    return made.getvalue()


def commented_jpeg() -> bytes:
    made = make_picture("JPEG")
    return made[:2] + b"\xff\xfe" + struct.pack(">H", len(SCRIPT) + 2) + SCRIPT + made[2:]


def make_many_pictures() -> bytes:
    made = io.BytesIO()
    frames = [Image.new("RGB", (8, 6), color) for color in ("navy", "red")]
    frames[0].save(made, "MPO", save_all=True, append_images=frames[1:])
    return made.getvalue()


TAKEN = {
    "a PDF that unpacks to a gigabyte": (bombs.make_pdf(1000), "application/pdf"),
    "a PDF with an archive behind it": (PDF + make_archive(), "application/pdf"),
    "a PDF with a page in it": (b"%PDF-1.7\n<html>" + SCRIPT, "application/pdf"),
    "a page that says it is a PDF": (b"<html>" + SCRIPT + b"%PDF-1.7", "application/pdf"),
    "a page": (b"<html>" + SCRIPT, "text/plain; charset=utf-8"),
    "a drawing with a script": (SVG, "text/plain; charset=utf-8"),
    "XML with a script": (b"<?xml version='1.0'?>" + SVG, "application/xml"),
    "an archive": (make_archive(), "application/octet-stream"),
    "a picture with a gigabyte of comment": (
        bombs.make_png(8, 8, text=bombs.deflate(1000)),
        "application/octet-stream",
    ),
    "one byte": (b"\x00", "application/octet-stream"),
    "half a picture": (make_picture("PNG", (200, 200))[:150], "application/octet-stream"),
    "a picture with no size": (bombs.make_png(0, 0), "application/octet-stream"),
    "the beginning of a WEBP": (b"RIFF\xff\xff\xff\xffWEBPVP8X", "application/octet-stream"),
    "the beginning of a JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "application/octet-stream"),
    "the beginning of a GIF": (b"GIF89a", "text/plain; charset=utf-8"),
    "a GIF that is a script": (
        make_picture("GIF")[:6] + make_picture("GIF")[6:] + b"*/=1;alert(1)//",
        "image/gif",
    ),
    "a JPEG with a page in its comment": (commented_jpeg(), "image/jpeg"),
    "a JPEG that others follow": (make_many_pictures(), "image/jpeg"),
    "a PNG whose pixels unpack to a gigabyte": (bombs.make_png(8, 8, data=bombs.deflate(1000)), "image/png"),
}
REFUSED = {
    "nothing": b"",
    "a picture of 3600 million pixels": bombs.make_png(60_000, 60_000, data=b"x"),
    "a picture of 60 million pixels": bombs.make_png(60_000, 1_000, data=b"x"),
}


@pytest.fixture(scope="module")
def files(database: None) -> Files:
    return Files()


def upload(
    files: Files, content: bytes, name: str = "note.pdf", media: str = "application/pdf"
) -> httpx.Response:
    body = {
        "doctor": str(files.doctor.pk),
        "patient": str(files.patient_id),
        "date": "2026-03-02",
        "description": "Scan",
    }
    return files.http.post("/api/documents", data=body, files={"document": (name, content, media)})


@pytest.mark.parametrize("what", TAKEN)
def test_accepted_content_is_served_inert_with_its_detected_type(files: Files, what: str) -> None:
    content, media = TAKEN[what]
    made = upload(files, content, "page.html", "text/html")
    assert made.status_code == 201, made.text
    shown = client().get(made.json()["document"])
    assert shown.content == content
    assert shown.headers["content-type"] == media
    is_attachment = shown.headers["content-disposition"].startswith("attachment")
    is_pdf = media == "application/pdf" and content.startswith(b"%PDF-")
    assert is_attachment == (
        not is_pdf and media.split(";")[0] not in media_types.DISPLAYED - {media_types.PDF}
    )
    assert shown.headers["x-content-type-options"] == "nosniff"
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert ("sandbox" in policy) == (not is_pdf)
    assert shown.headers["x-frame-options"] == ("SAMEORIGIN" if is_pdf else "DENY")


@pytest.mark.parametrize("what", REFUSED)
def test_hostile_content_is_refused(files: Files, what: str) -> None:
    answer = upload(files, REFUSED[what])
    assert answer.status_code == 400
    assert list(answer.json()) == ["document"]


def test_images_are_checked_without_decoding() -> None:
    for content in (
        bombs.make_png(8, 8, data=bombs.deflate(1000)),
        bombs.make_png(8, 8, text=bombs.deflate(1000)),
        bombs.make_png(60_000, 60_000, data=bombs.deflate(1000)),
    ):
        tracemalloc.start()
        try:
            media_types.detect_media_type(io.BytesIO(content), ("document",))
        except media_types.UnreadableContent:
            pass
        finally:
            _, highest = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert highest < 8 * MB


def test_too_large_image_is_refused() -> None:
    class Endless(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return media_types.MAX_IMAGE_SIZE + 1 if whence == 2 else super().seek(offset, whence)

    with pytest.raises(media_types.UnreadableContent, match="50 MB"):
        media_types.detect_media_type(Endless(make_picture()), ("image",))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_broken_images_raise_no_errors(kind: str, data: st.DataObject) -> None:
    content = bytearray(make_picture(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        found = media_types.detect_media_type(io.BytesIO(bytes(content[:cut])), ("document",))
    except media_types.UnreadableContent:
        return
    assert found in media_types.DISPLAYED | {media_types.UNKNOWN}


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\windows\\system32\\x.pdf",
        "/absolute.pdf",
        "..",
        ".",
        'a"; filename="b.html',
        "line\r\nSet-Cookie: x=1",
        "\u202egpj.exe",
        "x" * 3000 + ".pdf",
        "\U0001f4a9.pdf",
        "nul\x00byte.pdf",
        "CON",
    ],
)
def test_file_names_are_never_paths(files: Files, name: str) -> None:
    made = upload(files, PDF, name)
    if made.status_code == 400:
        return  # no name that a file can have: the part is none
    assert made.status_code == 201, made.text
    shown = client().get(made.json()["document"])
    assert (shown.status_code, shown.content) == (200, PDF)
    disposition = shown.headers["content-disposition"]
    assert disposition.startswith("inline")
    assert "set-cookie" not in shown.headers
    assert not any(part in disposition for part in ("/", "\\\\", "\r", "\n", "..", "\x00"))


def test_truncated_body_is_harmless(files: Files, live_server: str) -> None:
    """Over a real connection closed in the middle of the body: the server continues, and nothing is stored."""
    address = urlsplit(live_server)
    before = files.ids("documents")
    head = (
        f"POST /api/documents HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {files.token}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 1000000\r\n\r\n"
        '--B\r\nContent-Disposition: form-data; name="document"; filename="a.pdf"\r\n\r\n%PDF-1.7 '
    ).encode()
    for sent in (head, head + b"x" * 300_000, head[:-40]):
        with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(PATIENCE)
            answer = connection.recv(100)
        assert b" 500 " not in answer
    headers = {"Authorization": f"Bearer {files.token}"}
    assert httpx.get(f"{live_server}/api/documents", headers=headers, timeout=PATIENCE).is_success
    assert files.ids("documents") == before
