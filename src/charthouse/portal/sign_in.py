"""Signing in to the portal and out, and the way back in for who has forgotten the password.
docs/decisions/0260-the-portals-log-ins.md"""

from hashlib import sha256
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from charthouse import clock
from charthouse.domains.patients import portal_access, portal_credentials
from charthouse.domains.patients.models import PortalAccess
from charthouse.engine.errors import Invalid
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.lockout import render_locked_out
from charthouse.identity.models import Practice
from charthouse.portal import sessions
from charthouse.portal.forms import NAME_MOST, PASSWORD_MOST

SIGN_IN = "charthouse/portal/sign_in.html"
FORGOTTEN = "charthouse/portal/forgotten.html"
WRONG = "The username and the password do not go together. Both are needed, and the password as you chose it."


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """By name and password; who has both the same in several practices of this server says which one."""
    back = request.POST.get("next") or request.GET.get("next") or ""
    if request.method != "POST":
        if sessions.guest(request) is not None:
            return redirect("portal-home")
        return render(request, SIGN_IN, {"next": back})
    name, password = request.POST.get("username", ""), request.POST.get("password", "")
    attempt = {"username": counted(name)}
    if not AxesProxyHandler.is_allowed(request, attempt):
        return render_locked_out(request)
    fits = len(name) <= NAME_MOST and len(password) <= PASSWORD_MOST
    found = portal_credentials.authenticate_anywhere(name, password, _only(request)) if fits else []
    if not found:
        if name.strip():
            _failed(request, attempt, name if fits else "")
        return render(request, SIGN_IN, {"next": back, "wrong": WRONG, "username": name}, status=400)
    chosen = [row for row in found if str(row.practice_id) == request.POST.get("practice")] or found
    if len(chosen) > 1:
        return render(request, SIGN_IN, {"next": back, "username": name, "practices": _practices(chosen)})
    AxesProxyHandler.reset_attempts(username=attempt["username"], ip_address=request.axes_ip_address)  # type: ignore[attr-defined]
    tenancy.set_tenant(chosen[0].practice_id)
    sessions.begin(request, chosen[0])
    return redirect(_safe(request, back))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    sessions.end(request)
    messages.success(request, "You are signed out.")
    return redirect("portal-sign-in")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link to a new password. The answer doesn't say whether there is such an account."""
    given = request.POST.get("username", "")[:NAME_MOST]
    if request.method != "POST" or not given.strip():
        return render(request, FORGOTTEN)
    for practice in portal_credentials.find_practices(given, _only(request)):
        with tenancy.within(practice):
            _send_link(practice, portal_credentials.normalize_username(given))
    return render(request, FORGOTTEN, {"asked": True})


def _send_link(practice: int, username: str) -> None:
    """Unless one was sent a moment ago, or there is no address any more."""
    with transaction.atomic():
        row = portal_credentials.find_active_access(practice, username, lock=True)
        if row is None or (row.link_sent_at and row.link_sent_at > clock.now() - portal_access.LINK_SPACING):
            return
        try:
            portal_access.send_password_link(row, row.patient)
        except Invalid:
            return


def _failed(request: HttpRequest, attempt: dict[str, str], name: str) -> None:
    known: list[dict[str, Any]] = []
    for practice in portal_credentials.find_practices(name):
        with tenancy.within(practice):
            if row := portal_credentials.find_active_access(
                practice, portal_credentials.normalize_username(name)
            ):
                known.append({"practice_id": practice, "patient_id": row.patient_id})
    for whose in known or [{}]:
        emit_audit_event("portal sign-in failed", **whose)
    AxesProxyHandler.user_login_failed(sender=sessions.COOKIE, credentials=attempt, request=request)


def counted(name: str) -> str:
    """What failed attempts are counted by. Not the name itself, which is an e-mail address more often than not; and
    never the name of somebody of the practice."""
    return sha256(
        f"portal {portal_credentials.normalize_username(name)}".encode("utf-8", "surrogatepass")
    ).hexdigest()


def _practices(rows: list[PortalAccess]) -> list[tuple[int, str]]:
    names = Practice.objects.filter(pk__in=[row.practice_id for row in rows])
    return list(names.order_by("name").values_list("pk", "name"))


def _only(request: HttpRequest) -> int | None:
    """The practice whose own host was asked for."""
    practice: int | None = settings.PRACTICE_HOSTS.get(split_domain_port(request.get_host())[0])
    return practice


def _safe(request: HttpRequest, address: str) -> str:
    """An address of the portal, or its first page."""
    own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if own and address.startswith(f"{sessions.PATH}/") else sessions.PATH
