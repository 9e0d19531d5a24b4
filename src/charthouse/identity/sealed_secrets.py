"""Symmetric encryption of secrets that the server itself has to read again."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A column with a sealed secret, "" for none: ``charthouse rotatekeys`` seals it again (``secret_keys``)."""

    def deconstruct(self) -> Any:
        """Describe the field to migrations, for which it is a column of text."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options


class UnsealError(Exception):
    """A secret was sealed under a key that this server does not have."""


def seal(secret: str) -> str:
    """Encrypt and sign a secret under the server's secret key."""
    return _make_cipher(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a sealed secret. Raises UnsealError."""
    try:
        return (
            _make_cipher(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
            .decrypt(sealed.encode())
            .decode()
        )
    except InvalidToken:
        raise UnsealError("sealed with another secret key") from None


def seal_with(secret: str, key: str) -> str:
    """Encrypt and sign a secret under a given secret key."""
    return _make_cipher(key).encrypt(secret.encode()).decode()


def reseal(sealed: str, new: str, old: str) -> str:
    """Return a secret that was sealed under ``old``, or a former secret key, sealed under ``new``. Raises
    UnsealError."""
    try:
        return _make_cipher(new, old, *settings.SECRET_KEY_FALLBACKS).rotate(sealed).decode()
    except InvalidToken:
        raise UnsealError("sealed with another secret key") from None


@lru_cache(maxsize=4)
def _make_cipher(*keys: str) -> MultiFernet:
    """Return a cipher that encrypts under the first key and decrypts under all.

    Webhook secrets sealed by an earlier version were encrypted under keys of another derivation, which are accepted
    too.
    """
    current = [HKDF(SHA256(), 32, None, b"charthouse secrets of apps").derive(key.encode()) for key in keys]
    former = [sha256(b"charthouse.webhooks" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in (*current, *former)])
