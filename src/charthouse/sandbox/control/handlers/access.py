"""Controls of who may call: practices, users, apps, access tokens, API users."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from charthouse import clock
from charthouse.engine.errors import Invalid
from charthouse.gateway.cerbo.registry import list_endpoint_groups
from charthouse.identity import api_users, applications, tenancy, token_pairs
from charthouse.identity.client_ip import is_network
from charthouse.identity.models import SCOPES, AccessToken, ApiUser, Application, Practice, User
from charthouse.sandbox.control import practices
from charthouse.toolkit.controls import access

DEFAULT_REDIRECT_URI = "http://127.0.0.1:9000/callback"


def mint_token(parameters: access.TokenParameters) -> access.Token:
    user = find_user(parameters.user)
    with acting_as(user):
        if parameters.client_id is None:
            app, secret = _register_app("Minted token", user, _read_scopes(parameters.scopes))
        else:
            app, secret = find_app(parameters.client_id), ""
        pair = token_pairs.issue_pair(app, user, _read_granted_scopes(parameters.scopes, app))
        expires = clock.now() + token_pairs.ACCESS_TOKEN_LIFETIME
        if parameters.state == "expired":
            expires = clock.now() - timedelta(seconds=1)
            tokens = AccessToken.objects.filter(token_checksum=token_pairs.digest_token(pair.access_token))
            tokens.update(expires=expires)
        if parameters.state == "revoked":
            token_pairs.deauthorize(app.pk, user.pk)
    return access.Token(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        scope=pair.scope,
        state=parameters.state,
        expires_at=expires.isoformat(timespec="seconds"),
        user=user.username,
        client_id=app.client_id,
        client_secret=secret,
    )


def create_app(parameters: access.AppParameters) -> access.App:
    user = find_user(parameters.user)
    with acting_as(user):
        app, secret = _register_app(
            parameters.name,
            user,
            _read_scopes(parameters.scopes),
            redirect_uris=" ".join(parameters.redirect_uris or [DEFAULT_REDIRECT_URI]),
            hourly_limit=parameters.hourly_limit,
            second_limit=parameters.second_limit,
        )
    return access.App(
        app.client_id, secret, app.name, user.username, app.redirect_uris.split(), _expand(app.scopes)
    )


def create_api_user(parameters: access.ApiUserParameters) -> access.ApiUser:
    practice = find_practice(parameters.practice)
    errors = {}
    if unknown := sorted(set(parameters.endpoints) - set(list_endpoint_groups())):
        errors["endpoints"] = [f"There is no endpoint group {', '.join(unknown)}."]
    if wrong := [text for text in parameters.ips if not is_network(text)]:
        errors["ips"] = [f"{wrong[0][:50]} is no address and no network."]
    if errors:
        raise Invalid(errors)
    with tenancy.within(practice.pk):
        user = ApiUser(
            practice=practice,
            nickname=parameters.name,
            username=f"pk_sandbox_{secrets.token_hex(8)}",
            contact="sandbox@example.com",
            read_only=parameters.read_only,
            anonymize=parameters.anonymize,
            endpoints=parameters.endpoints,
            ips=parameters.ips,
            enabled=parameters.enabled,
        )
        secret = api_users.renew_secret(user)
    return access.ApiUser(user.username, secret, practice.pk)


def create_user(parameters: access.UserParameters) -> access.User:
    practice = find_practice(parameters.practice)
    user, password = practices.add_user(practice, parameters.role, parameters.permissions)
    return access.User(user.pk, user.username, password, practice.pk, user.role, user.doctor_id)


def create_practice(parameters: access.PracticeParameters) -> access.Practice:
    added = practices.add_practice(parameters.name, parameters.patients, parameters.sharing)
    username = added.user.username
    app = create_app(access.AppParameters(user=username))
    return access.Practice(
        id=added.practice.pk,
        name=added.practice.name,
        user=username,
        password=added.password,
        doctor=access.Person(added.doctor.pk, added.doctor.first_name, added.doctor.last_name),
        office=added.office.pk,
        exam_room=1,
        patients=[access.Person(row["id"], row["first_name"], row["last_name"]) for row in added.patients],
        app=app,
        token=mint_token(access.TokenParameters(user=username, client_id=app.client_id)),
        api_user=create_api_user(access.ApiUserParameters(practice=added.practice.pk)),
    )


def find_user(username: str | None) -> User:
    """Return a user of a practice, by default the first practice's primary user. Raises Invalid."""
    users = User.objects.exclude(practice=None)
    if username is None:
        return users.filter(is_primary=True).order_by("practice_id")[0]
    if (found := users.filter(username=username).first()) is None:
        raise Invalid({"user": [f"There is no user {username[:150]!r} in a practice."]})
    return found


def find_practice(number: int | None) -> Practice:
    """Return a practice, by default the first. Raises Invalid."""
    found = Practice.objects.order_by("pk")
    practice = (found if number is None else found.filter(pk=number)).first()
    if practice is None:
        raise Invalid({"practice": [f"There is no practice {number}."]})
    return practice


@contextmanager
def acting_as(user: User) -> Iterator[None]:
    """Act in the name of a user, within the user's practice."""
    assert user.practice_id is not None
    tenancy.set_tenant(user.practice_id, user_id=user.pk)
    try:
        yield
    finally:
        tenancy.clear_tenant()


def _register_app(
    name: str,
    user: User,
    scopes: Sequence[str],
    redirect_uris: str = DEFAULT_REDIRECT_URI,
    hourly_limit: int | None = None,
    second_limit: int | None = None,
) -> tuple[Application, str]:
    return applications.create_app(
        user,
        public=False,
        name=name,
        scopes=list(scopes),
        redirect_uris=redirect_uris,
        hourly_limit=hourly_limit,
        second_limit=second_limit,
    )


def find_api_user(username: str) -> ApiUser:
    """Return an API user. Raises Invalid."""
    if (found := ApiUser.objects.using("owner").filter(username=username).first()) is None:
        raise Invalid({"api_user": [f"There is no API user {username[:100]!r}."]})
    return found


def find_app(client_id: str, name: str = "client_id") -> Application:
    """Return an app. Raises Invalid with the ``name`` of the parameter."""
    app: Application | None = Application.objects.filter(client_id=client_id).first()
    if app is None:
        raise Invalid({name: [f"There is no app {client_id[:100]!r}."]})
    return app


def _read_scopes(names: Sequence[str] | None) -> list[str]:
    """Return the base names of scopes, by default all. Raises Invalid for unknown ones."""
    known = {name: base for base in SCOPES for name in (base, f"{base}:read", f"{base}:write")}
    if unknown := sorted(set(names or ()) - set(known)):
        raise Invalid({"scopes": [f"There is no scope {', '.join(unknown)[:200]}."]})
    return list(SCOPES) if names is None else list(dict.fromkeys(known[name] for name in names))


def _read_granted_scopes(names: Sequence[str] | None, app: Application) -> Sequence[str] | None:
    """Return the scopes of a token, None for all of its app. Raises Invalid for those that the app may not have."""
    if beyond := sorted(set(_read_scopes(names)) - set(app.scopes)) if names is not None else []:
        raise Invalid({"scopes": [f"The app may not have {', '.join(beyond)}."]})
    return names


def _expand(scopes: Sequence[str]) -> list[str]:
    return token_pairs.expand_scopes(scopes)


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "tokens.mint": mint_token,
    "apps.create": create_app,
    "api_users.create": create_api_user,
    "users.create": create_user,
    "practices.create": create_practice,
}
