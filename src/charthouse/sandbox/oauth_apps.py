"""The OAuth apps of the sandbox, each with a valid pair of tokens."""

from oauth2_provider.models import AbstractApplication

from charthouse import clock
from charthouse.identity.models import SCOPES, AccessToken, Application, RefreshToken, User
from charthouse.identity.sealed_secrets import seal
from charthouse.identity.token_pairs import ACCESS_TOKEN_LIFETIME, digest_token, issue_pair
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.credentials import AppKeys, Credentials, generate_token
from charthouse.sandbox.data.practices import PRACTICES, AppSpec

REDIRECT_URI = "http://127.0.0.1:9000/callback"
CLIENT_ID_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def add_apps(context: PracticeContext) -> None:
    """Register the apps of a practice. The primary user owns them."""
    owner = User.objects.using("owner").get(pk=context.primary_user)
    for spec in context.spec.apps:
        client_id = "".join(context.random.choices(CLIENT_ID_CHARACTERS, k=40))
        _register(spec, client_id, owner, context.credentials.get_app_keys(client_id))


def _register(spec: AppSpec, client_id: str, owner: User, keys: AppKeys) -> None:
    Application.objects.using("owner").create(
        name=spec.name,
        client_id=client_id,
        client_secret=keys.client_secret,
        sealed_secret=seal(keys.client_secret),
        client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        redirect_uris=REDIRECT_URI,
        scopes=[*SCOPES, *spec.rights],
        hourly_limit=spec.hourly_limit,
        second_limit=spec.second_limit,
        user=owner,
    )


def renew_tokens(application: Application, credentials: Credentials) -> AppKeys:
    """Make the app's access token valid for 48 hours from now and return the app's keys.

    A pair of tokens that has been refreshed or revoked is replaced, which ends the app's other tokens of that user.
    """
    keys = credentials.get_app_keys(application.client_id)
    access = AccessToken.objects.filter(token_checksum=digest_token(keys.access_token))
    refresh = RefreshToken.objects.filter(token_checksum=digest_token(keys.refresh_token))
    valid_access, valid_refresh = access.filter(revoked=None), refresh.filter(revoked=None)
    if valid_refresh.exists() and valid_access.update(expires=clock.now() + ACCESS_TOKEN_LIFETIME):
        return keys
    if access.exists() or refresh.exists():  # a token that has ended is never made valid again
        keys.access_token, keys.refresh_token = generate_token(), generate_token()
    issue_pair(
        application, application.user, access_token=keys.access_token, refresh_token=keys.refresh_token
    )
    return keys


def extend_tokens(credentials: Credentials) -> bool:
    """Make the access tokens of all apps valid for 48 hours from now. Return False where one of them has ended."""
    checksums = [digest_token(keys.access_token) for keys in credentials.apps.values()]
    live = AccessToken.objects.using("owner").filter(token_checksum__in=checksums, revoked=None)
    extended: int = live.update(expires=clock.now() + ACCESS_TOKEN_LIFETIME)
    return extended == len(checksums)


def set_rate_limit(value: str | None) -> None:
    """Set how many calls an hour the sandbox's apps may make: a number, "off" for no limit, None for that of the spec.

    An app whose spec has no limit stays without one. Raises ValueError.
    """
    chosen = None if value in (None, "off") else _parse_limit(str(value))
    for spec in (app for practice in PRACTICES for app in practice.apps):
        hourly = spec.hourly_limit if value is None or spec.hourly_limit is None else chosen
        Application.objects.using("owner").filter(name=spec.name).update(
            hourly_limit=hourly, second_limit=None if hourly is None else spec.second_limit
        )


def _parse_limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(f"The rate limit is a number of calls an hour or off, not {value!r}.")
    return int(value)
