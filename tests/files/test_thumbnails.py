"""Lists show small pictures, made in a process of their own, whatever the image is."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image

from charthouse.files import links, thumbnailer, thumbnails
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from tests import bombs
from tests.support import Clinic, client, make_practice


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    return make_practice()


def make_image(size: tuple[int, int], kind: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    made = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(made, kind, **options)
    return made.getvalue()


def store(clinic: Clinic, content: bytes, media: str = "image/jpeg") -> StoredFile:
    with tenancy.within(clinic.id), transaction.atomic():
        return store_file(ContentFile(content, "a"), media, clinic.id)


def look(clinic: Clinic, file: StoredFile) -> httpx.Response:
    return client().get(urlsplit(links.make_link(clinic.id, file.pk, "thumbnails")).path)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (((4000, 3000),), (320, 240)),
        (((100, 50), "PNG"), (100, 50)),
        (((640, 6400), "WEBP"), (32, 320)),
        (((50, 50), "GIF", "P"), (50, 50)),
        (((40, 40), "PNG", "RGBA"), (40, 40)),
    ],
    ids=str,
)
def test_a_small_picture_of_every_kind(clinic: Clinic, image: tuple[Any, ...], size: tuple[int, int]) -> None:
    answer = look(clinic, store(clinic, make_image(*image)))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(answer.content)).size == size
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_photo_stands_as_it_was_taken(clinic: Clinic) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    answer = look(clinic, store(clinic, make_image((400, 200), exif=exif)))
    assert Image.open(BytesIO(answer.content)).size == (160, 320)


def test_a_large_image_is_not_decoded_by_the_web_server(clinic: Clinic) -> None:
    side = 7000
    content = bombs.make_png(side, side, data=bombs.deflate(1 + side * (side + 1) // bombs.MB, b"\0"))
    file = store(clinic, content, "image/png")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins again
    before = read_peak()
    assert Image.open(BytesIO(look(clinic, file).content)).size == (320, 320)
    assert read_peak() - before < 20_000  # kB; the decoded image has 49 MB


def read_peak() -> int:
    """The most memory that this process has had, in kB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def test_what_can_not_be_made_small_is_shown_whole(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = make_image((500, 500))[:300]
    for content, media in ((broken, "image/jpeg"), (b"%PDF-1.7 x", "application/pdf")):
        answer = look(clinic, store(clinic, content, media))
        assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, media, content)
    monkeypatch.setattr(thumbnails, "TIMEOUT", 0.001)
    assert look(clinic, store(clinic, make_image((300, 300)))).content == make_image((300, 300))


def test_an_image_of_too_many_pixels_is_not_decoded() -> None:
    width = 1 + thumbnailer.MAX_PIXELS // 10_000
    assert thumbnailer.make_thumbnail(bombs.make_png(width, 10_000)) is None


def test_links_to_thumbnails_open_nothing_else(clinic: Clinic) -> None:
    file = store(clinic, make_image((10, 10)))
    small = urlsplit(links.make_link(clinic.id, file.pk, "thumbnails")).path
    whole = urlsplit(links.make_link(clinic.id, file.pk)).path
    assert client().get(small.replace("thumbnails", "files")).status_code == 404
    assert client().get(whole.replace("files", "thumbnails")).status_code == 404
    with tenancy.within(clinic.id):
        StoredFile.objects.filter(pk=file.pk).update(archived=True)
    assert client().get(small).status_code == 404
