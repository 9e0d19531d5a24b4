"""Middleware of pages: body size, tenant, Content-Security-Policy. API requests bypass it; see ``bearer_tokens``."""

import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from charthouse import logs
from charthouse.identity import audit_events, client_ip, tenancy
from charthouse.identity.content_security_policy import set_content_security_policy

MAX_BODY_BYTES = 64 * 1024 * 1024
Handler = Callable[[HttpRequest], HttpResponse]


def limit_body_size(get_response: Handler) -> Handler:
    """Refuse a larger body than any page accepts, unread. The APIs have limits of their own."""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            most = MAX_BODY_BYTES // (1024 * 1024)
            return HttpResponse(f"At most {most} MB can be sent.", status=413, content_type="text/plain")
        return get_response(request)

    return handle


def reset_tenant(get_response: Handler) -> Handler:
    """Clear tenant and client IP at the start and the end of every request, and give it an id for the log."""

    def handle(request: HttpRequest) -> HttpResponse:
        tenancy.clear_tenant()
        logs.set_request_id(os.urandom(16).hex())
        audit_events.set_client_ip(client_ip.get_request_ip(request))
        try:
            return get_response(request)
        finally:
            audit_events.set_client_ip("")
            tenancy.clear_tenant()

    return handle


def establish_tenant(get_response: Handler) -> Handler:
    """Set the practice of the signed-in user as tenant. Operators, who have none, see no records."""

    def handle(request: HttpRequest) -> HttpResponse:
        practice: int | None = getattr(request.user, "practice_id", None)
        if practice is not None:
            # Reads get no id: it would cost each an update of the session variables.
            number = "" if request.method in ("GET", "HEAD") else logs.get_request_id()
            tenancy.set_tenant(practice, user_id=request.user.pk, request_id=number)
        return get_response(request)

    return handle


def add_content_security_policy(get_response: Handler) -> Handler:
    """Set the default Content-Security-Policy, unless the view has set another."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Content-Security-Policy"):
            set_content_security_policy(response)
        return response

    return handle
