"""Portal requests: what a patient, or an API user for one, has submitted, which staff accept into the chart or
dismiss. docs/decisions/0162-the-portal-queue.md"""

from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import REMOVED
from charthouse.identity.tenancy import Record, RecordKey

REQUEST_TYPES = ("image", "document", "rx", "rx_refill", "supplement", "questionnaire", "secure_message")
REQUEST_STATUSES = ("open", "accepted", "dismissed", "deleted")


class PortalRequest(Record):
    """A request in the portal's queue. ``payload``: what is needed to accept a request of its type; ``file``: an upload
    that came with it. ``proxy``: who submitted it for the patient, in the portal. ``api_user``, ``deleted_by``: the API
    users who submitted and deleted it; null where the patient, a proxy or staff did."""

    patient = RecordKey("patients.Patient")
    request_type = models.CharField(max_length=20)
    status = models.CharField(max_length=10, default="open")
    title = text(500)
    notes = models.TextField(blank=True, default="")
    payload = models.JSONField(default=dict, blank=True)
    file = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    proxy = RecordKey("patients.Patient", null=True, blank=True, part_of=False, indexed=False)
    api_user = RecordKey("identity.ApiUser", null=True, blank=True, indexed=False)
    settled_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    deleted_by = RecordKey("identity.ApiUser", null=True, blank=True, indexed=False)

    identifying = {"notes": REMOVED}

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(request_type__in=REQUEST_TYPES), name="portal_request_type"),
            models.CheckConstraint(condition=Q(status__in=REQUEST_STATUSES), name="portal_request_status"),
            models.CheckConstraint(
                condition=Q(archived=True) | ~Q(status="deleted"),
                name="portal_request_deleted",
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "id"], condition=Q(status="open"), name="portal_request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.request_type} request {self.pk}"
