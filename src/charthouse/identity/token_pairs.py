"""Issue, refresh and revoke pairs of access and refresh token; all go through these functions.

A user has one live pair per app. Every change of the pairs of an app and user takes the same advisory lock first, so
that of concurrent calls the first succeeds.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from oauthlib.common import generate_token

from charthouse import clock
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import SCOPES, AccessToken, Application, Grant, RefreshToken, User
from charthouse.identity.oauth_models import revoke_live

CODE_LIFETIME = timedelta(seconds=60)
ACCESS_TOKEN_LIFETIME = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens in the clear, which are not stored. ``scope`` is the granted scopes, joined by spaces."""

    access_token: str
    refresh_token: str
    scope: str


def digest_token(secret: str) -> str:
    """Return the SHA-256 of a code or token in hex, as it is stored. They are random, so a slow hash would add
    nothing.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def issue_pair(
    application: Application,
    user: User,
    scopes: Iterable[str] | None = None,
    *,
    access_token: str | None = None,
    refresh_token: str | None = None,
    family: uuid.UUID | None = None,
    refreshable: str | None = None,
) -> TokenPair:
    """Issue a pair to ``application`` for ``user`` and revoke the former pair.

    ``scopes`` are full or base names; None means all that the app may have. ``refreshable`` is the scope of the refresh
    token, where it exceeds that of the access token.
    """
    scope = " ".join(expand_scopes(application.scopes if scopes is None else scopes))
    pair = TokenPair(access_token or generate_token(), refresh_token or generate_token(), scope)
    family = family or uuid.uuid4()
    with transaction.atomic():
        lock_pairs(application.pk, user.pk)
        revoke_pairs(application.pk, user.pk)
        access = AccessToken.objects.create(
            application=application,
            user=user,
            token="",
            token_checksum=digest_token(pair.access_token),
            scope=scope,
            expires=clock.now() + ACCESS_TOKEN_LIFETIME,
            token_family=family,
        )
        RefreshToken.objects.create(
            application=application,
            user=user,
            token="",
            token_checksum=digest_token(pair.refresh_token),
            scope=refreshable or scope,
            access_token=access,
            token_family=family,
        )
    return pair


def exchange_code(grant: Grant, scopes: Iterable[str], access_token: str, refresh_token: str) -> bool:
    """Issue the pair for a code. Return False if it has been withdrawn with the app's access, or had been used; then
    all of its tokens are revoked."""
    with transaction.atomic():
        lock_pairs(grant.application_id, grant.user_id)
        now = clock.now()
        unused = Grant.objects.filter(pk=grant.pk, used=None)
        first = unused.filter(expires__gt=now).update(used=now)
        if first:
            issue_pair(
                grant.application,
                grant.user,
                scopes,
                access_token=access_token,
                refresh_token=refresh_token,
                family=grant.token_family,
            )
        elif not unused.exists():
            _emit_event("code used twice", grant)
            RefreshToken.revoke_family(grant.token_family)
    return bool(first)


def revoke_code(grant: Grant) -> None:
    """Revoke all tokens of a code, because it was used again."""
    with transaction.atomic():
        lock_pairs(grant.application_id, grant.user_id)
        RefreshToken.revoke_family(grant.token_family)
        _emit_event("code used twice", grant)


def refresh_pair(old: RefreshToken, scopes: Iterable[str], access_token: str, refresh_token: str) -> bool:
    """Issue the next pair for a refresh token. Return False if it had been used or revoked."""
    with transaction.atomic():
        lock_pairs(old.application_id, old.user_id)
        if not RefreshToken.objects.filter(pk=old.pk, revoked=None).exists():
            return False
        issue_pair(
            old.application,
            old.user,
            scopes,
            access_token=access_token,
            refresh_token=refresh_token,
            family=old.token_family,
            refreshable=old.scope,
        )
    return True


def revoke_token(token: str, application: Application) -> None:
    """Revoke an access or refresh token of the app and the other one of its pair. An unknown token is ignored."""
    for model in (AccessToken, RefreshToken):
        found = model.objects.filter(token_checksum=digest_token(token), application=application).first()
        if found is not None:
            with transaction.atomic():
                lock_pairs(found.application_id, found.user_id)
                RefreshToken.revoke_family(found.token_family)
                _emit_event("consent revoked", found)


def deauthorize(application_id: int, user_id: int) -> None:
    """Revoke all tokens and codes of the app for a user."""
    with transaction.atomic():
        lock_pairs(application_id, user_id)
        codes = Grant.objects.filter(application=application_id, user=user_id, used=None)
        codes.filter(expires__gt=clock.now()).update(expires=clock.now())
        revoke_pairs(application_id, user_id)
        user = User.objects.get(pk=user_id)
        emit_audit_event(
            "consent revoked", practice_id=user.practice_id, user_id=user_id, app_id=application_id
        )


def deauthorize_all(**of: Any) -> None:
    """Revoke all live tokens and codes that match ``of``: filters by ``application`` and ``user``."""
    held: set[tuple[int, int]] = set()
    for live in (
        AccessToken.objects.filter(revoked=None),
        RefreshToken.objects.filter(revoked=None),
        Grant.objects.filter(used=None, expires__gt=clock.now()),
    ):
        held |= set(live.filter(**of).values_list("application_id", "user_id"))
    with transaction.atomic():
        for application_id, user_id in sorted(held):
            deauthorize(application_id, user_id)


def _emit_event(what: str, issued: Grant | AccessToken | RefreshToken) -> None:
    """Emit an audit event about a code or token."""
    emit_audit_event(
        what, practice_id=issued.user.practice_id, user_id=issued.user_id, app_id=issued.application_id
    )


def revoke_pairs(application_id: int, user_id: int) -> None:
    """Revoke all tokens of the app for a user."""
    revoke_live(RefreshToken.objects.filter(application=application_id, user=user_id))
    revoke_live(AccessToken.objects.filter(application=application_id, user=user_id))


def lock_pairs(application_id: int, user_id: int) -> None:
    """Take the advisory lock on the pairs of an app and user until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"oauth {application_id} {user_id}"]
        )


def expand_scopes(names: Iterable[str]) -> list[str]:
    """Return full scope names in the order of ``SCOPES``. A base name means both of its scopes; unknown names are
    ignored.
    """
    wanted = set(names)
    return [
        f"{base}:{kind}"
        for base in SCOPES
        for kind in ("read", "write")
        if base in wanted or f"{base}:{kind}" in wanted
    ]
