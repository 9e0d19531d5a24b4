"""The response after too many failed sign-in attempts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from charthouse.engine.errors import Throttled


def render_locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """Render the 429 response after too many failed attempts, which is the same whether the username exists or not.

    The signature is the one that django-axes calls (``AXES_LOCKOUT_CALLABLE``).
    """
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "charthouse/locked_out.html", {"minutes": minutes}, status=429)


def answer_throttled(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view that counts attempts (``attempt_limits``): Throttled is answered by the page of a lockout."""

    @wraps(view)
    def respond(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **values)
        except Throttled as refusal:
            response = render_locked_out(request)
            response["Retry-After"] = str(refusal.wait)
            response["Cache-Control"] = "no-store"
            return response

    return respond
