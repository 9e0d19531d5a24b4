"""The Content-Security-Policy header of pages."""

from django.http import HttpResponseBase


def set_content_security_policy(response: HttpResponseBase, form_action: str = "") -> None:
    """Set a policy that allows only resources of this origin. ``form_action`` is one further allowed form target."""
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {form_action}".rstrip()
    )


def allow_frames(response: HttpResponseBase, *origins: str) -> None:
    """Allow the page to show frames of these origins. ``'self'``: PDFs, as no other answer of ours can be framed."""
    set_content_security_policy(response)
    response["Content-Security-Policy"] += f"; frame-src {' '.join(origins)}"
