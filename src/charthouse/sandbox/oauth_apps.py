"""The OAuth apps of the sandbox, with a live pair of tokens each."""

from collections.abc import Sequence
from dataclasses import dataclass

from oauth2_provider.models import AbstractApplication

from charthouse import clock
from charthouse.identity.models import SCOPES, AccessToken, Application, RefreshToken, User
from charthouse.identity.sealed_secrets import seal
from charthouse.identity.token_pairs import ACCESS_TOKEN_LIFETIME, digest_token, issue_pair
from charthouse.sandbox.credentials import AppKeys, Credentials, new_token

REDIRECT_URI = "http://127.0.0.1:9000/callback"


@dataclass(frozen=True)
class App:
    """``hourly_limit`` None means no limit; ``rights`` beside the scopes, of which every app may ask for all;
    ``second_limit`` of calls within a second."""

    name: str
    hourly_limit: int | None
    rights: tuple[str, ...] = ()
    second_limit: int | None = None


def register(app: App, client_id: str, owner: User, keys: AppKeys) -> Application:
    made: Application = Application.objects.using("owner").create(
        name=app.name,
        client_id=client_id,
        client_secret=keys.client_secret,
        sealed_secret=seal(keys.client_secret),
        client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        redirect_uris=REDIRECT_URI,
        scopes=[*SCOPES, *app.rights],
        hourly_limit=app.hourly_limit,
        second_limit=app.second_limit,
        user=owner,
    )
    return made


def keep_alive(application: Application, credentials: Credentials) -> AppKeys:
    """The app's keys, whose access token is good for 48 hours from now. A pair that was refreshed or revoked
    meanwhile is replaced by a new one, which ends the app's other tokens of that user."""
    keys = credentials.app(application.client_id)
    access = AccessToken.objects.filter(token_checksum=digest_token(keys.access_token))
    refresh = RefreshToken.objects.filter(token_checksum=digest_token(keys.refresh_token))
    live = access.filter(revoked=None), refresh.filter(revoked=None)
    if live[1].exists() and live[0].update(expires=clock.now() + ACCESS_TOKEN_LIFETIME):
        return keys
    if access.exists() or refresh.exists():  # known and over: what was handed out stays dead
        keys.access_token, keys.refresh_token = new_token(), new_token()
    issue_pair(
        application,
        application.user,
        access_token=keys.access_token,
        refresh_token=keys.refresh_token,
    )
    return keys


def limit(value: str | None, declared: Sequence[App]) -> None:
    """Set the apps' calls an hour: a number, "off" for no limit, None for what the practice was built with. The app
    that was built without a limit stays without. Raises ValueError."""
    chosen = None if value in (None, "off") else _number(str(value))
    for app in declared:
        hourly = app.hourly_limit if value is None or app.hourly_limit is None else chosen
        Application.objects.using("owner").filter(name=app.name).update(
            hourly_limit=hourly, second_limit=None if hourly is None else app.second_limit
        )


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(f"The rate limit is a number of calls an hour or off, not {value!r}.")
    return int(value)
