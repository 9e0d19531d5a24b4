"""The answer to X-Charthouse-Explain: which check refused a call, and what would let it pass; or what of it
the hosted API would have overlooked."""

from typing import Any

import msgspec

from charthouse.engine.errors import Invalid, MethodNotAllowed, RequestError
from charthouse.gateway.declared_calls import find_declaration, list_scopes
from charthouse.gateway.http import Request, Response
from charthouse.identity.models import AccessToken, User
from charthouse.sandbox.control.callers import read_credentials
from charthouse.toolkit.controls.modes import EXPLAIN_HEADER

HEADER_VARIABLE = "HTTP_" + EXPLAIN_HEADER.upper().replace("-", "_")
MAX_LENGTH = 6000  # characters of the header
# What would let a call pass that a check refused, by the check.
ADVICE = {
    "token": "Send this API's credentials: a bearer token for DrChrono's, or an API user's name and secret (HTTP "
    "Basic) for Cerbo's. Get some from `charthouse tokens mint`, `charthouse api-users create`, or sandbox.json.",
    "revoked": "The pair was revoked or replaced by a newer one: an app has one pair of tokens per user. Use the "
    "latest token, or `charthouse tokens mint`.",
    "expired": "Exchange the refresh token at /o/token/, or use `charthouse tokens mint`. Access tokens last 48 hours.",
    "inactive": "This token's user can't sign in any more. Authorize the app as another user.",
    "disabled": "Enable the API user (Settings > API users), or use `charthouse api-users create`.",
    "address": "Use one of the API user's IP addresses, or remove its restriction.",
    "endpoint": "Grant the API user this endpoint group, or remove its restriction.",
    "read_only": "Writes require an API user that is not read-only.",
    "scope": "Request the missing scopes when the user authorizes the app; the app must be registered with them.",
    "permission": "The user needs the missing permissions (Settings > Users), whatever scopes the app has.",
    "right": "The server's operator must grant this right to the app.",
    "plan": "The practice requires a different plan.",
    "quota": "Wait for the seconds in Retry-After, or raise the limit of the app or API user.",
    "rate": "Send fewer requests per second; wait for the seconds in Retry-After.",
    "not found": "Check the path and the id: rows of other practices, deleted rows, and rows of other doctors that the "
    "practice does not share, are not found either.",
    "method": "Use one of the methods in Allow.",
    "validation": "Correct the named fields.",
    "conflict": "The write conflicts with a rule of the record; resolve the conflict first.",
    "condition": "Read the object again and send its current ETag.",
    "request": "Send a body and a query string that can be parsed; see the message.",
    "database": "Send the request again.",
    "fault": "This is a server fault; see the server's log.",
}


def explain(request: Request, response: Response, mode: str, notes: dict[str, str]) -> tuple[str, str]:
    """Return the header that explains an answer."""
    said: dict[str, Any] = {"gate": request.entry.gate, "mode": mode}
    if request.refusal is not None:
        said |= _explain_refusal(request, request.refusal)
    if notes:
        said["overlooked"] = notes
    return _format(said)


def explain_fault(kind: str) -> tuple[str, str]:
    """Return the header that explains an answer that a fault has made."""
    fix = "This fault was requested: see `charthouse faults list` and `charthouse faults clear`."
    return _format({"gate": f"fault: {kind}", "fix": fix})


def _explain_refusal(request: Request, refusal: RequestError) -> dict[str, Any]:
    said: dict[str, Any] = {"why": refusal.detail, "fix": ADVICE.get(refusal.gate, refusal.detail)}
    if isinstance(refusal, Invalid):
        said["fields"] = refusal.errors
    if isinstance(refusal, MethodNotAllowed):
        said["required"] = sorted(refusal.allowed)
    if refusal.wait is not None:
        said["wait"] = refusal.wait
    declared = find_declaration(request.path, request.method)
    if declared is None:
        return said
    reading = declared.is_reading(request.method)
    if refusal.gate == "scope":
        said |= {"required": list_scopes(declared, request.method), "granted": _list_granted(request)}
    if refusal.gate == "permission":
        said |= {
            "required": list(declared.policy.list_permissions(reading)),
            "granted": _list_permissions(request),
        }
    if refusal.gate == "endpoint":
        said["required"] = list(declared.policy.scopes)
    if refusal.gate == "right":
        said["required"] = [declared.policy.right]
    return said


def _list_granted(request: Request) -> list[str]:
    token, _ = read_credentials(dict(request.environ))
    found = (
        AccessToken.objects.using("owner")
        .filter(token_checksum=token)
        .values_list("scope", flat=True)
        .first()
    )
    return sorted((found or "").split())


def _list_permissions(request: Request) -> list[str]:
    found = (
        User.objects.using("owner")
        .filter(pk=request.entry.user_id or 0)
        .values_list("permissions", flat=True)
        .first()
    )
    return sorted(found or ())


def _format(said: dict[str, Any]) -> tuple[str, str]:
    """A header's value is ASCII in one line."""
    text = msgspec.json.encode(said).decode()
    if len(text) > MAX_LENGTH:
        said = {
            name: value for name, value in said.items() if name not in ("fields", "overlooked", "granted")
        }
        text = msgspec.json.encode(said | {"shortened": True}).decode()
    return EXPLAIN_HEADER, text.encode("ascii", "backslashreplace").decode()
