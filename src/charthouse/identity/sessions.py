"""How long somebody stays signed in: twelve hours at most, and not longer idle than their practice allows. Sessions go
by the system's clock, so that moving a sandbox's clock signs nobody out."""

import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from charthouse.identity.models import User

MAX_AGE = timedelta(hours=12)
LAST_SEEN_KEY, VERIFIED_KEY = "seen", "second_factor"
LAST_SEEN_INTERVAL = 60  # seconds: how seldom a session is written because somebody was seen
# What somebody who must set up a second factor may open before they have.
EXEMPT_PATHS = ("/account/second-factor", "/sign-out", "/sign-in")


def get_unix_time() -> int:
    """Now, in Unix seconds, by the system's clock."""
    return int(time.time())


def start_session(request: HttpRequest, *, verified: bool) -> None:
    """``verified``: a second factor was given."""
    request.session.set_expiry(timezone.now() + MAX_AGE)
    request.session[LAST_SEEN_KEY] = get_unix_time()
    request.session[VERIFIED_KEY] = verified


def mark_verified(request: HttpRequest) -> None:
    """A second factor has been given in a session that began without."""
    request.session.cycle_key()
    request.session[VERIFIED_KEY] = True


def enforce_session_rules(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: ends sessions that were idle too long, and asks for a second factor where the practice wants one."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or user.practice is None:
            return get_response(request)
        now, seen = get_unix_time(), request.session.get(LAST_SEEN_KEY, 0)
        if now - seen > user.practice.idle_minutes * 60:
            logout(request)
            messages.info(request, "You were signed out because you had not done anything for a while.")
            return redirect_to_sign_in(request)
        if now - seen >= LAST_SEEN_INTERVAL:
            request.session[LAST_SEEN_KEY] = now
        if (
            user.practice.require_second_factor
            and not request.session.get(VERIFIED_KEY)
            and not request.path.startswith(EXEMPT_PATHS)
        ):
            return _redirect_whole_page(request, redirect("second-factor"))
        return get_response(request)

    return handle


def redirect_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To sign in, and then back. A part of a page that was asked for sends the whole page."""
    if request.headers.get("HX-Request") == "true":
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = f"{shown.path}?{shown.query}" if shown.query else shown.path
    else:
        path = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return _redirect_whole_page(request, redirect_to_login(path or "/"))


def _redirect_whole_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if request.headers.get("HX-Request") != "true":
        return response
    return HttpResponse(status=401, headers={"HX-Redirect": response["Location"]})
