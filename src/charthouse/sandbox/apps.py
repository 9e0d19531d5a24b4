"""The OAuth apps of the sandbox, with a live pair of tokens each."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from oauth2_provider.models import AbstractApplication

from charthouse import clock
from charthouse.identity.models import SCOPES, AccessToken, Application, RefreshToken, User
from charthouse.identity.tokens import stop
from charthouse.sandbox.credentials import AppKeys, Credentials, new_token

LIFE = timedelta(hours=48)
REDIRECT_URI = "http://127.0.0.1:9000/callback"
GRANTED = " ".join(f"{scope}:{part}" for scope in SCOPES for part in ("read", "write"))


@dataclass(frozen=True)
class App:
    """``hourly_limit`` None means no limit."""

    name: str
    hourly_limit: int | None


def register(app: App, client_id: str, owner: User, keys: AppKeys) -> Application:
    return Application.objects.using("owner").create(
        name=app.name,
        client_id=client_id,
        client_secret=make_password(keys.client_secret),
        client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        redirect_uris=REDIRECT_URI,
        scopes=list(SCOPES),
        hourly_limit=app.hourly_limit,
        user=owner,
    )


def keep_alive(application: Application, credentials: Credentials) -> AppKeys:
    """The app's keys, whose access token is good for 48 hours from now. A pair that was refreshed or revoked
    meanwhile is replaced by a new one, which ends the app's other tokens of that user."""
    keys = credentials.app(application.client_id)
    live = AccessToken.objects.using("owner").filter(token_checksum=_checksum(keys.access_token), revoked=None)
    refresh = RefreshToken.objects.using("owner").filter(
        token_checksum=_checksum(keys.refresh_token), revoked=None
    )
    if refresh.exists() and live.update(expires=clock.now() + LIFE):
        return keys
    known = AccessToken.objects.using("owner").filter(token_checksum=_checksum(keys.access_token)).exists()
    if known or RefreshToken.objects.using("owner").filter(application=application).exists():
        keys.access_token, keys.refresh_token = new_token(), new_token()
    _issue(application, keys)
    return keys


def _issue(application: Application, keys: AppKeys) -> None:
    pair = {"application": application, "user": application.user}
    for model in (AccessToken, RefreshToken):
        stop(model.objects.using("owner").filter(**pair))
    family = uuid.uuid4()
    access = AccessToken.objects.using("owner").create(
        **pair,
        token_checksum=_checksum(keys.access_token),
        expires=clock.now() + LIFE,
        scope=GRANTED,
        token_family=family,
    )
    RefreshToken.objects.using("owner").create(
        **pair,
        token_checksum=_checksum(keys.refresh_token),
        access_token=access,
        token_family=family,
    )


def limit(value: str | None, declared: Sequence[App]) -> None:
    """Set every app's calls an hour: a number, "off" for no limit, None for what the practice was built with.
    Raises ValueError."""
    for app in declared:
        hourly = app.hourly_limit if value is None else None if value == "off" else _number(value)
        Application.objects.using("owner").filter(name=app.name).update(hourly_limit=hourly)


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(f"The rate limit is a number of calls an hour or off, not {value!r}.")
    return int(value)


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
