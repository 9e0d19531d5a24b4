"""Who calls an API with this token: one statement, once per request.

The statement is the function ``identity_bearer``. It looks the token up, counts the call against the app's hour,
and sets the tenant and the caller of the connection, all in one round trip. Nothing about a token is ever kept in
this process, so one that is revoked is refused on the next request, everywhere. May refuse: no or no good token
(401), no calls left in this hour (429).
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from math import ceil

from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError, Throttled, Unauthenticated
from charthouse.identity import tenancy
from charthouse.identity.models import RIGHTS

# The caller as identity.database has it; of a request that is refused, nobody.
STATEMENT = (
    b"select practice, "
    b"set_config('charthouse.caller', coalesce(caller || ',' || application || ',,' || $3, ''), false), refusal, "
    b"application, caller, doctor, permissions, sharing, granted, allowed, plan from identity_bearer($1, $2)"
)
REFUSALS = {
    "missing": "Invalid access token.",
    "revoked": "The access token has been revoked.",
    "expired": "The access token has expired.",
    "inactive": "User inactive or deleted.",
}
Rights = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


def authenticate(authorization: str | None, at: datetime, request: str = "") -> Actor:
    """The caller behind an Authorization header; from here on only their practice's rows exist.

    ``authorization`` is the whole header or None; ``at`` is the moment of the call, aware, any zone; ``request`` its
    UUID, for the change feed. One call counts against the app's hourly limit. Raises Unauthenticated or Throttled;
    then no practice is established.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        tenancy.leave()
        raise Unauthenticated("Authentication credentials were not provided.")
    checksum = sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest().encode()
    trailer = f"{request},{tenancy.seconds_ahead()}".encode()
    practice, _, refusal, app, user, doctor, permissions, sharing, granted, allowed, plan = (
        tenancy.database().establish(STATEMENT, (checksum, at.isoformat().encode(), trailer))
    )
    if refusal is not None:
        raise _refused(refusal, app, at)
    return Actor(practice, user, doctor, app, *rights(granted, allowed, permissions, sharing), plan)


def _refused(refusal: str, app: int | None, at: datetime) -> RequestError:
    error: RequestError
    if refusal == "hurried":
        error = Throttled(1, "rate")
    elif refusal == "throttled":
        error = Throttled(seconds_left(at))
    else:
        error = Unauthenticated(REFUSALS[refusal])
    error.app = app
    return error


@lru_cache(maxsize=4096)
def rights(granted: str, allowed: str, permissions: str, sharing: str) -> Rights:
    """Scopes to read by, scopes to write by, permissions, sharing switches, the app's own rights, from their text."""
    base = frozenset(allowed.split())
    scopes = granted.split()
    return (
        base & {scope.removesuffix(":read") for scope in scopes if scope.endswith(":read")},
        base & {scope.removesuffix(":write") for scope in scopes if scope.endswith(":write")},
        frozenset(permissions.split(",")) - {""},
        frozenset(sharing.split(",")) - {""},
        base.intersection(RIGHTS),
    )


def seconds_left(at: datetime) -> int:
    """Whole seconds until the hour of ``at`` is over, at least 1. Hours are UTC's."""
    return ceil(3600 - at.timestamp() % 3600)
