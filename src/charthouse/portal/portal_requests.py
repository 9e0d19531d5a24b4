"""What a patient has sent, which waits in the portal's queue until staff have looked at it."""

from django.db.models import QuerySet

from charthouse.domains.patients.models import PortalRequest
from charthouse.engine.errors import Conflict
from charthouse.portal.sessions import Guest

MOST_OPEN = 50
# What a patient is told of a request: the words, and their colour.
STATES = {
    "open": ("With the practice", "blue"),
    "accepted": ("In your chart", "green"),
    "dismissed": ("Looked at", "secondary"),
}
KINDS = {"image": "Image", "secure_message": "Message", "questionnaire": "Questionnaire"}


def of(guest: Guest, *types: str) -> "QuerySet[PortalRequest]":
    """What this patient has sent in the portal; ``types``: of these types alone."""
    rows = PortalRequest.objects.filter(
        practice=guest.practice.pk,
        patient=guest.patient.pk,
        api_user=None,
        archived=False,
        request_type__in=types or tuple(KINDS),
    )
    return rows.order_by("-pk")


def check(guest: Guest) -> None:
    """Raises Conflict for who has sent more than somebody can look at."""
    if of(guest).filter(status="open").count() >= MOST_OPEN:
        raise Conflict(
            f"The practice has {MOST_OPEN} things of yours to look at already. Try again when it has."
        )


def told(rows: "QuerySet[PortalRequest]", most: int) -> list[dict[str, object]]:
    """The latest few, as templates show them."""
    return [
        {
            "kind": KINDS[row.request_type],
            "title": row.title if row.request_type != "image" else "",
            "at": row.created_at,
            "words": STATES[row.status][0],
            "colour": STATES[row.status][1],
            "row": row,
        }
        for row in rows[:most]
    ]
