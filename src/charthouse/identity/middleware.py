"""Which practice a page request belongs to. (API requests don't pass here: their token says it, see ``bearer``.)"""

import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from charthouse.identity import audit_events, client_ip, tenancy
from charthouse.identity.content_security_policy import set_content_security_policy as set_content_policy

MAX_BODY_BYTES = 64 * 1024 * 1024  # bytes of a body
Handler = Callable[[HttpRequest], HttpResponse]


def limit_body_size(get_response: Handler) -> Handler:
    """A body of more than any page takes is refused unread. (The APIs have bounds of their own.)"""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            most = MAX_BODY_BYTES // (1024 * 1024)
            return HttpResponse(f"At most {most} MB can be sent.", status=413, content_type="text/plain")
        return get_response(request)

    return handle


def reset_tenant(get_response: Handler) -> Handler:
    """No practice at the start of every request, whatever this thread did before."""

    def handle(request: HttpRequest) -> HttpResponse:
        tenancy.leave()
        audit_events.set_client_ip(client_ip.get_request_ip(request))
        try:
            return get_response(request)
        finally:
            audit_events.set_client_ip("")
            tenancy.leave()

    return handle


def establish_tenant(get_response: Handler) -> Handler:
    """The practice of the person who is signed in. Operators, who have none, see no record."""

    def handle(request: HttpRequest) -> HttpResponse:
        practice: int | None = getattr(request.user, "practice_id", None)
        if practice is not None:
            # Reads get no number: with one, each would have to tell the database.
            number = "" if request.method in ("GET", "HEAD") else os.urandom(16).hex()
            tenancy.enter(practice, user=request.user.pk, request=number)
        return get_response(request)

    return handle


def add_content_security_policy(get_response: Handler) -> Handler:
    """Every page says what it may load. A view that needs another policy sets its own."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Content-Security-Policy"):
            set_content_policy(response)
        return response

    return handle
