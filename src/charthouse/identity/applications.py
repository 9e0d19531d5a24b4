"""Creation and administration of OAuth apps. Only these functions return a client secret in the clear."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from oauth2_provider.generators import generate_client_secret

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import User
from charthouse.identity.oauth_models import Application, is_secure_url
from charthouse.identity.sealed_secrets import seal
from charthouse.identity.token_pairs import deauthorize_all


def create_app(owner: User, *, public: bool, **values: Any) -> tuple[Application, str]:
    """Create an app owned by a user; return it and its client secret ("" for a public client). Raises
    ValidationError.
    """
    app = Application(
        user=owner,
        client_type=Application.CLIENT_PUBLIC if public else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        **values,
    )
    secret = _assign_secret(app)
    _validate(app)
    with transaction.atomic():
        app.save()
        _emit_event("app created", app, owner)
    return app, secret


def update_app(app: Application, by: User, **values: Any) -> None:
    """Update fields of an app. A scope that is removed stops applying to tokens already issued.

    Raises ValidationError; then nothing is written.
    """
    changed = [name for name, value in values.items() if getattr(app, name) != value]
    for name in changed:
        setattr(app, name, values[name])
    _validate(app)
    if changed:
        with transaction.atomic():
            app.save(update_fields=[*changed, "updated"])
            _emit_event("app changed", app, by, changed=sorted(changed))


def rotate_secret(app: Application, by: User) -> str:
    """Replace the client secret, which is invalid at once, and return the new one. Tokens remain valid."""
    secret = _assign_secret(app)
    with transaction.atomic():
        app.save(update_fields=["client_secret", "sealed_secret", "updated"])
        _emit_event("app changed", app, by, changed=["client_secret"])
    return secret


def revoke_tokens(app: Application, user_ids: Sequence[int]) -> None:
    """Revoke all tokens and codes of the app for these users."""
    deauthorize_all(application=app, user__in=user_ids)


def disable(app: Application, by: User) -> None:
    """Disable an app: it can no longer request consent or tokens, and all its tokens, in all practices, are revoked."""
    with transaction.atomic():
        if Application.objects.filter(pk=app.pk, disabled=None).update(disabled=clock.now()):
            _emit_event("app changed", app, by, disabled=True)
            with tenancy.within(None):
                deauthorize_all(application=app)


def enable(app: Application, by: User) -> None:
    """Enable a disabled app. Revoked tokens stay revoked."""
    with transaction.atomic():
        if Application.objects.filter(pk=app.pk).exclude(disabled=None).update(disabled=None):
            _emit_event("app changed", app, by, disabled=False)


def lock_enabled(app: Application) -> bool:
    """Lock the app's row until the end of the transaction, so that it cannot be disabled. Return False if it is
    disabled.
    """
    rows = Application.objects.select_for_update(no_key=True).filter(pk=app.pk, disabled=None)
    return rows.first() is not None


def _assign_secret(app: Application) -> str:
    if app.client_type == Application.CLIENT_PUBLIC:
        app.client_secret = app.sealed_secret = ""
        return ""
    secret: str = generate_client_secret()
    app.client_secret, app.sealed_secret = secret, seal(secret)
    return secret


def _validate(app: Application) -> None:
    allowed = ["user", "updated", *([] if app.scopes else ["scopes"])]
    app.full_clean(exclude=allowed, validate_unique=False)
    problems: dict[str, list[str]] = {}
    for name in ("redirect_uris", "patient_iframe_url", "note_iframe_url"):
        insecure = [
            url for url in getattr(app, name).split() if not is_secure_url(url, name == "redirect_uris")
        ]
        if insecure:
            problems[name] = [f"It must begin with https://: {url}" for url in insecure]
    if problems:
        raise ValidationError(problems)


def _emit_event(what: str, app: Application, by: User, **details: Any) -> None:
    emit_audit_event(what, practice_id=by.practice_id, user_id=by.pk, app_id=app.pk, details=details)
