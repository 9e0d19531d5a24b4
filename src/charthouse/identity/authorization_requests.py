"""Authorization requests on their way through the pages of signing in.

Browsers apply the ``form-action`` of a page to the redirects that answer its form, too. Signing in may end in a
redirect to the app, with an error, so these pages must allow the app's origin, as the consent page does.
"""

from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponseBase

from charthouse.identity import sessions
from charthouse.identity.content_security_policy import set_content_security_policy
from charthouse.identity.models import Application


def allow_redirect_to_app(request: HttpRequest, response: HttpResponseBase, url: str) -> None:
    """Allow the form of a page to lead to the app, if ``url``, which comes after it, is an authorization request of one
    with a registered redirect URI."""
    if redirect_uri := _find_redirect_uri(request, url):
        set_content_security_policy(response, form_action=get_form_action(redirect_uri))


def get_form_action(uri: str) -> str:
    """Return the CSP source that allows a form to be answered by a redirect to ``uri``."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _find_redirect_uri(request: HttpRequest, url: str) -> str | None:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path == sessions.RESUME_PATH:
        waiting = sessions.find_waiting_url(request, query.get("page", ""))
        return _find_redirect_uri(request, waiting) if waiting else None
    client_id = query.get("client_id", "")
    if parts.path not in sessions.AUTHORIZE_PATHS or "\0" in client_id:
        return None
    app = Application.objects.filter(client_id=client_id, disabled=None).first()
    if app is None:
        return None
    uri: str = query.get("redirect_uri") or app.redirect_uris
    return uri if app.redirect_uri_allowed(uri) else None
