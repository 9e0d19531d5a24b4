"""Secrets that have to be readable, sealed with the server's secret key."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Broken(Exception):
    """It was sealed with a key that this server doesn't have."""


def sealed(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def opened(text: str) -> str:
    """Raises Broken."""
    try:
        return _box().decrypt(text.encode()).decode()
    except InvalidToken:
        raise Broken("sealed with another secret key") from None


def _box() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet(
        [Fernet(urlsafe_b64encode(sha256(b"charthouse.webhooks" + key.encode()).digest())) for key in keys]
    )
