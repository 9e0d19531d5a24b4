"""Authentication by bearer token: one statement per request.

The statement looks the token up, counts the call against the app's rate limits and sets the tenant and the caller of
the connection in one round trip. Tokens are not cached, so a revoked token is rejected on the next request in every
process.

There are two: one that counts a further call of an hour, within its limits, and the SQL function ``identity_bearer``,
which counts the first call too, and says why a call is refused. The function costs half as much again, so it is run
where the first statement counted nothing, and for calls without limits.
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

# Both have the same parameters (checksum, timestamp, end of the caller) and columns, and set the caller in the format
# of ``identity.database``; an empty one, and no tenant, where the call is refused or not counted.
AUTHENTICATE_SQL = b"""
with counted as (
    update identity_calls c
       set calls = c.calls + 1,
           burst_from = case when c.burst_from between $2::timestamptz - interval '1 second'
                                                   and $2 + interval '1 second' then c.burst_from else $2 end,
           burst = case when c.burst_from between $2 - interval '1 second' and $2 + interval '1 second'
                        then c.burst + 1 else 1 end
      from identity_tokencaller t
     where t.token_checksum = $1 and t.revoked is null and t.expires > $2 and t.is_active
       and c.application_id = t.application_id and c.hour = date_trunc('hour', $2, 'UTC')
       and (t.hourly_limit is not null or t.second_limit is not null)
       and (t.hourly_limit is null or c.calls < t.hourly_limit)
       and (t.second_limit is null or c.burst < t.second_limit
            or not c.burst_from between $2 - interval '1 second' and $2 + interval '1 second')
       and (t.second_limit is null or t.second_limit > 0)
    returning t.practice_id, t.application_id, t.user_id, t.doctor_id, t.permissions, t.sharing, t.scope, t.scopes,
              t.plan_type
)
select t.practice_id, set_config('charthouse.caller', coalesce(t.user_id || ',' || t.application_id || ',,' || $3, ''),
       false), null::text, t.application_id, t.user_id, t.doctor_id, array_to_string(t.permissions, ','),
       array_to_string(t.sharing, ','), t.scope, array_to_string(t.scopes, ' '), t.plan_type, true,
       set_config('charthouse.practice', coalesce(t.practice_id::text, ''), false)
  from (select) as call left join counted t on true"""
EXAMINE_SQL = (
    b"select practice, "
    b"set_config('charthouse.caller', coalesce(caller || ',' || application || ',,' || $3, ''), false), refusal, "
    b"application, caller, doctor, permissions, sharing, granted, allowed, plan, calls is not null, null "
    b"from identity_bearer($1, $2)"
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
    known = known_actors.recall(checksum)
    ahead = guess_read(known.actor) if guess_read and known else None
    trailer = f"{request_id},{tenancy.format_clock_offset()}".encode()
    parameters = (checksum.encode(), at.isoformat().encode(), trailer)
    establish = tenancy.get_connection().establish
    found = establish(AUTHENTICATE_SQL, parameters, ahead) if known and known.is_counted else None
    if found is None or found[0] is None:
        found = establish(EXAMINE_SQL, parameters, ahead)
    practice, _, refusal, *rest, is_counted, _ = found
    if refusal is not None:
        known_actors.forget(checksum)
        error = _make_error(refusal, at)
        error.claimed = ("token", checksum)
        raise error
    actor = _make_actor(practice, *rest)
    known_actors.remember(checksum, actor, is_counted=is_counted)
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
