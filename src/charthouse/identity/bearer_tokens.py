"""Authentication by bearer token: one statement per request.

The SQL function ``identity_bearer`` looks the token up, counts the call against the app's rate limits and sets the
tenant and the caller of the connection in one round trip. Tokens are not cached, so a revoked token is rejected on the
next request in every process.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from math import ceil

from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError, Throttled, Unauthenticated
from charthouse.identity import known_actors, tenancy
from charthouse.identity.known_actors import GuessRead
from charthouse.identity.models import RIGHTS

# Sets the caller in the format of ``identity.database``; an empty one if the request is refused.
AUTHENTICATE_SQL = (
    b"select practice, "
    b"set_config('charthouse.caller', coalesce(caller || ',' || application || ',,' || $3, ''), false), refusal, "
    b"application, caller, doctor, permissions, sharing, granted, allowed, plan from identity_bearer($1, $2)"
)
UNAUTHENTICATED_MESSAGES = {
    "missing": "Invalid access token.",
    "revoked": "The access token has been revoked.",
    "expired": "The access token has expired.",
    "inactive": "User inactive or deleted.",
}
Rights = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


def authenticate(
    authorization: str | None,
    at: datetime,
    request_id: str = "",
    guess_read: GuessRead | None = None,
) -> Actor:
    """Authenticate a call by its Authorization header and establish the practice as the connection's tenant.

    ``authorization`` is the whole header or None; ``at`` the aware timestamp of the call; ``request_id`` its UUID, for
    the change feed. The call counts against the app's limits. Raises Unauthenticated (401) or Throttled (429); then no
    practice is established.

    ``guess_read``: what is probably read next if the token's latest caller calls again; it is sent in the same trip.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        tenancy.clear_tenant()
        raise Unauthenticated("Authentication credentials were not provided.")
    checksum = sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    known = known_actors.recall(checksum) if guess_read else None
    trailer = f"{request_id},{tenancy.format_clock_offset()}".encode()
    practice, _, refusal, *rest = tenancy.get_connection().establish(
        AUTHENTICATE_SQL,
        (checksum.encode(), at.isoformat().encode(), trailer),
        guess_read(known) if guess_read and known else None,
    )
    if refusal is not None:
        known_actors.forget(checksum)
        error = _make_error(refusal, at)
        error.claimed = ("token", checksum)
        raise error
    actor = _make_actor(practice, *rest)
    known_actors.remember(checksum, actor)
    return actor


@lru_cache(maxsize=4096)
def _make_actor(
    practice: int,
    app: int,
    user: int,
    doctor: int | None,
    permissions: str,
    sharing: str,
    granted: str,
    allowed: str,
    plan: str,
) -> Actor:
    """The actor of a row of the statement; for equal rows, the same."""
    return Actor(practice, user, doctor, app, *parse_rights(granted, allowed, permissions, sharing), plan)


def _make_error(refusal: str, at: datetime) -> RequestError:
    """Translate a refusal of the SQL function into an error."""
    if refusal == "hurried":
        return Throttled(1, "rate")
    if refusal == "throttled":
        return Throttled(get_seconds_left_in_hour(at))
    return Unauthenticated(UNAUTHENTICATED_MESSAGES[refusal], "token" if refusal == "missing" else refusal)


def parse_rights(granted: str, allowed: str, permissions: str, sharing: str) -> Rights:
    """Parse texts of the statement into readable scopes, writable scopes, permissions, sharing switches and the app's
    rights.
    """
    base = frozenset(allowed.split())
    scopes = granted.split()
    return (
        base & {scope.removesuffix(":read") for scope in scopes if scope.endswith(":read")},
        base & {scope.removesuffix(":write") for scope in scopes if scope.endswith(":write")},
        frozenset(permissions.split(",")) - {""},
        frozenset(sharing.split(",")) - {""},
        base.intersection(RIGHTS),
    )


def get_seconds_left_in_hour(at: datetime) -> int:
    """Return the whole seconds until the end of the hour (UTC) of ``at``, at least 1."""
    return ceil(3600 - at.timestamp() % 3600)
