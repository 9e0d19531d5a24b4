"""Encryption keys of files: source, selection and rotation."""

import base64
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile

from charthouse.files import encryption_keys
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file
from charthouse.files.types import File
from charthouse.identity import tenancy
from tests.support import make_practice

ONE, TWO = (f"{number}:{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2))
DOCUMENT = File(kinds=("document",))


@pytest.fixture
def data(tmp_path: Path, settings_of: None) -> Path:
    return tmp_path / "data"


@pytest.fixture
def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up an instance with keys of its own."""
    from django.conf import settings

    monkeypatch.setattr(settings, "FILE_KEYS", "")
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")
    encryption_keys.load_key_ring.cache_clear()
    yield
    encryption_keys.load_key_ring.cache_clear()


def store(content: bytes, practice: int) -> StoredFile:
    with tenancy.within(practice):
        row = DOCUMENT.store(DOCUMENT.parse(SimpleUploadedFile("a.pdf", content)), practice)
        return StoredFile.objects.get(pk=row)


def test_key_file_is_created_once_and_private(data: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: encryption_keys.load_key_ring.__wrapped__().keys[1], range(8)))
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert stat.S_IMODE((data / "file_keys").stat().st_mode) == 0o600
    assert os.listdir(data) == ["file_keys"]


def test_environment_overrides_the_key_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "FILE_KEYS", f"{TWO},{ONE}")
    assert encryption_keys.load_key_ring().newest == 2
    assert not data.exists()


@pytest.mark.parametrize(
    "text", ["", "1", "1:", "x:" + ONE[2:], ONE[:-4], f"{ONE},{ONE}", f"-{ONE}", "1:ä", f"{2**32}{ONE[1:]}"]
)
def test_invalid_keys_are_refused_without_revealing_them(text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        encryption_keys.parse_keys(text)
    assert ONE[2:-6] not in str(refused.value)


def test_the_highest_number_of_a_key() -> None:
    """Each file names its key in four bytes."""
    assert encryption_keys.parse_keys(f"{2**32 - 1}{ONE[1:]}").newest == 2**32 - 1


def test_repr_of_key_ring_shows_no_key() -> None:
    assert repr(encryption_keys.parse_keys(ONE)) == "Ring([1])"


def test_newest_key_encrypts_and_older_keys_decrypt(data: Path) -> None:
    clinic = make_practice()
    old = store(b"%PDF-1.7 the same", clinic.id)
    before = encryption_keys.load_key_ring().keys[1]
    with (data / "file_keys").open("a") as file_keys:
        file_keys.write(TWO)
    encryption_keys.load_key_ring.cache_clear()
    assert encryption_keys.load_key_ring().keys[1] == before
    new = store(b"%PDF-1.7 the same", clinic.id)
    assert new.address != old.address
    for file in (old, new):
        with open_file(file) as content:
            assert content.read() == b"%PDF-1.7 the same"


def test_file_without_its_key_can_not_be_decrypted(data: Path) -> None:
    file = store(b"%PDF-1.7 secret", make_practice().id)
    (data / "file_keys").write_text(TWO)
    encryption_keys.load_key_ring.cache_clear()
    with pytest.raises(FileNotFoundError, match="key 1"):
        open_file(file)
