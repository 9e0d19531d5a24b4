"""The response after too many failed sign-in attempts."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """Render the 429 response after too many failed attempts, which is the same whether the username exists or not.

    The signature is the one that django-axes calls (``AXES_LOCKOUT_CALLABLE``).
    """
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "charthouse/locked_out.html", {"minutes": minutes}, status=429)
