"""Images of patients through Cerbo's API: submitted, accepted, read whole and in ranges; what is refused."""

import base64
import json
from typing import Any

import httpx
import pytest

from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.identity import tenancy
from tests import bombs
from tests.domains.caller import Caller
from tests.domains.documents.uploads import MOST, PDF, make_body, make_picture


def accept_image(caller: Caller, queued: dict[str, Any]) -> int:
    with tenancy.within(caller.clinic.practice.pk):
        request = PortalRequest.objects.get(pk=queued["portal_queue_id"])
        return int(settle(request, caller.user.pk, accept=True).pk)


@pytest.fixture
def image(caller: Caller, program: httpx.Client, patient: int) -> int:
    answer = program.post(f"patients/{patient}/images", json=make_body(patient, make_picture(), "image/png"))
    return accept_image(caller, answer.json())


@pytest.mark.parametrize(
    ("mime", "kind", "kept"),
    [
        ("image/jpeg", "JPEG", "image/jpeg"),
        ("image/jpg", "JPEG", "image/jpeg"),
        ("image/gif", "GIF", "image/gif"),
        ("image/png", "PNG", "image/png"),
        ("image/pngx", "PNG", "image/png"),
    ],
)
def test_an_image_is_submitted_accepted_and_read(
    caller: Caller, program: httpx.Client, patient: int, mime: str, kind: str, kept: str
) -> None:
    content, url = make_picture(kind), f"patients/{patient}/images"
    queued = program.post(url, json=make_body(patient, content, mime)).json()
    assert program.get(url).json()["data"] == []
    (waiting,) = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert waiting["payload"] == {"mime_type": kept, "size": len(content)}
    row = accept_image(caller, queued)
    shown = program.get(f"{url}/{row}").json()
    assert (shown["photo_type"], shown["mime_type"], shown["pt_id"]) == ("personal", kept, patient)
    for name in ("content", "stream"):
        answer = program.get(shown[f"url_{name}"])
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["Content-Type"] == kept
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert program.get(url, params={"photo_type": "medical"}).json()["data"] == []
    assert program.get(url, params={"photo_type": "personal"}).json()["data"] == [shown]


def test_ranges_of_an_image(program: httpx.Client, patient: int, image: int) -> None:
    content, url = make_picture(), f"patients/{patient}/images/{image}/stream"
    size = len(content)
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, size),
        ("bytes=-7", size - 7, size),
        ("bytes=5-999999", 5, size),
        ("bytes=-999999", 0, size),
    ):
        answer = program.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, content[start:end]), asked
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = program.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert beyond.content == b""
    # Several ranges, other units and nonsense: the whole, as RFC 9110 allows.
    for asked in ("bytes=0-1,4-5", "lines=1-2", "bytes=9-2", "bytes=a-b"):
        answer = program.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, content), asked
    tag = program.get(url).headers["ETag"]
    assert program.get(url, headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
    assert program.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_plain_curl_calls_its_json_a_form(caller: Caller, program: httpx.Client, patient: int) -> None:
    text = json.dumps(make_body(patient, make_picture(), "image/png") | {"pt_id": str(patient)})
    answer = program.post(
        f"patients/{patient}/images",
        content=text,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200, answer.text
    row = accept_image(caller, answer.json())
    assert program.get(f"patients/{patient}/images/{row}/content").content == make_picture()


def refused(program: httpx.Client, patient: int, sent: dict[str, Any]) -> dict[str, Any]:
    answer = program.post(f"patients/{patient}/images", json=sent)
    assert answer.status_code == 400, answer.text
    assert program.get(f"patients/{patient}/portal/enqueued").json()["data"] == []
    return dict(answer.json()["error"]["fields"])


def test_invalid_images_are_refused(caller: Caller, program: httpx.Client, patient: int) -> None:
    png = make_picture()
    wrong: list[tuple[bytes, str, str]] = [
        (png, "image/jpeg", "base64_content"),
        (make_picture("WEBP"), "image/png", "base64_content"),
        (PDF, "image/png", "base64_content"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "base64_content"),
        (png[:20], "image/png", "base64_content"),
        (b"", "image/png", "base64_content"),
        (png, "image/svg+xml", "mime_type"),
        (png, "image/webp", "mime_type"),
    ]
    for content, mime, key in wrong:
        assert list(refused(program, patient, make_body(patient, content, mime))) == [key], (
            mime,
            content[:20],
        )
    for text in ("!!!", "QUJD=QUJD", "QUJ", base64.b64encode(png).decode() + "=", 5, None, ["QUJD"]):
        sent = make_body(patient, png, "image/png") | {"base64_content": text}
        assert list(refused(program, patient, sent)) == ["base64_content"], text
    other = caller.new(first_name="Bo")["id"]
    assert list(refused(program, patient, make_body(other, png, "image/png"))) == ["pt_id"]
    assert set(refused(program, patient, {})) == {"pt_id", "mime_type", "base64_content"}
    both = make_body(other, png, "image/gif")
    assert set(refused(program, patient, both)) == {"pt_id", "base64_content"}


BOMBS = {
    "a picture of 3600 million pixels": bombs.make_png(60_000, 60_000, data=b"x"),
    "a picture of 60 million pixels": bombs.make_png(60_000, 1_000, data=b"x"),
    "a picture with a gigabyte of comment": bombs.make_png(8, 8, text=bombs.deflate(1000)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_decompression_bombs_are_refused(program: httpx.Client, patient: int, bomb: bytes) -> None:
    assert list(refused(program, patient, make_body(patient, bomb, "image/png"))) == ["base64_content"]


def test_the_limit_of_sixteen_megabytes(caller: Caller, program: httpx.Client, patient: int) -> None:
    """Bytes after the end of a PNG belong to the file but not to the image."""
    largest = make_picture().ljust(MOST, b"\0")
    queued = program.post(f"patients/{patient}/images", json=make_body(patient, largest, "image/png"))
    row = accept_image(caller, queued.json())
    assert program.get(f"patients/{patient}/images/{row}/content").content == largest
    answer = program.post(f"patients/{patient}/images", json=make_body(patient, largest + b"\0", "image/png"))
    assert answer.status_code == 413, answer.text
    assert "16 MB" in answer.json()["error"]["message"]
    announced = {"Content-Type": "application/json", "Content-Length": str(2 * MOST)}
    answer = program.post(f"patients/{patient}/images", content=b"{}", headers=announced)
    assert answer.status_code == 413, answer.text
    assert "body" in answer.json()["error"]["message"]


def test_another_patients_image_is_not_below_this_one(
    caller: Caller, program: httpx.Client, patient: int, image: int
) -> None:
    other = caller.new(first_name="Bo")["id"]
    for path in ("", "/content", "/stream"):
        assert program.get(f"patients/{other}/images/{image}{path}").status_code == 404
        assert program.get(f"patients/{patient}/images/{image}{path}").status_code == 200
