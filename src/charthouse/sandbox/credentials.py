"""What opens the sandbox: passwords, app secrets and tokens. Made at random for each data directory, kept in one file
that only its owner can read; the database has digests."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings


@dataclass
class AppKeys:
    client_secret: str
    access_token: str
    refresh_token: str


@dataclass
class Credentials:
    """``seed`` and ``reference_day`` (ISO date) of the practice; passwords by username, keys by client id,
    secrets by API user; name and password of the portal by patient."""

    seed: int
    reference_day: str
    passwords: dict[str, str] = field(default_factory=dict)
    apps: dict[str, AppKeys] = field(default_factory=dict)
    api_secrets: dict[str, str] = field(default_factory=dict)
    portal: dict[str, dict[str, str]] = field(default_factory=dict)

    def password(self, username: str) -> str:
        return self.passwords.setdefault(username, secrets.token_urlsafe(12))

    def portal_password(self, username: str, patient: int) -> str:
        made = {"username": username, "password": secrets.token_urlsafe(12)}
        return self.portal.setdefault(str(patient), made)["password"]

    def secret(self, username: str) -> str:
        from charthouse.identity import api_users  # this is read before Django is set up

        return self.api_secrets.setdefault(username, api_users.generate_secret())

    def app(self, client_id: str) -> AppKeys:
        if client_id not in self.apps:
            self.apps[client_id] = AppKeys(secrets.token_urlsafe(32), new_token(), new_token())
        return self.apps[client_id]

    def save(self) -> None:
        write_private(_path(), json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls) -> "Credentials":
        """Raises FileNotFoundError when no practice was built in this data directory."""
        stored = json.loads(_path().read_text())
        apps = {client: AppKeys(**keys) for client, keys in stored.pop("apps").items()}
        return cls(**stored, apps=apps)


def new_token() -> str:
    return secrets.token_urlsafe(30)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(draft, path)


def _path() -> Path:
    return Path(settings.DATA) / "sandbox-credentials.json"
