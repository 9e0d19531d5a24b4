"""The request log of the practice's apps and API users. It has no credentials, and bodies only while capture is on.

In a sandbox it also has the calls of callers whom nobody knows.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse import clock
from charthouse.audit import captured_bodies, page_log, subjects
from charthouse.audit.models import ApiCall
from charthouse.console.developer.apps import PERMISSION, select_apps_of_practice
from charthouse.console.kit.formats import format_utc
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.engine.errors import NotFound
from charthouse.gateway.declared_calls import find_declaration, list_scopes
from charthouse.identity import loaded_rows
from charthouse.identity.models import PERMISSIONS, AccessToken, ApiUser, User

GATE_LABELS = {
    "request": "The request could not be read",
    "validation": "Wrong values",
    "token": "Invalid token",
    "secret": "A wrong secret",
    "revoked": "A token that was revoked",
    "expired": "A token that has expired",
    "inactive": "A user who is deactivated",
    "disabled": "An API user who is deactivated",
    "address": "An address the API user may not call from",
    "endpoint": "An endpoint the API user may not use",
    "read_only": "An API user who may only read",
    "rate": "Calls too fast after each other",
    "scope": "A scope that the token lacks",
    "right": "A right that the app lacks",
    "permission": "A permission that the user lacks",
    "plan": "The practice's plan",
    "quota": "The hourly quota",
    "not found": "No such row or path",
    "method": "No such method there",
    "conflict": "A rule of the record",
    "database": "The database",
    "fault": "Server error",
}
MAX_AGE = timedelta(days=7)  # bounds every filter's scan
STATUS_COLORS = {2: "green", 3: "blue", 4: "orange", 5: "red"}


_ABOUT = (
    "API calls made on behalf of users of your practice and by its API users, in the past week. Values in queries "
    "that may identify a patient are left out."
)
_ABOUT_UNKNOWN = " In a sandbox, calls by unknown callers are shown too."


def build_status_badge(call: ApiCall) -> Badge:
    return Badge(str(call.status), STATUS_COLORS.get(call.status // 100, "secondary"))


def format_request(call: ApiCall) -> str:
    """Format method, path and query of a call."""
    return f"{call.method} {call.path}{'?' if call.query else ''}{call.query}"


def _filter_by_status(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    if not value:
        return rows
    first = int(value)
    return rows.filter(status__gte=first, status__lt=first + 100)


def _build_table(apps: dict[int, str], users: dict[int, str]) -> Table:
    """Build the table. ``apps``: names by id, for the filter too; ``users``: those of API users."""
    return Table(
        name="requests",
        label="Requests",
        columns=(
            Column(
                "When (UTC)",
                lambda row: format_utc(row.at),
                sort="at",
                link=lambda row: reverse("request", args=[row.pk]),
            ),
            Column("Request", format_request),
            Column("Status", build_status_badge),
            Column("Refused by", lambda row: GATE_LABELS.get(row.gate, row.gate), kind="wide"),
            Column("ms", lambda row: f"{row.microseconds / 1000:.1f}", kind="number"),
            Column("Caller", lambda row: _name_caller(row, apps, users), kind="wide"),
        ),
        filters=_build_filters(apps, users),
        order="-at",
        size=50,
        empty="No calls yet. Calls appear within a second.",
    )


def _build_filters(apps: dict[int, str], users: dict[int, str]) -> tuple[TableFilter, ...]:
    return (
        TableFilter(
            name="app",
            label="App",
            options=(("", "All apps"), *((str(pk), name) for pk, name in apps.items())),
            apply=lambda rows, value: rows.filter(app_id=int(value)) if value else rows,
        ),
        TableFilter(
            name="api_user",
            label="API user",
            options=(("", "Every API user"), *((str(pk), name) for pk, name in users.items())),
            apply=lambda rows, value: rows.filter(api_user_id=int(value)) if value else rows,
        ),
        TableFilter(
            name="gate",
            label="Refused by",
            options=(("", "Refused or not"), *GATE_LABELS.items()),
            apply=lambda rows, value: rows.filter(gate=value) if value else rows,
        ),
        TableFilter(
            name="status",
            label="Status",
            options=(("", "All statuses"), *((f"{n}00", f"{n}xx") for n in (2, 3, 4, 5))),
            apply=_filter_by_status,
        ),
        TableFilter(
            name="method",
            label="Method",
            options=(("", "All methods"), *((m, m) for m in ("GET", "POST", "PUT", "PATCH", "DELETE"))),
            apply=lambda rows, value: rows.filter(method=value) if value else rows,
        ),
    )


@page(PERMISSION)
def show_list(request: Request) -> HttpResponseBase:
    """List calls in the name of the practice's users, latest first, of the last week."""
    values = {
        "title": "Requests",
        "about": _ABOUT + (_ABOUT_UNKNOWN if settings.SANDBOX else ""),
        "table": _build_table(_list_apps(request), _list_api_users(request)).build_page(
            request, _select_calls(request)
        ),
    }
    return render_page(request, "kit/list.html", values)


@page(PERMISSION)
def show_call(request: Request, row: int) -> HttpResponseBase:
    """Show a call; its captured bodies only to its user or users with every permission. Raises NotFound."""
    call = _select_calls(request).filter(pk=row).first()
    if call is None:
        raise NotFound()
    user = User.objects.filter(pk=call.user_id or 0).first()
    lines = [
        ("When", f"{format_utc(call.at)} UTC"),
        ("Query", call.query),
        ("Status", build_status_badge(call)),
        ("Refused by", GATE_LABELS.get(call.gate, call.gate)),
        *_compare_rights(call),
        ("Duration", f"{call.microseconds / 1000:.1f} ms"),
        ("App", _list_apps(request).get(call.app_id, call.app_id)),
        ("API user", _list_api_users(request).get(call.api_user_id)),
        ("On behalf of", user),
        ("From", call.ip),
        ("X-Request-Id", call.request),
        ("API", call.dialect),
        ("Resource", call.resource),
        ("Patients in the answer", len(call.patients)),
    ]
    own = call.user_id == request.user.pk or set(PERMISSIONS) <= set(request.user.permissions)
    bodies = captured_bodies.get_bodies(call.request) if own else None
    if bodies is not None:
        loaded_rows.note(subjects.PATIENT_TABLE, call.patients)
    values = {
        "title": f"{call.method} {call.path}",
        "lines": lines,
        "back": reverse("requests"),
        "bodies": bodies,
    }
    return render_page(request, "developer/request_log_entry.html", values)


def _select_calls(request: Request) -> "QuerySet[Any]":
    calls = ApiCall.objects.exclude(dialect__in=page_log.DIALECTS).filter(at__gte=clock.now() - MAX_AGE)
    if (
        settings.SANDBOX
    ):  # calls of nobody are no practice's, so that row security hides them from the web role
        own_or_nobodys = Q(practice_id=request.actor.practice) | Q(practice_id=None)
        return calls.using("owner").filter(own_or_nobodys)
    return calls.filter(practice_id=request.actor.practice)


def _name_caller(call: ApiCall, apps: dict[int, str], users: dict[int, str]) -> str:
    if call.practice_id is None:
        return "unknown"
    return apps.get(call.app_id or 0) or users.get(call.api_user_id or 0, "")


def _compare_rights(call: ApiCall) -> list[tuple[str, str]]:
    """What a call needs and what its caller has, scopes, permissions and endpoint groups side by side: as they are
    today, since the log keeps neither."""
    declared = find_declaration(call.path, call.method)
    if declared is None:
        return []
    needed = list(declared.policy.list_permissions(declared.is_reading(call.method)))
    if call.dialect == "cerbo":
        api_user = ApiUser.objects.filter(pk=call.api_user_id or 0).first()
        groups = ", ".join(api_user.endpoints) or "all" if api_user else ""
        kind = "read only" if api_user and api_user.read_only else ""
        return [
            ("Needs the endpoint group", ", ".join(declared.policy.scopes) or "none"),
            ("The API user has", ", ".join(filter(None, (groups, kind)))),
        ]
    tokens = AccessToken.objects.filter(application=call.app_id, user=call.user_id).order_by("-pk")
    granted = (tokens.values_list("scope", flat=True).first() or "").split()
    user = User.objects.filter(pk=call.user_id or 0).first()
    scopes = list_scopes(declared, call.method)
    return [
        ("Needs the scopes", ", ".join(scopes) or "none"),
        ("Of these the app has", ", ".join(scope for scope in scopes if scope in granted) or "none"),
        ("Needs the permissions", ", ".join(needed) or "none"),
        (
            "Of these the user has",
            ", ".join(name for name in needed if user and name in user.permissions) or "none",
        ),
    ]


def _list_api_users(request: Request) -> dict[int, str]:
    rows = ApiUser.objects.filter(practice=request.actor.practice).order_by("nickname")
    return dict(rows.values_list("pk", "nickname")[:200])


def _list_apps(request: Request) -> dict[int, str]:
    return dict(
        select_apps_of_practice(request.actor.practice).order_by("name").values_list("pk", "name")[:200]
    )
