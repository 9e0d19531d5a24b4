"""Password hasher for client secrets and other long random texts."""

import hmac
from hashlib import sha256
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, make_password
from django.utils.crypto import get_random_string


class SecretHasher(BasePasswordHasher):
    """One round of salted SHA-256, sufficient for long random secrets. Passwords are hashed with Argon2."""

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


def hash_generated(password: str) -> str:
    """Hash a password that was generated. A slow hash would add nothing to so many random bits, and takes longer than
    all the rest; Django replaces it when the user signs in."""
    return make_password(password, hasher=SecretHasher.algorithm)
