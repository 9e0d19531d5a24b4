"""The portal's queue: what a patient, or an API user for one, has sent, until staff take it into the chart or dismiss
it. docs/decisions/0162-the-portal-queue.md"""

from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import REMOVED
from charthouse.identity.tenancy import Record, RecordKey

TYPES = ("image", "document", "rx", "rx_refill", "supplement", "questionnaire", "secure_message")
STATUSES = ("open", "accepted", "dismissed", "deleted")


class PortalRequest(Record):
    """Something sent. ``payload``: what its type needs to be taken into the chart; ``file``: an upload with it.
    ``api_user``, ``deleted_by``: the API users who sent and deleted it; null where the patient or staff did."""

    patient = RecordKey("patients.Patient")
    request_type = models.CharField(max_length=20)
    status = models.CharField(max_length=10, default="open")
    title = text(500)
    notes = models.TextField(blank=True, default="")
    payload = models.JSONField(default=dict, blank=True)
    file = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    api_user = RecordKey("identity.ApiUser", null=True, blank=True, indexed=False)
    settled_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    deleted_by = RecordKey("identity.ApiUser", null=True, blank=True, indexed=False)

    identifying = {"notes": REMOVED}

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(request_type__in=TYPES), name="portal_request_type"),
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="portal_request_status"),
            models.CheckConstraint(
                condition=Q(archived=True, status="deleted") | (Q(archived=False) & ~Q(status="deleted")),
                name="portal_request_deleted",
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "id"], condition=Q(status="open"), name="portal_request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.request_type} request {self.pk}"


def enqueue(patient: Any, request_type: str, *, api_user: int | None, **values: Any) -> PortalRequest:
    """Put something into the queue of a patient, for staff to settle. ``values``: columns of the request."""
    return PortalRequest.objects.create(
        practice_id=patient.practice_id,
        patient_id=patient.pk,
        request_type=request_type,
        api_user_id=api_user,
        **values,
    )


def queued(request: PortalRequest) -> dict[str, Any]:
    """What whoever sent it is told."""
    return {
        "result": True,
        "message": "The request waits in the portal queue for review.",
        "portal_queue_id": request.pk,
    }
