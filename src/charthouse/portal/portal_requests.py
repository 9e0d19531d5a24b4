"""What the patient sent and the practice has not settled yet."""

from django.db.models import QuerySet

from charthouse.domains.patients.models import PortalRequest
from charthouse.engine.errors import Conflict
from charthouse.portal.sessions import SignedInPatient

MAX_OPEN = 50
# Label and color of a request's status, as patients see it.
STATUS_BADGES = {
    "open": ("Received", "blue"),
    "accepted": ("In your chart", "green"),
    "dismissed": ("Looked at", "secondary"),
}
TYPE_LABELS = {"image": "Image", "secure_message": "Message", "questionnaire": "Questionnaire"}


def select_requests(guest: SignedInPatient, *types: str) -> "QuerySet[PortalRequest]":
    """Select the patient's own requests, latest first; ``types``: only of these types."""
    rows = PortalRequest.objects.filter(
        practice=guest.practice.pk,
        patient=guest.patient.pk,
        api_user=None,
        archived=False,
        request_type__in=types or tuple(TYPE_LABELS),
    )
    return rows.order_by("-pk")


def require_capacity(guest: SignedInPatient) -> None:
    """Raise Conflict for a patient who has MAX_OPEN open requests."""
    if select_requests(guest).filter(status="open").count() >= MAX_OPEN:
        raise Conflict(
            f"The practice has {MAX_OPEN} things of yours to look at already. Try again when it has."
        )


def describe_latest(rows: "QuerySet[PortalRequest]", most: int) -> list[dict[str, object]]:
    """Describe the latest ``most`` requests for templates."""
    return [
        {
            "kind": TYPE_LABELS[row.request_type],
            "title": row.title if row.request_type != "image" else "",
            "at": row.created_at,
            "words": STATUS_BADGES[row.status][0],
            "color": STATUS_BADGES[row.status][1],
            "row": row,
        }
        for row in rows[:most]
    ]
