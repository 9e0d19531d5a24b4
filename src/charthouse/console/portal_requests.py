"""The portal's queue: what patients, and API users for them, have sent, until somebody takes it into the chart or
dismisses it. docs/decisions/0162-the-portal-queue.md, 0300-the-queue-in-the-console.md"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import records
from charthouse.console.actor import actor_of
from charthouse.console.navigation import MOST_COUNTED
from charthouse.console.page import Request, page, show
from charthouse.console.portal_request_content import content
from charthouse.console.tables import Badge, Choice, Column, Table
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_STATUSES
from charthouse.domains.patients.portal_requests import settle
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Conflict, Forbidden, NotFound
from charthouse.identity.models import User

MESSAGES = "inbox"


@dataclass(frozen=True)
class Kind:
    """A type of request. ``becomes``: the resource whose permissions are needed to see and to settle it; ``chart``:
    view of the list where it stands once it is accepted, of the chart or the message center."""

    words: str
    becomes: str
    chart: str


KINDS = {
    "image": Kind("Image", "pictures", "chart-images"),
    "document": Kind("Document", "documents", "chart-documents"),
    "rx": Kind("Prescription", "medications", "chart-medications"),
    "rx_refill": Kind("Refill", "medications", "chart-medications"),
    "supplement": Kind("Supplement", "supplements_taken", "chart-supplements"),
    "questionnaire": Kind("Questionnaire", "patients", "chart-questionnaires"),
    "secure_message": Kind("Message", "patient_messages", MESSAGES),
}
COLOURS = {"open": "blue", "accepted": "green", "dismissed": "secondary", "deleted": "secondary"}


def _seen(actor: Actor) -> list[str]:
    """The types that somebody may see."""
    found = []
    for name, kind in KINDS.items():
        try:
            records.resource(kind.becomes).policy.authorize(actor, kind.becomes, reading=True)
        except Forbidden:
            continue
        found.append(name)
    return found


def _requests(actor: Actor) -> "QuerySet[PortalRequest]":
    """Those about the patients that somebody may see. Raises Forbidden."""
    patients = records.rows(records.resource("patients"), actor, hidden=True)
    return PortalRequest.objects.filter(
        practice=actor.practice, patient__in=patients.values("pk"), request_type__in=_seen(actor)
    )


def waiting(user: User) -> int:
    """How many requests wait for this person or a colleague; more than MOST_COUNTED count as one more."""
    return _requests(actor_of(user)).filter(status="open")[: MOST_COUNTED + 1].count()


# -- the list ---------------------------------------------------------------------------------------------------


def sender(row: PortalRequest) -> str:
    return f"{row.api_user.nickname} (API user)" if row.api_user else "Patient"


def state(row: PortalRequest) -> Badge:
    return Badge(row.status.capitalize(), COLOURS[row.status])


def _by(column: str) -> Callable[["QuerySet[Any]", str], "QuerySet[Any]"]:
    return lambda rows, value: rows.filter(**{column: value}) if value != "all" else rows


TABLE = Table(
    name="queue",
    label="Portal queue",
    columns=(
        Column(
            "Request", lambda row: row.title or KINDS[row.request_type].words, link=lambda row: _address(row)
        ),
        Column("Patient", lambda row: f"{row.patient.last_name}, {row.patient.first_name}".strip(", ")),
        Column("Type", lambda row: KINDS[row.request_type].words, kind="wide"),
        Column("Sent", "created_at", sort="pk"),
        Column("By", sender, kind="wide"),
        Column("Status", state, kind="wide"),
    ),
    choices=(
        Choice(
            name="status",
            label="Status",
            options=(*((one, one.capitalize()) for one in REQUEST_STATUSES), ("all", "Every status")),
            narrow=_by("status"),
        ),
        Choice(
            name="type",
            label="Type",
            options=(("all", "Every type"), *((name, kind.words) for name, kind in KINDS.items())),
            narrow=_by("request_type"),
        ),
    ),
    order="-pk",
    empty="Nothing waits.",
)


def _address(row: PortalRequest) -> str:
    return reverse("queued", args=[row.pk])


@page("Manage Patients")
def listing(request: Request) -> HttpResponseBase:
    rows = _requests(request.actor).select_related("patient", "api_user")
    values = {
        "title": "Portal queue",
        "about": "What patients sent, until it is taken into their chart or dismissed.",
        "table": TABLE.of(request, rows),
    }
    return show(request, "list.html", values)


# -- one request ------------------------------------------------------------------------------------------------


def _find(request: Request, row: int) -> PortalRequest:
    rows = _requests(request.actor).filter(pk=row)
    found = rows.select_related("patient", "api_user", "settled_by", "deleted_by", "file").first()
    if found is None:
        raise NotFound()
    return found


@page("Manage Patients")
def one(request: Request, row: int) -> HttpResponseBase:
    """What was sent, and how it was settled, or the buttons that do."""
    found = _find(request, row)
    kind = KINDS[found.request_type]
    lines: list[tuple[str, Any]] = [
        ("Type", kind.words),
        ("Status", state(found)),
        ("Sent", found.created_at),
        ("By", sender(found)),
    ]
    if found.settled_at:
        lines += [(found.status.capitalize(), found.settled_at), ("By whom", found.settled_by or "API user")]
    if found.status == "deleted":
        lines += [("Deleted", found.updated_at), ("By whom", found.deleted_by and found.deleted_by.nickname)]
    values = {
        "title": found.title or kind.words,
        "queued": found,
        "lines": lines,
        "content": content(found),
        "in_chart": _place(found) if found.status == "accepted" else "",
    }
    return show(request, "queued.html", values)


def _place(found: PortalRequest) -> str:
    view = KINDS[found.request_type].chart
    return reverse(view) if view == MESSAGES else reverse(view, args=[found.patient_id])


@page("Manage Patients", methods=("POST",))
def accept(request: Request, row: int) -> HttpResponseBase:
    """Into the chart."""
    return _settle(request, _find(request, row), accepted=True)


@page("Manage Patients", methods=("GET", "POST"))
def dismiss(request: Request, row: int) -> HttpResponseBase:
    """Put it aside, once that has been confirmed."""
    found = _find(request, row)
    if request.method == "POST":
        return _settle(request, found, accepted=False)
    values = {
        "title": "Dismiss this request?",
        "text": "It doesn't go into the chart. It stays in the queue as dismissed.",
        "button": "Dismiss",
        "danger": True,
        "back": reverse("queued", args=[row]),
    }
    return show(request, "confirm.html", values)


def _settle(request: Request, found: PortalRequest, *, accepted: bool) -> HttpResponseBase:
    records.check_writes(records.resource(KINDS[found.request_type].becomes), request.actor)
    try:
        settle(found, request.actor.required_user, accept=accepted)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        return redirect("queued", found.pk)
    messages.success(request, "The request was accepted." if accepted else "The request was dismissed.")
    return redirect("queue")
