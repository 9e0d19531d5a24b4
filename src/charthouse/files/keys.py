"""The keys that files at rest are sealed with.

They come from CHARTHOUSE_FILE_KEYS, or from ``file_keys`` in the data directory, which is made with a fresh key when
there is none. Each key is written ``number:base64`` (32 bytes), several with a comma or a line between. The highest
number seals what is new; the others still open what was sealed with them.
"""

import base64
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LENGTH = 32  # bytes
NAME = "file_keys"


@dataclass(frozen=True)
class Ring:
    """All keys by number. ``repr`` shows none."""

    keys: Mapping[int, bytes]

    @property
    def newest(self) -> int:
        return max(self.keys)

    def __repr__(self) -> str:
        return f"Ring({sorted(self.keys)})"


@cache
def ring() -> Ring:
    """The keys of this instance. Raises ImproperlyConfigured for a text that isn't keys."""
    return parsed(settings.FILE_KEYS or _kept(settings.DATA / NAME))


def parsed(text: str) -> Ring:
    """Raises ImproperlyConfigured; its message holds no part of a key."""
    found = {}
    for entry in text.replace(",", "\n").split():
        number, _, value = entry.partition(":")
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if not (number.isascii() and number.isdigit() and int(number) < 2**32 and len(key) == LENGTH):
            raise ImproperlyConfigured("Keys of files are written number:base64, 32 bytes each.")
        if int(number) in found:
            raise ImproperlyConfigured(f"Two keys of files have the number {int(number)}.")
        found[int(number)] = key
    if not found:
        raise ImproperlyConfigured("There is no key of files.")
    return Ring(found)


def address_key(practice: int, number: int) -> bytes:
    """What a practice's file addresses are hashed with: equal content of two practices has nothing in common."""
    return hmac.digest(ring().keys[number], f"charthouse file address {practice}".encode(), sha256)


def _kept(path: Path) -> str:
    """The text of the key file, made if need be; of several processes that make it, the first one's stays."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = base64.b64encode(secrets.token_bytes(LENGTH)).decode()
        _write(made := path.with_name(f".{NAME}-{secrets.token_hex(8)}"), f"1:{key}\n")
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text()


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
