"""Making apps and their secrets. A secret exists in the clear once, in the answer of these functions."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from oauth2_provider.generators import generate_client_secret

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.identity.events import tell
from charthouse.identity.issue import deauthorize
from charthouse.identity.models import AccessToken, RefreshToken, User
from charthouse.identity.secret import seal
from charthouse.identity.tokens import Application


def make(owner: User, *, public: bool, **values: Any) -> tuple[Application, str]:
    """A new app of this person, and its secret ("" for a public one). Raises ValidationError, with nothing written."""
    app = Application(
        user=owner,
        client_type=Application.CLIENT_PUBLIC if public else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        **values,
    )
    secret = _give_secret(app)
    _check(app)
    with transaction.atomic():
        app.save()
        _tell("app created", app, owner)
    return app, secret


def change(app: Application, by: User, **values: Any) -> None:
    """Give the app other values. A scope that it may no longer ask for stops working in the tokens it has.

    Raises ValidationError, with nothing written."""
    changed = [name for name, value in values.items() if getattr(app, name) != value]
    for name in changed:
        setattr(app, name, values[name])
    _check(app)
    if changed:
        with transaction.atomic():
            app.save(update_fields=[*changed, "updated"])
            _tell("app changed", app, by, changed=sorted(changed))


def rotate(app: Application, by: User) -> str:
    """A new secret; the old one stops at once. Tokens stay good."""
    secret = _give_secret(app)
    with transaction.atomic():
        app.save(update_fields=["client_secret", "sealed_secret", "updated"])
        _tell("app changed", app, by, changed=["client_secret"])
    return secret


def stop(app: Application, people: Sequence[int]) -> None:
    """Take back what the app holds in these people's names."""
    with transaction.atomic():
        held = RefreshToken.objects.filter(application=app, user__in=people, revoked=None)
        for user in sorted(set(held.values_list("user_id", flat=True))):
            deauthorize(app.pk, user)


def switch_off(app: Application, by: User) -> None:
    """From now on the app can't ask anybody or get a token, and what it holds in anybody's name, of other practices
    too, is taken back."""
    with transaction.atomic():
        if Application.objects.filter(pk=app.pk, disabled=None).update(disabled=clock.now()):
            _tell("app changed", app, by, disabled=True)
            holding = [
                set(held.objects.filter(application=app, revoked=None).values_list("user_id", flat=True))
                for held in (AccessToken, RefreshToken)
            ]
            with tenancy.within(None):
                for user in sorted(set().union(*holding)):
                    deauthorize(app.pk, user)


def switch_on(app: Application, by: User) -> None:
    """It may ask people again; it holds nothing yet."""
    with transaction.atomic():
        if Application.objects.filter(pk=app.pk).exclude(disabled=None).update(disabled=None):
            _tell("app changed", app, by, disabled=False)


def held(app: Application) -> bool:
    """Keep the app from being switched off until the caller's transaction ends; False where it is off already."""
    rows = Application.objects.select_for_update(no_key=True).filter(pk=app.pk, disabled=None)
    return rows.first() is not None


def _give_secret(app: Application) -> str:
    if app.client_type == Application.CLIENT_PUBLIC:
        app.client_secret = app.sealed_secret = ""
        return ""
    secret: str = generate_client_secret()
    app.client_secret, app.sealed_secret = secret, seal(secret)
    return secret


def _check(app: Application) -> None:
    allowed = ["user", "updated", *([] if app.scopes else ["scopes"])]
    app.full_clean(exclude=allowed, validate_unique=False)


def _tell(what: str, app: Application, by: User, **details: Any) -> None:
    tell(what, practice_id=by.practice_id, user_id=by.pk, app_id=app.pk, details=details)
