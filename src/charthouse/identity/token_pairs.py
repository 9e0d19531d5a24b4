"""Issuing a pair of tokens, and stopping what was issued: the only place that does either.

One person has one live pair per app. Everything that changes the pairs of an app and a person first takes the same
lock, so that of many at once, the first wins and the others find out.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

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
    """The tokens themselves, which exist nowhere else. ``scope`` is what was granted, joined by spaces."""

    access_token: str
    refresh_token: str
    scope: str


def digest_token(secret: str) -> str:
    """What is stored of a code or token: SHA-256 in hex. They are random, so a slow hash would add nothing."""
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
    """Give ``application`` a pair of tokens in the name of ``user``; the pair it had stops.

    ``scopes`` are full or base names, None is all the app may have. ``refreshable`` is the scope that a refresh may
    ask for again, where it is more than this access token gets.
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
    """Give the pair for a code. False if the code had been used: then all that came of it has been stopped."""
    with transaction.atomic():
        lock_pairs(grant.application_id, grant.user_id)
        first = Grant.objects.filter(pk=grant.pk, used=None).update(used=clock.now())
        if first:
            issue_pair(
                grant.application,
                grant.user,
                scopes,
                access_token=access_token,
                refresh_token=refresh_token,
                family=grant.token_family,
            )
        else:
            _emit_event("code used twice", grant)
            RefreshToken.revoke_family(grant.token_family)
    return bool(first)


def revoke_code(grant: Grant) -> None:
    """Stop all that came of a code, because somebody used it again."""
    with transaction.atomic():
        lock_pairs(grant.application_id, grant.user_id)
        RefreshToken.revoke_family(grant.token_family)
        _emit_event("code used twice", grant)


def refresh_pair(old: RefreshToken, scopes: Iterable[str], access_token: str, refresh_token: str) -> bool:
    """Give the next pair for a refresh token. False if it had been used or stopped."""
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
    """Stop an access or refresh token of this app, and its other half. An unknown one is as good as stopped."""
    for model in (AccessToken, RefreshToken):
        found = model.objects.filter(token_checksum=digest_token(token), application=application).first()
        if found is not None:
            with transaction.atomic():
                lock_pairs(found.application_id, found.user_id)
                RefreshToken.revoke_family(found.token_family)
                _emit_event("consent revoked", found)


def deauthorize(application_id: int, user_id: int) -> None:
    """Stop whatever the app holds in this person's name, codes included."""
    with transaction.atomic():
        lock_pairs(application_id, user_id)
        Grant.objects.filter(application=application_id, user=user_id, used=None).update(used=clock.now())
        revoke_pairs(application_id, user_id)
        user = User.objects.get(pk=user_id)
        emit_audit_event(
            "consent revoked", practice_id=user.practice_id, user_id=user_id, app_id=application_id
        )


def _emit_event(what: str, held: Grant | AccessToken | RefreshToken) -> None:
    """``held``: what is stopped, with all that came of the same consent."""
    emit_audit_event(
        what, practice_id=held.user.practice_id, user_id=held.user_id, app_id=held.application_id
    )


def revoke_pairs(application_id: int, user_id: int) -> None:
    revoke_live(RefreshToken.objects.filter(application=application_id, user=user_id))
    revoke_live(AccessToken.objects.filter(application=application_id, user=user_id))


def lock_pairs(application_id: int, user_id: int) -> None:
    """Until the end of the transaction, nobody else changes the pairs of this app and person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"oauth {application_id} {user_id}"]
        )


def expand_scopes(names: Iterable[str]) -> list[str]:
    """Full scope names, in the order of ``SCOPES``; a base name stands for both of its. Unknown names are left out."""
    wanted = set(names)
    return [
        f"{base}:{kind}"
        for base in SCOPES
        for kind in ("read", "write")
        if base in wanted or f"{base}:{kind}" in wanted
    ]
