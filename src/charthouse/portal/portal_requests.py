"""What the patient sent and the practice has not settled yet."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.engine.errors import Conflict
from charthouse.portal.sessions import SignedInPatient

MAX_OPEN = 50
# Label and color of a request's status, as patients see it.
STATUS_BADGES = {
    "open": (gettext_lazy("Received"), "blue"),
    "accepted": (gettext_lazy("In your chart"), "green"),
    "dismissed": (gettext_lazy("Reviewed"), "secondary"),
}
TYPE_LABELS = {
    "image": gettext_lazy("Image"),
    "secure_message": gettext_lazy("Message"),
    "questionnaire": gettext_lazy("Questionnaire"),
}


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
            _("The practice has %(count)s items from you to review. Try again when it has done so.")
            % {"count": MAX_OPEN}
        )


def name_sender(guest: SignedInPatient, proxy: Patient | None) -> str:
    """Name who sent something: "you", the patient, or a proxy for the patient."""
    if proxy is not None:
        values = {"proxy": proxy.display_name, "patient": guest.patient.display_name}
        return _("%(proxy)s for %(patient)s") % values
    return guest.patient.display_name if guest.proxy else _("you")


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
            "sender": _("%(proxy)s for the patient") % {"proxy": row.proxy.display_name} if row.proxy else "",
        }
        for row in rows.select_related("proxy")[:most]
    ]
