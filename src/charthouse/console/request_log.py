"""The request log of the practice's apps: what they asked, how it went, what refused it. No credentials;
bodies only where somebody asked for them, and then for those who may see them."""

from datetime import UTC, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse import clock
from charthouse.audit import captured_bodies
from charthouse.audit.models import ApiCall
from charthouse.console.applications import DEVELOPERS, of_practice
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Choice, Column, Table
from charthouse.engine.errors import NotFound
from charthouse.identity.models import PERMISSIONS, User

GATES = {
    "request": "The request could not be read",
    "validation": "Wrong values",
    "token": "No good token",
    "scope": "A scope that the token lacks",
    "right": "A right that the app lacks",
    "permission": "A permission that the user lacks",
    "plan": "The practice's plan",
    "quota": "The hourly quota",
    "not found": "No such row or path",
    "method": "No such method there",
    "conflict": "A rule of the record",
    "database": "The database",
    "fault": "A fault of ours",
}
SHOWN = timedelta(days=7)  # so that no choice of rows looks through years of calls
COLOURS = {2: "green", 3: "blue", 4: "orange", 5: "red"}


def status(call: ApiCall) -> Badge:
    return Badge(str(call.status), COLOURS.get(call.status // 100, "secondary"))


def _when(call: ApiCall) -> str:
    """To the second, for what is being debugged."""
    return f"{call.at.astimezone(UTC):%b %d, %H:%M:%S} UTC"


def _statuses(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    if not value:
        return rows
    first = int(value)
    return rows.filter(status__gte=first, status__lt=first + 100)


def _table(apps: dict[int, str]) -> Table:
    """``apps``: names by id, of those that can be chosen."""
    return Table(
        name="requests",
        label="Requests",
        columns=(
            Column("When", _when, sort="at", link=lambda row: reverse("request", args=[row.pk])),
            Column("Request", lambda row: f"{row.method} {row.path}"),
            Column("Status", status),
            Column("Refused by", lambda row: GATES.get(row.gate, row.gate), kind="wide"),
            Column("ms", lambda row: f"{row.microseconds / 1000:.1f}", kind="number"),
            Column("App", lambda row: apps.get(row.app_id, row.app_id), kind="wide"),
        ),
        choices=(
            Choice(
                name="app",
                label="App",
                options=(("", "Every app"), *((str(pk), name) for pk, name in apps.items())),
                narrow=lambda rows, value: rows.filter(app_id=int(value)) if value else rows,
            ),
            Choice(
                name="status",
                label="Status",
                options=(("", "Every status"), *((f"{n}00", f"{n}xx") for n in (2, 3, 4, 5))),
                narrow=_statuses,
            ),
            Choice(
                name="method",
                label="Method",
                options=(("", "Every method"), *((m, m) for m in ("GET", "POST", "PUT", "PATCH", "DELETE"))),
                narrow=lambda rows, value: rows.filter(method=value) if value else rows,
            ),
        ),
        order="-at",
        size=50,
        empty="No call yet. An app's calls are here within a second.",
    )


@page(DEVELOPERS)
def listing(request: Request) -> HttpResponseBase:
    """Calls in the name of the practice's people, latest first."""
    values = {
        "title": "Requests",
        "about": "Calls of the API in the name of people of your practice, of the last week.",
        "table": _table(_apps(request)).of(request, _calls(request)),
    }
    return show(request, "list.html", values)


@page(DEVELOPERS)
def one(request: Request, row: int) -> HttpResponseBase:
    call = _calls(request).filter(pk=row).first()
    if call is None:
        raise NotFound()
    user = User.objects.filter(pk=call.user_id or 0).first()
    lines = [
        ("When", call.at),
        ("Status", status(call)),
        ("Refused by", GATES.get(call.gate, call.gate)),
        ("Duration", f"{call.microseconds / 1000:.1f} ms"),
        ("App", _apps(request).get(call.app_id, call.app_id)),
        ("In the name of", user),
        ("From", call.ip),
        ("X-Request-Id", call.request),
        ("API", call.dialect),
        ("Resource", call.resource),
        ("Patients in the answer", len(call.patients)),
    ]
    own = call.user_id == request.user.pk or set(PERMISSIONS) <= set(request.user.permissions)
    kept = captured_bodies.get_bodies(call.request) if own else None
    values = {
        "title": f"{call.method} {call.path}",
        "lines": lines,
        "back": reverse("requests"),
        "kept": kept,
    }
    return show(request, "request.html", values)


def _calls(request: Request) -> "QuerySet[Any]":
    return ApiCall.objects.filter(practice_id=request.actor.practice, at__gte=clock.now() - SHOWN)


def _apps(request: Request) -> dict[int, str]:
    return dict(of_practice(request.actor.practice).order_by("name").values_list("pk", "name")[:200])
