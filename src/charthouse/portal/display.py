"""How pages are displayed: their language, and the size of their text. Both are kept in cookies of the browser.

The language is that of the switch on each page, else the preferred one of the person who is signed in, else that which
the browser asks for. docs/decisions/0414-portal-in-spanish.md
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_POST

from charthouse.domains.patients.languages import ENGLISH, SPANISH, get_language
from charthouse.domains.patients.models import Patient
from charthouse.identity import origin
from charthouse.portal.sessions import PATH

LANGUAGE_COOKIE, TEXT_COOKIE = "charthouse_portal_language", "charthouse_portal_text"
MAX_AGE = timedelta(days=365)
_CHOICES = {"language": (LANGUAGE_COOKIE, (ENGLISH, SPANISH)), "text": (TEXT_COOKIE, ("normal", "large"))}


def choose_language(request: HttpRequest, person: Patient | None = None) -> str:
    """Choose the language of a page. ``person``: who is signed in."""
    if (chosen := request.COOKIES.get(LANGUAGE_COOKIE)) in (ENGLISH, SPANISH):
        return chosen
    if person is not None:
        return get_language(person)
    asked = request.headers.get("Accept-Language", "").lower().lstrip()
    return SPANISH if asked.startswith(SPANISH) else ENGLISH


def localize(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view for people who are not signed in: it is rendered in their language."""

    @wraps(view)
    def localized(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        with translation.override(choose_language(request)):
            return view(request, *args, **values)

    return localized


@require_POST
def choose_display(request: HttpRequest) -> HttpResponse:
    """Set the language or the size of text, and go back to the page."""
    address = request.POST.get("next", "")
    local = origin.get_local_url(request, address, PATH)
    response = redirect(local if local == PATH or local.startswith(f"{PATH}/") else PATH)
    for name, (cookie, choices) in _CHOICES.items():
        if (chosen := request.POST.get(name)) in choices:
            response.set_cookie(
                cookie, chosen, max_age=MAX_AGE, path=PATH, secure=settings.TLS, httponly=True, samesite="Lax"
            )
    return response
