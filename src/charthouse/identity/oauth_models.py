"""OAuth apps and what is issued to them. Secrets, codes and tokens are stored as digests only.

django-oauth-toolkit's abstract models, on the project's clock and with three differences: a used code and a revoked
token keep their row until they are swept (so that reuse is noticed and the refusal can say why), all that came of one
consent shares a ``token_family``, and the database itself allows one live pair per app and person.
"""

import uuid
from typing import Any

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
from charthouse.identity.tenancy import UpdatedAt


class Application(AbstractApplication):  # type: ignore[misc]
    """An OAuth app of a developer.

    ``hourly_limit`` None means no limit, else calls an hour (UTC); ``second_limit`` the same of calls within a second.
    ``scopes`` are base names it may ask for, each standing for both ``:read`` and ``:write``, and rights
    (``identity.models.RIGHTS``) that the operator gives.
    ``sealed_secret`` is the secret once more, readable by this server alone: the addresses of iframes are signed with
    it (see ``iframes``); heights are in pixels.
    ``disabled`` is since when it is switched off: as good as unknown to the OAuth endpoints.
    """

    scopes = ArrayField(models.CharField(max_length=40), default=list)
    hourly_limit = models.PositiveIntegerField(null=True, blank=True, default=500)
    second_limit = models.PositiveIntegerField(null=True, blank=True, default=9)
    sealed_secret = models.TextField(blank=True, default="", editable=False)
    patient_iframe_url = models.URLField(max_length=500, blank=True, default="")
    patient_iframe_height = models.PositiveSmallIntegerField(default=600)
    note_iframe_url = models.URLField(max_length=500, blank=True, default="")
    note_iframe_height = models.PositiveSmallIntegerField(default=600)
    disabled = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Only an address that is registered as it stands, to the letter."""
        return uri in self.redirect_uris.split()


class Grant(AbstractGrant):  # type: ignore[misc]
    """A consent waiting to be exchanged. ``code`` is the SHA-256 of the code, in hex; times are UTC."""

    token_family = models.UUIDField(default=uuid.uuid4, editable=False)
    used = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(default=clock.now, editable=False)
    updated = UpdatedAt(editable=False)

    class Meta:
        indexes = [models.Index(fields=["expires"])]

    def is_expired(self) -> bool:
        return bool(clock.now() >= self.expires)


class AccessToken(AbstractAccessToken):  # type: ignore[misc]
    """``token_checksum`` is the SHA-256 in hex; ``token`` stays empty. ``revoked`` is when it stopped, UTC."""

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
        """Stop this token at once."""
        revoke_live(AccessToken.objects.filter(pk=self.pk))


class RefreshToken(AbstractRefreshToken):  # type: ignore[misc]
    """``token_checksum`` is the SHA-256 in hex; ``token`` stays empty. It has no expiry of its own."""

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
        """Stop everything that came of one consent."""
        revoke_live(cls.objects.filter(token_family=token_family))
        revoke_live(AccessToken.objects.filter(token_family=token_family))

    def revoke(self) -> None:
        """Stop this token and the access token that goes with it."""
        RefreshToken.revoke_family(self.token_family)


def revoke_live(tokens: Any) -> None:
    """Revoke the live ones of a queryset of access or refresh tokens."""
    now = clock.now()
    tokens.filter(revoked=None).update(revoked=now, updated=now)


class Calls(models.Model):
    """How many calls an app made in one hour. Kept without a write-ahead log: after a crash of the database the
    current hour starts over. Counted only by the function behind ``bearer``."""

    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    hour = models.DateTimeField(help_text="Its beginning, UTC.")
    calls = models.IntegerField()
    burst_from = models.DateTimeField(null=True, help_text="When the latest calls within one second began.")
    burst = models.IntegerField(default=0, help_text="How many they are.")
    pk = models.CompositePrimaryKey("application_id", "hour")

    web_role_may = frozenset({"SELECT", "DELETE"})


class TokenCalls(models.Model):
    """How many calls of the OAuth endpoints came in one minute, from whom: see ``tokenlimit``. ``key`` is a SHA-256 in
    hex. Kept without a write-ahead log."""

    key = models.CharField(max_length=64)
    minute = models.DateTimeField(help_text="Its beginning, UTC.")
    calls = models.IntegerField()
    pk = models.CompositePrimaryKey("key", "minute")
