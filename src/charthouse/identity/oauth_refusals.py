"""Refused calls of the OAuth endpoints, in the audit: which app, and why.

The secret, code or token that was sent is not recorded.

Anybody may be refused as often as they like, so of an app and a reason the first ``MOST`` in 15 minutes are recorded,
and of all clients that are no app together as many.
"""

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from charthouse import clock
from charthouse.engine.errors import Throttled
from charthouse.identity import attempt_limits, token_pairs
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Application, Grant, RefreshToken, User

MOST = 10  # entries in attempt_limits.WINDOW
GRANT_TYPES = ("authorization_code", "refresh_token")
TOO_MANY_CALLS = "too many calls"


@sensitive_variables()
def record_refusal(endpoint: str, parameters: Mapping[str, str], authorization: str, error: str) -> None:
    """Record that a call was refused. ``endpoint``: "token" or "revoke_token"; ``parameters``: of the call;
    ``authorization``: its header or ""; ``error``: the code of the answer."""
    app = _find_app(parameters.get("client_id") or _read_basic_name(authorization))
    reason = f"{endpoint} {error} {app.pk if app else ''}"
    with transaction.atomic():
        if _may_record(reason):
            person = _find_person(parameters, app) or (app and app.user)
            emit_audit_event(
                "token refused",
                app_id=app and app.pk,
                practice_id=person and person.practice_id,
                user_id=person and person.pk,
                details=_describe(endpoint, parameters, error),
            )


def _may_record(reason: str) -> bool:
    key = attempt_limits.make_key(f"refusal recorded {reason}")
    start = attempt_limits.find_window(clock.now())
    with suppress(Throttled):
        attempt_limits.count_in_window(key, start, attempt_limits.WINDOW, MOST)
        return True
    return False


def _describe(endpoint: str, parameters: Mapping[str, str], error: str) -> dict[str, str]:
    details = {"endpoint": endpoint, "error": error}
    if (grant_type := parameters.get("grant_type")) in GRANT_TYPES:
        details["grant_type"] = str(grant_type)
    return details


def _find_app(client_id: str) -> Application | None:
    """Find the app of an id, disabled ones too."""
    if not client_id or "\0" in client_id:
        return None
    found: Application | None = Application.objects.select_related("user").filter(client_id=client_id).first()
    return found


def _find_person(parameters: Mapping[str, str], app: Application | None) -> User | None:
    """Find whose code or refresh token was sent, if it was one of this app."""
    if app is None:
        return None
    code, token = (token_pairs.digest_token(parameters.get(name, "")) for name in ("code", "refresh_token"))
    grants = Grant.objects.filter(application=app, code=code).select_related("user")
    tokens = RefreshToken.objects.filter(application=app, token_checksum=token).select_related("user")
    found = grants.first() or tokens.first()
    return found.user if found else None


def _read_basic_name(authorization: str) -> str:
    """Return the name in an Authorization header of the scheme Basic, or ""."""
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    with suppress(binascii.Error, ValueError):
        return base64.b64decode(coded.strip(), validate=True).decode().partition(":")[0]
    return ""
