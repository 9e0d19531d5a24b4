"""Access of patients to the portal, and the templates of the e-mails about it."""

from django.db import models

from charthouse import clock
from charthouse.domains.patients.models.patients import DECEASED
from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import REMOVED
from charthouse.identity.tenancy import Record, RecordKey


class PortalAccess(Record):
    """A patient's access to the portal: an invitation until ``activated_on``, access from then until ``disabled_on``.

    ``doctor``: the primary provider when it was sent; ``enabled_by``, ``api_user``: the user or API user who sent it.
    ``token``: SHA-256, in hex, of the secret of the latest link, empty once it was used; a link works once, until
    ``expires_on``. ``attempts``: how often a wrong date of birth was given since ``link_sent_at``.

    ``username``, ``password`` (a hash): what the patient signs in with, once chosen; the username is in lower case and
    unique in the practice. Access from before there were passwords has neither, until a new link is used.
    """

    patient = RecordKey("patients.Patient", related_name="portal_accesses")
    doctor = RecordKey("practice.Doctor", indexed=False)
    enabled_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    api_user = RecordKey("identity.ApiUser", null=True, blank=True, indexed=False)
    enabled_on = models.DateTimeField(default=clock.now)
    expires_on = models.DateTimeField()
    activated_on = models.DateTimeField(null=True, blank=True)
    disabled_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    disabled_on = models.DateTimeField(null=True, blank=True)
    token = text(64)
    attempts = models.PositiveSmallIntegerField(default=0)
    link_sent_at = models.DateTimeField(null=True, blank=True)
    username = text(254)
    password = text(128)

    identifying = {"username": REMOVED}

    unfollowed = frozenset({"token", "password"})

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "username"],
                condition=~models.Q(username="") & models.Q(disabled_on=None, archived=False),
                name="portal_username_once",
            ),
            models.UniqueConstraint(
                fields=["practice", "patient"],
                condition=models.Q(disabled_on=None, archived=False),
                name="one_portal_access",
            ),
            models.UniqueConstraint(
                fields=["practice", "token"], condition=~models.Q(token=""), name="portal_token_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["username"],
                condition=~models.Q(username="") & models.Q(disabled_on=None, archived=False),
                name="portal_username",
            )
        ]

    def __str__(self) -> str:
        return f"portal access of patient {self.patient_id}"

    @classmethod
    def select_open(cls) -> "models.QuerySet[PortalAccess]":
        """Select access and invitations that are not over: not revoked, of patients who are neither deleted nor
        dead."""
        rows: models.QuerySet[PortalAccess] = cls._default_manager.select_related("patient")
        return rows.filter(disabled_on=None, archived=False, patient__archived=False).exclude(
            patient__patient_status=DECEASED
        )


class PortalWording(Record):
    """A practice's own templates of the e-mails with links to the portal; empty: the default (see
    ``email_templates``)."""

    invitation_subject = text(200)
    invitation_text = models.TextField(blank=True, default="")
    password_subject = text(200)
    password_text = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice"], condition=models.Q(archived=False), name="one_portal_wording"
            )
        ]

    def __str__(self) -> str:
        return f"portal letters of practice {self.practice_id}"
