"""What every page may load, and the answer to somebody who has failed to sign in too often."""

from typing import Any

from django.conf import settings as configuration
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render


def content_policy(response: HttpResponseBase, form_action: str = "") -> None:
    """Let the browser load nothing from elsewhere. ``form_action`` is one more place that forms may lead to."""
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {form_action}".rstrip()
    )


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer to somebody who has failed to sign in too often; the same whether the name exists or not."""
    minutes = int(configuration.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "charthouse/locked_out.html", {"minutes": minutes}, status=429)
