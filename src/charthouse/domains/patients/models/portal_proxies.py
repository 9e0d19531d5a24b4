"""Proxies: people who open another patient's record in the portal."""

from django.db import models

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class PortalProxy(Record):
    """A patient (``proxy``) who may act for another one (``patient``) in the portal, from ``granted_on`` until
    ``ended_on``.

    ``relationship``: what the proxy is to the patient, a key of ``portal_proxies.RELATIONSHIPS``; that of parents and
    guardians ends with an age as well. ``granted_by``, ``ended_by``: users of the practice.
    """

    patient = RecordKey("patients.Patient", part_of=True)
    proxy = RecordKey("patients.Patient", part_of=True)
    relationship = text(20)
    granted_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    granted_on = models.DateTimeField(default=clock.now)
    ended_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    ended_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "portal proxies"
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "proxy"],
                condition=models.Q(ended_on=None, archived=False),
                name="one_portal_proxy",
            )
        ]

    def __str__(self) -> str:
        return f"portal proxy {self.pk}"
