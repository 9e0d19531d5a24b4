"""The keys that files at rest are encrypted with.

They come from CHARTHOUSE_FILE_KEYS, or from ``file_keys`` in the data directory, which is created with a random key if
missing. Each key is written ``number:base64`` (32 bytes); keys are separated by commas or line breaks. The highest
number encrypts new files; the others still decrypt files encrypted with them.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from charthouse import durable

KEY_LENGTH = 32  # bytes
FILE_NAME = "file_keys"


@dataclass(frozen=True)
class KeyRing:
    """All keys by number. ``repr`` shows no key."""

    keys: Mapping[int, bytes]

    @property
    def newest(self) -> int:
        """The number of the key that encrypts new files."""
        return max(self.keys)

    def __repr__(self) -> str:
        return f"Ring({sorted(self.keys)})"


@cache
def load_key_ring() -> KeyRing:
    """Return the keys of this instance. Raises ImproperlyConfigured if they can't be parsed."""
    return parse_keys(settings.FILE_KEYS or _read_or_create(settings.DATA / FILE_NAME))


def parse_keys(text: str) -> KeyRing:
    """Parse keys. Raises ImproperlyConfigured, with no part of a key in its message."""
    found = {}
    for entry in text.replace(",", "\n").split():
        number, _, value = entry.partition(":")
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if not (number.isascii() and number.isdigit() and int(number) < 2**32 and len(key) == KEY_LENGTH):
            raise ImproperlyConfigured("Keys of files are written number:base64, 32 bytes each.")
        if int(number) in found:
            raise ImproperlyConfigured(f"Two keys of files have the number {int(number)}.")
        found[int(number)] = key
    if not found:
        raise ImproperlyConfigured("There is no key of files.")
    return KeyRing(found)


def derive_address_key(practice: int, number: int) -> bytes:
    """Derive the key of a practice's content addresses: equal contents of two practices have different addresses."""
    return hmac.digest(load_key_ring().keys[number], f"charthouse file address {practice}".encode(), sha256)


def _read_or_create(path: Path) -> str:
    """Return the text of the key file, created if missing. Of several processes that create it, the first wins."""
    key = base64.b64encode(secrets.token_bytes(KEY_LENGTH)).decode()
    return durable.read_or_create(path, f"1:{key}\n")
