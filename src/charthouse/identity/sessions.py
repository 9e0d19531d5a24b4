"""Session lifetime: at most twelve hours, and no longer idle than the practice allows.

Sessions use the system clock, so that moving the clock of a sandbox signs nobody out.
"""

import secrets
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
LAST_SEEN_INTERVAL = 60  # seconds between two writes of the time last seen
WAITING_KEY, RESUME_PATH = "waiting", "/sign-in/resume"
MAX_NEXT_LENGTH = 1500  # characters of a URL that is passed on as a parameter
MAX_WAITING = 5  # longer ones of a session
AFTER_SETUP_KEY = "after_setup"  # the URL that was asked for before a second factor had to be set up
AUTHORIZE_PATHS = ("/o/authorize", "/o/authorize/")
# Paths that stay open to a user who still has to set up a second factor.
EXEMPT_PATHS = ("/account/second-factor", "/sign-out", "/sign-in")


def get_unix_time() -> int:
    """Return the current Unix time in whole seconds, by the system clock."""
    return int(time.time())


def start_session(request: HttpRequest, *, verified: bool) -> None:
    """Set expiry and state of a new session. ``verified``: a second factor has been verified."""
    request.session.set_expiry(timezone.now() + MAX_AGE)
    request.session[LAST_SEEN_KEY] = get_unix_time()
    request.session[VERIFIED_KEY] = verified


def mark_verified(request: HttpRequest) -> None:
    """Mark an existing session as verified by a second factor."""
    request.session.cycle_key()
    request.session[VERIFIED_KEY] = True


def enforce_session_rules(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: end idle sessions, and require a second factor where the practice does."""

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
            if request.path in AUTHORIZE_PATHS:
                request.session[AFTER_SETUP_KEY] = request.get_full_path()
            return _redirect_whole_page(request, redirect("second-factor"))
        return get_response(request)

    return handle


def redirect_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Redirect to the sign-in page and from there back. For an htmx request, back to the page that shows the
    fragment.
    """
    if request.headers.get("HX-Request") == "true":
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = f"{shown.path}?{shown.query}" if shown.query else shown.path
    else:
        again = request.method in ("GET", "HEAD") or request.path in AUTHORIZE_PATHS
        path = request.get_full_path() if again else "/"
    return _redirect_whole_page(request, redirect_to_login(_shorten(request, path or "/")))


def find_waiting_url(request: HttpRequest, key: str) -> str | None:
    """Return the URL that was stored in the session under a key, because it was long."""
    waiting: dict[str, str] = request.session.get(WAITING_KEY, {})
    return waiting.get(key)


def _shorten(request: HttpRequest, url: str) -> str:
    """Return a URL that leads to a long one, which is stored in the session: as a parameter of the sign-in page it
    would be encoded twice, and exceed what proxies accept."""
    if len(url) <= MAX_NEXT_LENGTH:
        return url
    key = secrets.token_urlsafe(8)
    waiting = {**request.session.get(WAITING_KEY, {}), key: url}
    request.session[WAITING_KEY] = dict(list(waiting.items())[-MAX_WAITING:])
    return f"{RESUME_PATH}?page={key}"


def _redirect_whole_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Turn a redirect into one of the whole page if htmx requested a fragment."""
    if request.headers.get("HX-Request") != "true":
        return response
    return HttpResponse(status=401, headers={"HX-Redirect": response["Location"]})
