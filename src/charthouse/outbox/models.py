"""Outgoing messages, queued and sent."""

from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.identity.tenancy import Record, RecordKey


class Outgoing(Record):
    """One e-mail or text message. The change feed records who caused it.

    ``purpose`` names the reason in a word or two, without contents. ``next_try`` is also the lease: the worker that
    claims the message advances it. Outside of a sandbox, subject and text are erased once sent.
    """

    unfollowed = frozenset({"subject", "text"})

    class Kind(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"

    # whom the message is about, for the audit
    patient = RecordKey("patients.Patient", null=True, blank=True, indexed=False)
    kind = models.CharField(max_length=5, choices=Kind)
    recipient = models.CharField(max_length=254)
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField()
    reply_to = models.CharField(max_length=254, blank=True, default="")
    purpose = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try"], condition=Q(sent_at=None, failed_at=None), name="outgoing_waiting"
            ),
            models.Index(fields=["practice", "-id"], name="outgoing_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
