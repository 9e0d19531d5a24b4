"""Portal requests: what patients, and API users for them, sent, to be accepted or dismissed.

docs/decisions/0162-the-portal-queue.md, 0300-the-queue-in-the-console.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib import messages
from django.db.models import BigIntegerField, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.actor import build_actor
from charthouse.console.kit.navigation import MAX_COUNT
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.console.portal.request_content import build_content
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_STATUSES
from charthouse.domains.patients.portal_requests import settle
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Conflict, Forbidden, NotFound
from charthouse.engine.execution import planning
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.statements import Statement, compile_rows, make_statement
from charthouse.identity.models import User

INBOX_VIEW = "inbox"


@dataclass(frozen=True)
class RequestType:
    """A type of portal request.

    becomes  resource whose permissions are required to see and to settle the request
    chart    view of the list where an accepted request appears
    """

    words: str
    becomes: str
    chart: str


REQUEST_TYPES = {
    "image": RequestType("Image", "pictures", "chart-images"),
    "document": RequestType("Document", "documents", "chart-documents"),
    "rx": RequestType("Prescription", "medications", "chart-medications"),
    "rx_refill": RequestType("Refill", "medications", "chart-medications"),
    "supplement": RequestType("Supplement", "supplements_taken", "chart-supplements"),
    "questionnaire": RequestType("Questionnaire", "patients", "chart-questionnaires"),
    "secure_message": RequestType("Message", "patient_messages", INBOX_VIEW),
}
STATUS_COLORS = {"open": "blue", "accepted": "green", "dismissed": "secondary", "deleted": "secondary"}


def _list_visible_types(actor: Actor) -> list[str]:
    """List the request types that the actor may see."""
    found = []
    for name, kind in REQUEST_TYPES.items():
        try:
            records.get_resource(kind.becomes).policy.authorize(actor, kind.becomes, reading=True)
        except Forbidden:
            continue
        found.append(name)
    return found


def _select_requests(actor: Actor) -> "QuerySet[PortalRequest]":
    """Select the requests of patients whom the actor may see. Raises Forbidden."""
    patients = records.select_rows(records.get_resource("patients"), actor, hidden=True)
    return PortalRequest.objects.filter(
        practice=actor.practice,
        patient__in=patients.values("pk"),
        request_type__in=_list_visible_types(actor),
    )


def select_open(actor: Actor) -> "QuerySet[PortalRequest]":
    """Select the open requests that the actor may see. Raises Forbidden."""
    return _select_requests(actor).filter(status="open")


def count_open(user: User) -> int:
    """Count the open requests that the user may see, at most MAX_COUNT + 1. Raises Forbidden."""
    actor, policy = build_actor(user), records.get_resource("patients").policy
    policy.authorize(actor, "patients", reading=True)
    statement = _compile_open(policy.sees_only_own(actor), tuple(_list_visible_types(actor)))
    return len(statements.run(statement, planning.bind_actor(actor)))


@cache
def _compile_open(owned: bool, types: tuple[str, ...]) -> Statement:
    """Compile the statement of ``select_open``, once for each kind of user: it runs on every page."""
    patients = planning.select_visible(records.get_resource("patients"), owned)
    practice = BoundParameter("practice", BigIntegerField())
    rows = PortalRequest.objects.filter(
        practice=practice, patient__in=patients.values("pk"), request_type__in=types, status="open"
    )
    return make_statement(*compile_rows(rows.order_by().values_list("pk")[: MAX_COUNT + 1]))


# -- the list ---------------------------------------------------------------------------------------------------


def name_sender(row: PortalRequest) -> str:
    if row.api_user:
        return f"{row.api_user.nickname} (API user)"
    return f"{row.proxy.display_name} for the patient" if row.proxy else "Patient"


def build_status_badge(row: PortalRequest) -> Badge:
    return Badge(row.status.capitalize(), STATUS_COLORS[row.status])


def _filter_by(column: str) -> Callable[["QuerySet[Any]", str], "QuerySet[Any]"]:
    return lambda rows, value: rows.filter(**{column: value}) if value != "all" else rows


TABLE = Table(
    name="queue",
    label="Portal queue",
    columns=(
        Column(
            "Request",
            lambda row: row.title or REQUEST_TYPES[row.request_type].words,
            link=lambda row: _build_url(row),
        ),
        Column("Patient", lambda row: row.patient.sort_name),
        Column("Type", lambda row: REQUEST_TYPES[row.request_type].words, kind="wide"),
        Column("Sent", "created_at", sort="pk"),
        Column("By", name_sender, kind="wide"),
        Column("Status", build_status_badge, kind="wide"),
    ),
    filters=(
        TableFilter(
            name="status",
            label="Status",
            options=(*((one, one.capitalize()) for one in REQUEST_STATUSES), ("all", "All statuses")),
            apply=_filter_by("status"),
        ),
        TableFilter(
            name="type",
            label="Type",
            options=(("all", "All types"), *((name, kind.words) for name, kind in REQUEST_TYPES.items())),
            apply=_filter_by("request_type"),
        ),
    ),
    order="-pk",
    empty="Nothing to review.",
)


def _build_url(row: PortalRequest) -> str:
    return reverse("portal-request", args=[row.pk])


@page("Manage Patients")
def show_list(request: Request) -> HttpResponseBase:
    """List requests."""
    rows = _select_requests(request.actor).select_related("patient", "api_user", "proxy")
    values = {
        "title": "Portal queue",
        "about": "What patients sent, until it is taken into their chart or dismissed.",
        "table": TABLE.build_page(request, rows),
    }
    return render_page(request, "kit/list.html", values)


# -- one request ------------------------------------------------------------------------------------------------


def _find_request(request: Request, row: int) -> PortalRequest:
    rows = _select_requests(request.actor).filter(pk=row)
    found = rows.select_related("patient", "api_user", "proxy", "settled_by", "deleted_by", "file").first()
    if found is None:
        raise NotFound()
    return found


@page("Manage Patients")
def show_request(request: Request, row: int) -> HttpResponseBase:
    """Show what was sent, and how it was settled or the buttons to settle it. Raises NotFound."""
    found = _find_request(request, row)
    kind = REQUEST_TYPES[found.request_type]
    lines: list[tuple[str, Any]] = [
        ("Type", kind.words),
        ("Status", build_status_badge(found)),
        ("Sent", found.created_at),
        ("By", name_sender(found)),
    ]
    if found.settled_at:
        lines += [(found.status.capitalize(), found.settled_at), ("By", found.settled_by or "API user")]
    if found.status == "deleted":
        lines += [("Deleted", found.updated_at), ("By", found.deleted_by and found.deleted_by.nickname)]
    values = {
        "title": found.title or kind.words,
        "portal_request": found,
        "lines": lines,
        "content": build_content(found),
        "in_chart": _build_chart_url(found) if found.status == "accepted" else "",
    }
    return render_page(request, "portal/request.html", values)


def _build_chart_url(found: PortalRequest) -> str:
    view = REQUEST_TYPES[found.request_type].chart
    return reverse(view) if view == INBOX_VIEW else reverse(view, args=[found.patient_id])


@page("Manage Patients", methods=("POST",))
def accept_request(request: Request, row: int) -> HttpResponseBase:
    """Accept the request into the chart. Raises NotFound, Forbidden."""
    return _settle(request, _find_request(request, row), accepted=True)


@page("Manage Patients", methods=("GET", "POST"))
def dismiss_request(request: Request, row: int) -> HttpResponseBase:
    """Ask for confirmation, then dismiss the request. Raises NotFound, Forbidden."""
    found = _find_request(request, row)
    if request.method == "POST":
        return _settle(request, found, accepted=False)
    values = {
        "title": "Dismiss this request?",
        "text": "It doesn't go into the chart. It stays in the queue as dismissed.",
        "button": "Dismiss",
        "danger": True,
        "back": reverse("portal-request", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


def _settle(request: Request, found: PortalRequest, *, accepted: bool) -> HttpResponseBase:
    records.require_write(records.get_resource(REQUEST_TYPES[found.request_type].becomes), request.actor)
    try:
        settle(found, request.actor.required_user, accept=accepted)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        return redirect("portal-request", found.pk)
    messages.success(request, "The request was accepted." if accepted else "The request was dismissed.")
    return redirect("portal-requests")
