"""Passwords, app secrets and tokens of the sandbox: generated for each data directory, stored in one file that only
its owner can read. The database has their digests."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from charthouse import durable


@dataclass
class AppKeys:
    """The secret of an OAuth app and its pair of tokens."""

    client_secret: str
    access_token: str
    refresh_token: str


@dataclass
class Credentials:
    """``seed`` and ``reference_day`` (ISO date) of the sandbox; passwords by username, keys of apps by client id,
    secrets by username of the API user, usernames and passwords for the portal by patient id, the key of the control
    API."""

    seed: int
    reference_day: str
    passwords: dict[str, str] = field(default_factory=dict)
    apps: dict[str, AppKeys] = field(default_factory=dict)
    api_secrets: dict[str, str] = field(default_factory=dict)
    portal: dict[str, dict[str, str]] = field(default_factory=dict)
    control_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def get_password(self, username: str) -> str:
        """Return the password of a user, generated at the first call."""
        return self.passwords.setdefault(username, secrets.token_urlsafe(12))

    def get_portal_password(self, username: str, patient: int) -> str:
        """Return the password of a patient for the portal, generated at the first call."""
        generated = {"username": username, "password": secrets.token_urlsafe(12)}
        return self.portal.setdefault(str(patient), generated)["password"]

    def get_api_secret(self, username: str) -> str:
        """Return the secret of an API user, generated at the first call."""
        from charthouse.identity import api_users  # this module is imported before Django is set up

        return self.api_secrets.setdefault(username, api_users.generate_secret())

    def get_app_keys(self, client_id: str) -> AppKeys:
        """Return the keys of an OAuth app, generated at the first call."""
        if client_id not in self.apps:
            self.apps[client_id] = AppKeys(secrets.token_urlsafe(32), generate_token(), generate_token())
        return self.apps[client_id]

    def save(self) -> None:
        """Write the file in the data directory."""
        write_private_file(_get_path(), json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls) -> "Credentials":
        """Read the file. Raises FileNotFoundError when this data directory has no sandbox."""
        stored = json.loads(_get_path().read_text())
        apps = {client: AppKeys(**keys) for client, keys in stored.pop("apps").items()}
        return cls(**stored, apps=apps)


@lru_cache(maxsize=1)
def load_control_key() -> str:
    """Return the key of the control API, which stays the same. Raises FileNotFoundError where there is no sandbox."""
    return Credentials.load().control_key


def generate_token() -> str:
    """Return a random access or refresh token."""
    return secrets.token_urlsafe(30)


def write_private_file(path: Path, text: str) -> None:
    """Write a file of mode 0600, atomically."""
    durable.make_directory(path.parent)
    durable.write_file(path, text.encode())


def _get_path() -> Path:
    return Path(settings.DATA) / "sandbox-credentials.json"
