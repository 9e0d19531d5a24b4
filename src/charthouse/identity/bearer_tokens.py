"""Authentication by bearer token: one statement per request.

The statement looks the token up, counts the call against the app's rate limits and sets the tenant and the caller of
the connection in one round trip. Tokens are not cached, so a revoked token is rejected on the next request in every
process.

There are four: three for further calls of a token, by the limits of its app, and the SQL function ``identity_bearer``,
which counts the first call of an hour too, and says why a call is refused. The function costs twice as much, so it is
run where the others find nothing.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from math import ceil

from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError, Throttled, Unauthenticated
from charthouse.identity import known_actors, tenancy
from charthouse.identity.database.steps import Steps, Trip, run_steps
from charthouse.identity.known_actors import GuessRead
from charthouse.identity.models import RIGHTS

# All have the same columns, and as parameters the checksum, the timestamp and the end of the caller, which they set in
# the format of ``identity.database``; an empty one, and no tenant, where the call is refused or not counted. What the
# limits of an app do not need is left out for it: PostgreSQL sets up each expression again for every call.
_VALID = "t.token_checksum = $1 and t.revoked is null and t.expires > $2::timestamptz and t.is_active"
_HOUR = "c.application_id = t.application_id and c.hour = date_trunc('hour', $2::timestamptz, 'UTC')"
_COLUMNS = (
    "t.practice_id, t.application_id, t.user_id, t.doctor_id, t.permissions, t.sharing, t.scope, t.scopes, "
    "t.plan_type"
)
# A call of an app without limits, of one with an hourly limit alone, and of one with a limit per second, where $4 and
# $5 are a second before and after the timestamp.
_FREE = f"""
select {_COLUMNS} from identity_tokencaller t
 where {_VALID} and t.hourly_limit is null and t.second_limit is null"""  # noqa: S608
_COUNT = f"""
update identity_calls c set calls = c.calls + 1 from identity_tokencaller t
 where {_VALID} and {_HOUR} and c.calls < t.hourly_limit and t.second_limit is null
returning {_COLUMNS}"""  # noqa: S608
_COUNT_BURST = f"""
update identity_calls c
   set calls = c.calls + 1,
       burst_from = case when c.burst_from between $4 and $5 then c.burst_from else $2 end,
       burst = case when c.burst_from between $4 and $5 then c.burst + 1 else 1 end
  from identity_tokencaller t
 where {_VALID} and {_HOUR} and c.calls < coalesce(t.hourly_limit, 2147483647) and t.second_limit > 0
   and (c.burst < t.second_limit or c.burst_from < $4 or c.burst_from > $5)
returning {_COLUMNS}"""  # noqa: S608


def _establish_caller(found: str, limits: str) -> bytes:
    """Compose the statement that sets the caller whom ``found`` selects. ``limits``: of the apps that it is for."""
    return f"""
with found as ({found})
select t.practice_id, set_config('charthouse.caller', coalesce(t.user_id || ',' || t.application_id || ',,' || $3, ''),
       false), null::text, t.application_id, t.user_id, t.doctor_id, array_to_string(t.permissions, ','),
       array_to_string(t.sharing, ','), t.scope, array_to_string(t.scopes, ' '), t.plan_type, '{limits}',
       set_config('charthouse.practice', coalesce(t.practice_id::text, ''), false)
  from (select) as call left join found t on true""".encode()  # noqa: S608


AUTHENTICATE_FREE_SQL = _establish_caller(_FREE, "none")
AUTHENTICATE_SQL = _establish_caller(_COUNT, "hourly")
AUTHENTICATE_BURST_SQL = _establish_caller(_COUNT_BURST, "burst")
EXAMINE_SQL = (
    b"select practice, "
    b"set_config('charthouse.caller', coalesce(caller || ',' || application || ',,' || $3, ''), false), refusal, "
    b"application, caller, doctor, permissions, sharing, granted, allowed, plan, case when calls is null then 'none' "
    b"when (select t.second_limit is null from identity_tokencaller t where t.token_checksum = $1) then 'hourly' "
    b"else 'burst' end, null from identity_bearer($1, $2)"
)
SECOND = timedelta(seconds=1)
UNAUTHENTICATED_MESSAGES = {
    "missing": "Invalid access token.",
    "revoked": "The access token has been revoked.",
    "expired": "The access token has expired.",
    "inactive": "User inactive or deleted.",
}
Rights = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


def authenticate(authorization: str | None, at: datetime, request_id: str = "") -> Actor:
    """Authenticate a call at once; see ``authenticate_in_steps``."""
    return run_steps(tenancy.get_connection(), authenticate_in_steps(authorization, at, request_id))


def authenticate_in_steps(
    authorization: str | None,
    at: datetime,
    request_id: str = "",
    guess_read: GuessRead | None = None,
) -> Steps[Actor]:
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
    found = (yield Trip(*_choose_statement(known.limits, parameters, at), ahead)) if known else None
    if found is None or found[0] is None:
        found = yield Trip(EXAMINE_SQL, parameters, ahead)
    practice, _, refusal, *rest, limits, _ = found
    if refusal is not None:
        known_actors.forget(checksum)
        error = _make_error(refusal, at)
        error.claimed = ("token", checksum)
        raise error
    actor = _make_actor(practice, *rest)
    known_actors.remember(checksum, actor, limits)
    return actor


def _choose_statement(
    limits: str, parameters: tuple[bytes, ...], at: datetime
) -> tuple[bytes, tuple[bytes, ...]]:
    """Choose the statement for a further call, by the limits of the app at its latest one, and add its parameters."""
    if limits == "burst":
        around = (at - SECOND).isoformat().encode(), (at + SECOND).isoformat().encode()
        return AUTHENTICATE_BURST_SQL, (*parameters, *around)
    return AUTHENTICATE_SQL if limits == "hourly" else AUTHENTICATE_FREE_SQL, parameters


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
