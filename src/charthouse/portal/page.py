"""What every page of the portal has in common: a patient is signed in, the shell is drawn around it, and a refusal is a
page too. A page asks ``request.guest`` whose rows it may show, and nobody else."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from charthouse.engine.errors import NotFound, RequestError
from charthouse.portal import sessions


class Request(HttpRequest):
    """A request of a page: ``guest`` is the patient who is signed in."""

    guest: sessions.Guest


View = Callable[..., HttpResponseBase]
# The name of a page's address, what its line of the menu says, and the icon.
MENU = (
    ("portal-home", "Home", "home"),
    ("portal-appointments", "Appointments", "calendar"),
    ("portal-messages", "Messages", "messages"),
    ("portal-questionnaires", "Questionnaires", "checklist"),
    ("portal-documents", "Documents", "files"),
    ("portal-images", "Images", "file-upload"),
)


def page(*methods: str) -> Callable[[View], View]:
    """A view of the portal; GET, with HEAD, where no method is said. The view may raise a Refusal; nothing of the
    answer is kept by browsers."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            response = _answer(request, *args, **values)
            if not response.has_header("Cache-Control"):
                response["Cache-Control"] = "no-store"
            return response

        def _answer(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            guest = sessions.guest(request)
            if guest is None:
                return _to_sign_in(request)
            request.guest = guest
            if request.method not in (*(methods or ("GET",)), "HEAD"):
                return HttpResponseNotAllowed(methods or ("GET",))
            try:
                with timezone.override(guest.zone):
                    return view(request, *args, **values)
            except RequestError as refusal:
                detail = (
                    "There is nothing at this address." if isinstance(refusal, NotFound) else refusal.detail
                )
                return show(request, "refused.html", {"detail": detail}, refusal.status)

        return answered

    return decorate


def show(
    request: Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The template within the shell. Templates lie in ``charthouse/portal/``."""
    menu = [
        {
            "address": reverse(name),
            "name": words,
            "icon": icon,
            "current": _current(request.path, reverse(name)),
        }
        for name, words, icon in MENU
    ]
    drawn = {"menu": menu, "guest": request.guest, **(values or {})}
    return render(request, f"charthouse/portal/{template}", drawn, status=status)


def _current(path: str, address: str) -> bool:
    return path == address or (address != sessions.PATH and path.startswith(f"{address}/"))


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    address = reverse("portal-sign-in")
    if request.method in ("GET", "HEAD") and request.path != sessions.PATH:
        address += "?" + urlencode({"next": request.get_full_path()})
    return redirect(address)
