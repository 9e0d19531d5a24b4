"""What all portal pages share: authentication of the patient, the layout, and pages for refusals.

A page shows only rows of ``request.guest``.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charthouse.engine.errors import NotFound, RequestError
from charthouse.identity.audit_events import emit_audit_event
from charthouse.portal import display, sessions


class Request(HttpRequest):
    """A request of a page. ``guest``: who is signed in, and whose record they see; ``proxy``: the id of a person who
    sees another's. ``language``: of the page."""

    guest: sessions.SignedInPatient
    proxy: int | None
    language: str


View = Callable[..., HttpResponseBase]
# (name of the URL, label, icon) of the menu's entries.
MENU = (
    ("portal-home", gettext_lazy("Home"), "home"),
    ("portal-appointments", gettext_lazy("Appointments"), "calendar"),
    ("portal-messages", gettext_lazy("Messages"), "messages"),
    ("portal-questionnaires", gettext_lazy("Questionnaires"), "checklist"),
    ("portal-health", gettext_lazy("Health record"), "report-medical"),
    ("portal-bills", gettext_lazy("Bills"), "receipt"),
    ("portal-documents", gettext_lazy("Documents"), "files"),
    ("portal-images", gettext_lazy("Images"), "file-upload"),
)


OF_THE_PERSON = ("portal-record-of", "portal-account")  # pages that write nothing about the patient


def page(*methods: str) -> Callable[[View], View]:
    """Decorate a view of the portal. ``methods``: GET, with HEAD, by default.

    The view may raise a RequestError, which is rendered. Answers are not cached (``no-store``). Times are rendered in
    the patient's time zone, words in the language of the person who is signed in (see ``display``).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def respond(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            response = _answer(request, *args, **values)
            if not response.has_header("Cache-Control"):
                response["Cache-Control"] = "no-store"
            return response

        def _answer(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            try:
                guest = sessions.load_patient(request)
            except sessions.ProxyEnded:
                with translation.override(display.choose_language(request)):
                    messages.warning(request, _("You no longer have access to that record."))
                return redirect("portal-records")
            if guest is None:
                return _redirect_to_sign_in(request)
            request.guest = guest
            request.proxy = guest.proxy and guest.proxy.proxy_id  # for the request log
            if request.method not in (*(methods or ("GET",)), "HEAD"):
                return HttpResponseNotAllowed(methods or ("GET",))
            request.language = language = display.choose_language(
                request, guest.person
            )  # for pages of errors
            with translation.override(language), timezone.override(guest.zone):
                return _call_view(view, request, *args, **values)

        return respond

    return decorate


def _call_view(view: View, request: Request, *args: Any, **values: Any) -> HttpResponseBase:
    """Call a view, and render its refusal."""
    try:
        _record_write(request)
        return view(request, *args, **values)
    except RequestError as refusal:
        detail = _("This page doesn't exist.") if isinstance(refusal, NotFound) else refusal.detail
        return render_page(request, "refused.html", {"detail": detail}, refusal.status)


def _record_write(request: Request) -> None:
    """Record who acts, where a proxy is about to write: the rows themselves name no person of the portal."""
    guest = request.guest
    match = request.resolver_match
    if request.method != "POST" or guest.proxy is None or (match and match.url_name in OF_THE_PERSON):
        return
    emit_audit_event(
        "portal proxy wrote",
        practice_id=guest.practice.pk,
        patient_id=guest.patient.pk,
        details={"proxy": guest.person.pk, "page": (match and match.url_name) or ""},
    )


def render_page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a template of ``charthouse/portal/`` in the layout, with the menu."""
    menu = [
        {
            "address": reverse(name),
            "name": words,
            "icon": icon,
            "current": _is_current(request.path, reverse(name)),
        }
        for name, words, icon in MENU
    ]
    context = {"menu": menu, "guest": request.guest, **(values or {})}
    return render(request, f"charthouse/portal/{template}", context, status=status)


def _is_current(path: str, address: str) -> bool:
    return path == address or (address != sessions.PATH and path.startswith(f"{address}/"))


def _redirect_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    address = reverse("portal-sign-in")
    if request.method in ("GET", "HEAD") and request.path != sessions.PATH:
        address += "?" + urlencode({"next": request.get_full_path()})
    return redirect(address)
