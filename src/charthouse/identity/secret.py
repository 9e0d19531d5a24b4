"""How secrets are stored: as digests, and sealed where the server itself must know them."""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import get_random_string


class SecretHasher(BasePasswordHasher):
    """For client secrets, which are long and random: one round of salted SHA-256. Passwords get argon2."""

    algorithm = "secret_sha256"

    def encode(self, password: str, salt: str) -> str:
        return f"{self.algorithm}${salt}${sha256((salt + password).encode('utf-8', 'surrogatepass')).hexdigest()}"

    def salt(self) -> str:
        return get_random_string(22)

    def verify(self, password: str, encoded: str) -> bool:
        _, salt, _ = encoded.split("$", 2)
        return hmac.compare_digest(self.encode(password, salt).encode(), encoded.encode())

    def decode(self, encoded: str) -> dict[str, str]:
        algorithm, salt, value = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": value}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": self.algorithm}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        pass


class Broken(Exception):
    """It was sealed with a key that this server doesn't have."""


def seal(secret: str) -> str:
    """What only this server can open again: encrypted and signed under its secret key."""
    return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret. Raises Broken."""
    try:
        return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Broken("sealed with another secret key") from None


@lru_cache(maxsize=1)
def _box(*keys: str) -> MultiFernet:
    """Of the key that seals now, and of those that sealed before. The secrets of webhooks were once sealed under keys
    of their own, which still open them."""
    made = [HKDF(SHA256(), 32, None, b"charthouse secrets of apps").derive(key.encode()) for key in keys]
    former = [sha256(b"charthouse.webhooks" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in (*made, *former)])
