"""Pages of errors that no view handles, for the whole server: below the portal in the language of its readers."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views import csrf, defaults

from charthouse.identity import faults
from charthouse.identity.content_security_policy import set_content_security_policy
from charthouse.portal import display, sessions
from charthouse.portal.sessions import PATH, is_portal_path

TEMPLATE = "charthouse/portal/error.html"


def render_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler404``."""
    if not is_portal_path(request):
        return defaults.page_not_found(request, exception)
    return _render(request, 404)


def render_not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler403``."""
    if not is_portal_path(request):
        return defaults.permission_denied(request, exception)
    return _render(request, 403)


def render_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``: a form that was open for too long, or sent from elsewhere."""
    if not is_portal_path(request):
        return csrf.csrf_failure(request, reason)
    return _render(request, 403, {"is_old_form": True})


def render_unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``."""
    if not is_portal_path(request):
        return faults.render_unreadable(request, exception)
    return faults.render_unreadable(request, exception, _make_renderer(request))


def render_fault(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``. Its pages need no database."""
    if not is_portal_path(request):
        return faults.render_fault(request)
    return faults.render_fault(request, _make_renderer(request))


def _make_renderer(request: HttpRequest) -> Callable[[int, str], str]:
    # The language is that of the page, if it got so far.
    language = getattr(request, "language", None) or display.choose_language(request)
    return lambda status, _: _render_text(request, language, status)


def _render(request: HttpRequest, status: int, values: Mapping[str, Any] | None = None) -> HttpResponse:
    try:
        guest = sessions.load_patient(request)
    except sessions.ProxyEnded:
        guest = None
    language = display.choose_language(request, guest.person if guest else None)
    response = HttpResponse(_render_text(request, language, status, values), status=status)
    set_content_security_policy(response)
    return response


def _render_text(
    request: HttpRequest, language: str, status: int, values: Mapping[str, Any] | None = None
) -> str:
    is_large = request.COOKIES.get(display.TEXT_COOKIE) == "large"
    with translation.override(language):
        return render_to_string(
            TEMPLATE, {"status": status, "is_large": is_large, "home": PATH, **(values or {})}
        )
