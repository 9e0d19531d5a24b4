"""Models of OAuth apps and tokens. Secrets, codes and tokens are stored as digests.

They extend django-oauth-toolkit's abstract models, on the project's clock and with three differences: used codes and
revoked tokens are retained until swept (so that reuse is detected and a refusal can name its cause), all tokens of one
consent share a ``token_family``, and the database allows one live pair per app and user.
"""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractRefreshToken,
    TokenChecksumField,
)

from charthouse import clock
from charthouse.identity.sealed_secrets import SealedField
from charthouse.identity.tenancy import UpdatedAt


class Application(AbstractApplication):  # type: ignore[misc]
    """An OAuth app of a developer.

    ``hourly_limit`` is calls an hour (UTC), None for no limit; ``second_limit`` the same within a second. ``scopes``
    are the base names that it may request, each for both ``:read`` and ``:write``, and rights
    (``identity.models.RIGHTS``) given by the operator. ``sealed_secret`` is the client secret, encrypted for this
    server, which signs the URLs of iframes with it (see ``iframes``); heights are in pixels. ``disabled`` is the time
    since when the OAuth endpoints treat the app as unknown.
    """

    scopes = ArrayField(models.CharField(max_length=40), default=list)
    hourly_limit = models.PositiveIntegerField(null=True, blank=True, default=500)
    second_limit = models.PositiveIntegerField(null=True, blank=True, default=9)
    sealed_secret = SealedField(blank=True, default="", editable=False)
    patient_iframe_url = models.URLField(max_length=500, blank=True, default="")
    patient_iframe_height = models.PositiveSmallIntegerField(default=600)
    note_iframe_url = models.URLField(max_length=500, blank=True, default="")
    note_iframe_height = models.PositiveSmallIntegerField(default=600)
    disabled = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Return whether the URI is registered, by exact comparison, and secure."""
        return uri in self.redirect_uris.split() and is_secure_url(uri, loopback=True)


def is_secure_url(url: str, loopback: bool) -> bool:
    """Return whether what is sent to a URL of an app travels encrypted, or with ``loopback`` not at all (RFC 8252). A
    sandbox accepts all."""
    parts = urlsplit(url)
    if settings.SANDBOX or parts.scheme != "http":
        return True
    return loopback and parts.hostname in ("127.0.0.1", "::1", "localhost")


class Grant(AbstractGrant):  # type: ignore[misc]
    """An authorization code that has not been exchanged. ``code`` is its SHA-256 in hex; times are UTC."""

    token_family = models.UUIDField(default=uuid.uuid4, editable=False)
    used = models.DateTimeField(null=True, editable=False)
    redirect_uri_given = models.BooleanField(
        default=True, db_default=True, editable=False, help_text="The authorization request named it."
    )
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    class Meta:
        indexes = [models.Index(fields=["expires"])]

    def is_expired(self) -> bool:
        return bool(clock.now() >= self.expires)


class AccessToken(AbstractAccessToken):  # type: ignore[misc]
    """An access token. ``token_checksum`` is its SHA-256 in hex, ``token`` is empty; ``revoked`` is UTC."""

    id_token: Any = None
    token_family = models.UUIDField(default=uuid.uuid4, editable=False)
    revoked = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "user"], condition=Q(revoked=None), name="one_live_access_token"
            )
        ]
        indexes = [models.Index(fields=["token_family"]), models.Index(fields=["expires"])]

    def is_expired(self) -> bool:
        return bool(self.revoked is not None or clock.now() >= self.expires)

    def revoke(self) -> None:
        """Revoke this token."""
        revoke_live(AccessToken.objects.filter(pk=self.pk))


class RefreshToken(AbstractRefreshToken):  # type: ignore[misc]
    """A refresh token. ``token_checksum`` is its SHA-256 in hex, ``token`` is empty. It does not expire."""

    token_checksum = TokenChecksumField(max_length=64, unique=True)
    scope = models.TextField(blank=True, help_text="What a refresh may ask for, joined by spaces.")
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "user"], condition=Q(revoked=None), name="one_live_refresh_token"
            )
        ]
        indexes = [
            models.Index(fields=["token_family"]),
            models.Index(fields=["revoked"], condition=~Q(revoked=None), name="revoked_refresh_tokens"),
        ]

    @classmethod
    def revoke_family(cls, token_family: uuid.UUID | None) -> None:
        """Revoke all tokens of one consent."""
        revoke_live(cls.objects.filter(token_family=token_family))
        revoke_live(AccessToken.objects.filter(token_family=token_family))

    def revoke(self) -> None:
        """Revoke this token and its access token."""
        RefreshToken.revoke_family(self.token_family)


def revoke_live(tokens: Any) -> None:
    """Revoke the live tokens of a queryset of access or refresh tokens."""
    now = clock.now()
    tokens.filter(revoked=None).update(revoked=now, updated=now)


class Calls(models.Model):
    """Number of calls of an app in one hour, counted by the statements of ``bearer_tokens``.

    An unlogged table: after a crash of the database the current hour starts over.
    """

    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    hour = models.DateTimeField(help_text="Its beginning, UTC.")
    calls = models.IntegerField()
    burst_from = models.DateTimeField(null=True, help_text="When the latest calls within one second began.")
    burst = models.IntegerField(default=0, help_text="How many they are.")
    pk = models.CompositePrimaryKey("application_id", "hour")

    web_role_may = frozenset({"SELECT", "UPDATE", "DELETE"})


class TokenCalls(models.Model):
    """Number of calls of the OAuth endpoints in one minute; see ``oauth_rate_limit``. ``key`` is a SHA-256 in hex.

    An unlogged table.
    """

    key = models.CharField(max_length=64)
    minute = models.DateTimeField(help_text="Its beginning, UTC.")
    calls = models.IntegerField()
    pk = models.CompositePrimaryKey("key", "minute")
