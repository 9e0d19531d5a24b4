"""Files: accepted contents, storage, and access by links."""

import base64
import hashlib
import os
import tracemalloc
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from charthouse import clock
from charthouse.engine.declaration.values import InvalidValue
from charthouse.files.models import StoredFile
from charthouse.files.types import File
from charthouse.identity import tenancy
from tests.support import client, issue_token, make_app, make_practice


def make_picture(kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "navy").save(made, kind)
    return made.getvalue()


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


PHOTO = File()


def store(content: bytes, practice: int, of: File = PHOTO, name: str = "photo.png") -> StoredFile:
    with tenancy.within(practice):
        row_id = of.store(of.parse(SimpleUploadedFile(name, content)), practice)
        return StoredFile.objects.get(pk=row_id)


def find_stored(file: StoredFile) -> Path:
    (found,) = Path(settings.DATA, "files", str(file.practice_id)).glob(f"*/{file.address}")
    return found


def link(file: StoredFile) -> str:
    with tenancy.within(file.practice_id):
        return PHOTO.render(file.pk)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_image_is_stored_and_read_by_its_link(kind: str) -> None:
    clinic, content = make_practice(), make_picture(kind)
    answer = client().get(urlsplit(link(store(content, clinic.id))).path)
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="photo.png"'


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_base64_text_is_accepted(prefix: str) -> None:
    clinic, content = make_practice(), make_picture()
    parsed = PHOTO.parse(prefix + text(content))
    with tenancy.within(clinic.id):
        file = StoredFile.objects.get(pk=PHOTO.store(parsed, clinic.id))
    assert (file.size, file.media_type) == (len(content), "image/png")


def test_base64_text_is_decoded_in_chunks() -> None:
    content = b"%PDF-1.7\n" + os.urandom(16 * 1024 * 1024)
    given = base64.encodebytes(content).decode()  # with line ends, as mail has them
    document = File(kinds=("document",))
    document.parse(given)
    tracemalloc.start()
    try:
        parsed = document.parse(given)
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert highest < 4 * 1024 * 1024
    assert parsed.content.read() == content


@pytest.mark.parametrize("size", [255_999, 256_000, 256_001, 512_002])
def test_base64_text_longer_than_a_chunk(size: int) -> None:
    content = b"%PDF-1.7\n" + os.urandom(size)
    document, right = File(kinds=("document",)), text(content)
    assert document.parse(right).content.read() == content
    assert document.parse(right + "\n").content.read() == content
    for wrong in (right + "=", f"{right}={right}", right[:-5], f"{right}ä", f"====={right}"):
        with pytest.raises(InvalidValue):
            document.parse(wrong)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"plain text",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 40,
        make_picture()[:40],
        b"%PDF-1.7 not an image",
        make_picture(size=(8, 6)).replace(
            (8).to_bytes(4, "big") + (6).to_bytes(4, "big"), b"\x00\x00\xff\xff" * 2, 1
        ),
    ],
    ids=["empty", "text", "svg", "html", "broken", "cut", "pdf", "bomb"],
)
def test_non_image_is_refused_whatever_its_name(given: bytes) -> None:
    for value in (SimpleUploadedFile("photo.png", given, "image/png"), text(given)):
        with pytest.raises(InvalidValue):
            PHOTO.parse(value)


@pytest.mark.parametrize("given", [7, True, [], {}, "not base64!", "data:image/png;base64", "ä", "====", "A"])
def test_non_file_value_is_refused(given: object) -> None:
    with pytest.raises(InvalidValue):
        PHOTO.parse(given)


def test_too_large_file_is_refused() -> None:
    content = make_picture()
    File(max_size=len(content)).parse(SimpleUploadedFile("a", content))
    with pytest.raises(InvalidValue, match="larger"):
        File(max_size=len(content) - 1).parse(SimpleUploadedFile("a", content))


def test_document_may_be_a_pdf() -> None:
    clinic, document = make_practice(), File(kinds=("document",))
    file = store(b"%PDF-1.7\n...", clinic.id, document, "../../x/letter.pdf")
    assert (file.media_type, file.name) == ("application/pdf", "letter.pdf")


def test_link_expires_after_an_hour() -> None:
    path = urlsplit(link(store(make_picture(), make_practice().id))).path
    with clock.shift(timedelta(minutes=59)):
        assert client().get(path).status_code == 200
    with clock.shift(timedelta(minutes=61)):
        assert client().get(path).status_code == 403


def test_forged_link_is_not_found() -> None:
    mine, other = (store(make_picture(), make_practice().id) for _ in range(2))
    path = urlsplit(link(mine)).path
    value, _, signature = path.removeprefix("/files/").partition(".")
    forged = value.replace(f"-{mine.pk}-", f"-{other.pk}-")
    practice = value.replace(f"{mine.practice_id}-", f"{other.practice_id}-", 1)
    for token in (
        f"{forged}.{signature}",
        f"{practice}.{signature}",
        value,
        f"{value}.",
        "x",
        ".",
        "%00",
        "-.-",
    ):
        answer = client().get(f"/files/{token}")
        assert answer.status_code == 404, token
        assert make_picture() not in answer.content


def test_link_never_opens_a_file_of_another_practice() -> None:
    mine, other = (store(make_picture(), make_practice().id) for _ in range(2))
    with tenancy.within(mine.practice_id):
        crossed = PHOTO.render(other.pk)
    assert client().get(urlsplit(crossed).path).status_code == 404


def test_equal_content_is_stored_once_per_practice() -> None:
    clinic, content = make_practice(), make_picture(size=(31, 17))
    first, second = store(content, clinic.id), store(content, clinic.id)
    assert first.pk != second.pk
    assert first.address == second.address
    (found,) = Path(settings.DATA, "files", str(clinic.id)).glob("*/*")
    assert found.name == first.address
    assert found.stat().st_mode & 0o077 == 0


def test_equal_contents_of_two_practices_differ_in_storage() -> None:
    content = make_picture("PNG", (64, 64))
    first, other = (store(content, make_practice().id) for _ in range(2))
    assert first.address != other.address
    mine, theirs = (find_stored(file).read_bytes() for file in (first, other))
    assert hashlib.sha256(content).hexdigest() not in (first.address, other.address)
    pieces = {mine[at : at + 8] for at in range(8, len(mine), 8)}
    assert not any(theirs[at : at + 8] in pieces for at in range(48, len(theirs), 8))  # but for the head
    assert content[:8] not in mine


def test_content_missing_in_storage_is_a_404() -> None:
    file = store(make_picture(size=(5, 5)), make_practice().id)
    find_stored(file).unlink()
    assert client().get(urlsplit(link(file)).path).status_code == 404


def test_photo_through_the_api() -> None:
    clinic, content = make_practice(), make_picture()
    api = client(issue_token(clinic.user, make_app()))
    patient = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "Ada"}
    made = api.post("/api/patients", data=patient, files={"patient_photo": ("ada.png", content)})
    assert made.status_code == 201, made.text
    url = f"/api/patients/{made.json()['id']}"
    assert made.json()["patient_photo"].startswith("http://testserver/files/")

    card = {"primary_insurance": {"insurance_company": "Acme", "photo_front": text(content)}}
    assert api.put(url, json=patient | card).status_code == 204  # without the photo, which stays
    shown = api.get(url, params={"verbose": "true"}).json()
    for link in (shown["patient_photo"], shown["primary_insurance"]["photo_front"]):
        assert client().get(urlsplit(link).path).content == content
    assert shown["primary_insurance"]["photo_back"] is None

    assert api.patch(url, files={"patient_photo": ("a.png", b"no image")}).json() == {
        "patient_photo": ["The file is not a valid image."]
    }
    assert api.patch(url, json={"patient_photo": None}).status_code == 204
    assert api.get(url).json()["patient_photo"] is None
