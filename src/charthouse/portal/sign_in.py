"""Signing in to the portal, signing out, and requesting a link to set a new password.

docs/decisions/0260-the-portals-log-ins.md
"""

from hashlib import sha256
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from charthouse.domains.patients import portal_credentials, tasks
from charthouse.domains.patients.models import PortalAccess
from charthouse.identity import attempt_limits, origin, tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.lockout import answer_throttled, render_locked_out
from charthouse.identity.models import Practice
from charthouse.identity.sealed_secrets import seal
from charthouse.portal import sessions
from charthouse.portal.display import localize
from charthouse.portal.forms import MAX_PASSWORD_LENGTH, MAX_USERNAME_LENGTH

SIGN_IN_TEMPLATE = "charthouse/portal/sign_in.html"
FORGOTTEN_TEMPLATE = "charthouse/portal/password_link.html"
WRONG_CREDENTIALS = gettext_noop("The username or the password is incorrect.")


@never_cache
@localize
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@answer_throttled
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in by username and password.

    A patient whose credentials are the same in several practices of this server chooses one.
    """
    back = request.POST.get("next") or request.GET.get("next") or ""
    if request.method != "POST":
        if sessions.load_patient(request) is not None:
            return redirect("portal-home")
        return render(request, SIGN_IN_TEMPLATE, {"next": back})
    name, password = request.POST.get("username", ""), request.POST.get("password", "")
    attempt = {"username": hash_username(name)}
    if not AxesProxyHandler.is_allowed(request, attempt):
        return render_locked_out(request)
    found = _authenticate(request, attempt, name, password)
    if not found:
        return render(
            request,
            SIGN_IN_TEMPLATE,
            {"next": back, "wrong": _(WRONG_CREDENTIALS), "username": name},
            status=400,
        )
    chosen = [row for row in found if str(row.practice_id) == request.POST.get("practice")] or found
    if len(chosen) > 1:
        return render(
            request, SIGN_IN_TEMPLATE, {"next": back, "username": name, "practices": _list_practices(chosen)}
        )
    AxesProxyHandler.reset_attempts(username=attempt["username"], ip_address=request.axes_ip_address)  # type: ignore[attr-defined]
    tenancy.set_tenant(chosen[0].practice_id)
    sessions.start_session(request, chosen[0])
    return redirect(_resolve_next(request, back))


@require_POST
@localize
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Sign out."""
    sessions.end_session(request)
    messages.success(request, _("You are signed out."))
    return redirect("portal-sign-in")


@never_cache
@localize
@require_http_methods(["GET", "HEAD", "POST"])
@answer_throttled
def request_password_link(request: HttpRequest) -> HttpResponse:
    """Request a link to set a new password. Neither the answer nor the time it takes reveals whether the account
    exists: the name goes to the worker either way, encrypted."""
    given = request.POST.get("username", "")[:MAX_USERNAME_LENGTH]
    if request.method != "POST" or not given.strip():
        return render(request, FORGOTTEN_TEMPLATE)
    attempt_limits.begin_attempt(request)
    tasks.send_portal_links.defer(sealed=seal(given), only=origin.get_host_practice(request.META))
    return render(request, FORGOTTEN_TEMPLATE, {"is_requested": True})


def _authenticate(
    request: HttpRequest, attempt: dict[str, str], name: str, password: str
) -> list[PortalAccess]:
    """List the access that name and password open, and count and record a failure. Raises Throttled."""
    counted = attempt_limits.begin_attempt(request, attempt["username"])
    fits = len(name) <= MAX_USERNAME_LENGTH and len(password) <= MAX_PASSWORD_LENGTH
    only = origin.get_host_practice(request.META)
    found = portal_credentials.authenticate_anywhere(name, password, only) if fits else []
    if found:
        counted.forgive()
    elif name.strip():
        _record_failure(request, attempt, name if fits else "")
    return found


def _record_failure(request: HttpRequest, attempt: dict[str, str], name: str) -> None:
    """Record the failure with the patients whose name it is; with as many statements where it is nobody's."""
    known: list[dict[str, Any]] = []
    normalized = portal_credentials.normalize_username(name)
    for practice in portal_credentials.find_practices(name) or [portal_credentials.NO_PRACTICE]:
        with tenancy.within(practice):
            if row := portal_credentials.find_active_access(practice, normalized):
                known.append({"practice_id": practice, "patient_id": row.patient_id})
    for whose in known or [{}]:
        emit_audit_event("portal sign-in failed", **whose)
    AxesProxyHandler.user_login_failed(sender=sessions.COOKIE, credentials=attempt, request=request)


def hash_username(name: str) -> str:
    """Hash a username for counting failed attempts.

    Usernames are mostly e-mail addresses and are not stored. The prefix keeps patients' names apart from users'.
    """
    return sha256(
        f"portal {portal_credentials.normalize_username(name)}".encode("utf-8", "surrogatepass")
    ).hexdigest()


def _list_practices(rows: list[PortalAccess]) -> list[tuple[int, str]]:
    names = Practice.objects.filter(pk__in=[row.practice_id for row in rows])
    return list(names.order_by("name").values_list("pk", "name"))


def _resolve_next(request: HttpRequest, address: str) -> str:
    """Return the address if it is one of the portal, else the portal's first page."""
    local = origin.get_local_url(request, address, sessions.PATH)
    return local if local.startswith(f"{sessions.PATH}/") else sessions.PATH
