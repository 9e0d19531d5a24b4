"""Authentication of API users: programs that call an API on behalf of a practice with HTTP Basic credentials.

An API user is not a user: it cannot sign in, and users' passwords are not accepted for it. Its secret is 256 random
bits and shown once; a keyed digest (HMAC-SHA-256) is stored, for which a slow hash would add nothing.
"""

import hmac
import re
import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings

from charthouse.engine.actor import Actor
from charthouse.engine.errors import Forbidden, RequestError, Throttled, Unauthenticated
from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity import attempt_limits, known_actors, secret_keys, tenancy
from charthouse.identity.api_user_limits import LOCK_DURATION, get_class_limit
from charthouse.identity.database.steps import MAY_WAIT, Steps, Trip, run_steps
from charthouse.identity.known_actors import GuessRead
from charthouse.identity.models import SHARING, ApiUser

# Both have the same columns, and set the caller in the format of ``identity.database``; an empty one, and no tenant,
# where the request is refused or not counted. The first one counts a further call of a rate class. Where it counts
# nothing, the SQL function counts the first call, or says why it is refused; it costs twice as much.
COUNT_SQL = b"""
with counted as (
    update identity_apicalls c
       set calls = case when c.minute = $4 then c.calls + 1 else 1 end, minute = $4
      from identity_apiusercaller u
     where u.username = $1 and u.secret_digest = any(string_to_array($2, ',')) and u.enabled
       and (cardinality(u.ips) = 0 or $3::inet <<= any(u.ips::inet[]))
       and ($5 = '' or cardinality(u.endpoints) = 0 or $5 = any(u.endpoints))
       and not (u.read_only and $6)
       and c.api_user_id = u.id and c.counted = $7 and c.locked_until is null
       and (c.minute <> $4 or c.calls < $8)
    returning u.practice_id, u.id, u.anonymize, u.read_only, u.endpoints
)
select u.practice_id, set_config('charthouse.caller', coalesce(',,' || u.id || ',' || $9, ''), false), null::text,
       u.id, u.anonymize, u.read_only, array_to_string(u.endpoints, ','), null::integer,
       set_config('charthouse.practice', coalesce(u.practice_id::text, ''), false)
  from (select) as call left join counted u on true"""
EXAMINE_SQL = (
    b"select practice, set_config('charthouse.caller', coalesce(',,' || caller || ',' || $10, ''), false), refusal, "
    b"caller, anonymous, read_only, endpoints, wait, null from identity_api_user($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
UNAUTHENTICATED_MESSAGES = {
    "missing": "Unknown API user or wrong secret.",
    "disabled": "This API user is disabled.",
}
FORBIDDEN_MESSAGES = {
    "address": "This API user may not call from this address.",
    "endpoint": "This API user may not use this endpoint.",
    "read_only": "This API user may only read.",
}
USERNAME_PATTERN = re.compile(r"pk_[A-Za-z0-9_-]{1,60}")


@lru_cache(maxsize=4)
def _derive_keys(*keys: str) -> tuple[bytes, ...]:
    """Return the digest keys that are derived from the current secret key and from former ones, in this order."""
    return tuple(sha256(b"charthouse.apiusers" + key.encode()).digest() for key in keys)


def derive_digest_key() -> bytes:
    """Return the key that the digests of secrets are made with."""
    return _derive_keys(settings.SECRET_KEY)[0]


def digest_secret(username: str, secret: str) -> str:
    """Return the digest of a secret that is stored, in hex."""
    return _list_digests(username, secret)[0]


def _list_digests(username: str, secret: str) -> list[str]:
    """Return the digests of a secret under the current and all former keys."""
    keys = _derive_keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [_digest(key, username, secret) for key in keys]


def _digest(key: bytes, username: str, secret: str) -> str:
    text = f"{username}\x00{secret}".encode("utf-8", "surrogateescape")
    return hmac.new(key, text, sha256).hexdigest()


def generate_secret() -> str:
    """Generate a secret of 256 random bits."""
    return "sk_" + secrets.token_urlsafe(32)


def renew_secret(user: ApiUser, secret: str | None = None) -> str:
    """Set a new secret, save the API user and return the secret, which is not stored in the clear.

    The former secret is rejected from the next request on.
    """
    secret = secret or generate_secret()
    user.secret_digest = digest_secret(user.username, secret)
    user.save()
    return secret


def parse_credentials(authorization: str | None) -> tuple[str, str] | None:
    """Parse an HTTP Basic header into username and secret. Return None if it is absent or malformed."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 2000:
        return None
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (NotBase64, ValueError):
        return None
    username, colon, secret = text.partition(":")
    return (username, secret) if colon and "\x00" not in text else None


def authenticate(*call: Any, **details: Any) -> Actor:
    """Authenticate a call at once; see ``authenticate_in_steps``."""
    return run_steps(tenancy.get_connection(), authenticate_in_steps(*call, **details))


def authenticate_in_steps(
    authorization: str | None,
    client_ip: str,
    at: datetime,
    request_id: str = "",
    *,
    endpoint: str,
    is_write: bool,
    rate_class: str,
    practice_of_host: int | None = None,
    guess_read: GuessRead | None = None,
) -> Steps[Actor]:
    """Authenticate a call, count it against its rate limit, and establish the practice as the connection's tenant.

    It is all done by one statement of each call, so that changes apply to the next request on every worker. ``at`` is
    aware; ``request_id`` (a UUID) is for the change feed; ``endpoint`` is the endpoint group, "" for one that is open
    to all; API users of other practices than ``practice_of_host`` are unknown. Raises Unauthenticated, Forbidden or
    Throttled; then no practice is established. ``guess_read``: as in ``bearer_tokens``.
    """
    username, secret = _require_credentials(authorization)
    digests = ",".join(_list_digests(username, secret))
    call = _Call(client_ip, at, request_id, endpoint, is_write, rate_class)
    known = known_actors.recall(digests)
    ahead = guess_read(known.actor) if guess_read and known else None
    credentials = username.encode(), digests.encode()
    found = (yield Trip(COUNT_SQL, (*credentials, *call.format_for_count()), ahead)) if known else None
    if found is None or found[0] is None:
        yield MAY_WAIT
        found = yield from _examine(username, secret, credentials, call.format_for_function(), ahead)
    practice, _, refusal, caller, anonymous, read_only, endpoints, wait, _ = found
    if refusal is None and practice_of_host is not None and practice != practice_of_host:
        tenancy.clear_tenant()
        refusal = "missing"
    if refusal is not None:
        known_actors.forget(digests)
        yield MAY_WAIT
        raise _make_error(refusal, wait, client_ip, username)
    actor = _make_actor(practice, endpoints, read_only, caller, anonymous)
    known_actors.remember(digests, actor)
    return actor


class _Call(NamedTuple):
    """A call, and the parameters of the statements after the credentials."""

    client_ip: str
    at: datetime
    request_id: str
    endpoint: str
    is_write: bool
    rate_class: str

    def format_for_count(self) -> tuple[bytes | None, ...]:
        minute = self.at.replace(second=0, microsecond=0)
        return (
            self.client_ip.encode() or None,
            minute.isoformat().encode(),
            *self._format_policy(),
            self._end_caller(),
        )

    def format_for_function(self) -> tuple[bytes, ...]:
        lock = str(LOCK_DURATION.total_seconds()).encode()
        return (
            self.client_ip.encode(),
            self.at.isoformat().encode(),
            *self._format_policy(),
            lock,
            self._end_caller(),
        )

    def _format_policy(self) -> tuple[bytes, ...]:
        limit = str(get_class_limit(self.rate_class)).encode()
        return self.endpoint.encode(), b"t" if self.is_write else b"f", self.rate_class.encode(), limit

    def _end_caller(self) -> bytes:
        return f"{self.request_id},{tenancy.format_clock_offset()}".encode()


def _examine(
    username: str,
    secret: str,
    credentials: tuple[bytes, bytes],
    asked: tuple[bytes, ...],
    ahead: BoundStatement | None,
) -> Steps[Any]:
    """Run the SQL function. A secret that is right by a key that was rotated is stored by the current one."""
    found = yield Trip(EXAMINE_SQL, (*credentials, *asked), ahead)
    refusal = found[2]
    if refusal != "missing" or not (retired := secret_keys.list_retired_keys()):
        return found
    former = [_digest(key, username, secret) for key in _derive_keys(*retired)]
    found = yield Trip(EXAMINE_SQL, (username.encode(), ",".join(former).encode(), *asked))
    if found[3] is not None:  # the id of the API user, whose secret this is
        ApiUser.objects.filter(pk=found[3]).update(secret_digest=digest_secret(username, secret))
    return found


def _require_credentials(authorization: str | None) -> tuple[str, str]:
    credentials = parse_credentials(authorization)
    if credentials is None:
        tenancy.clear_tenant()
        raise Unauthenticated("Give the name and the secret of an API user by HTTP Basic authentication.")
    return credentials


def _make_error(refusal: str, wait: int, client_ip: str, username: str) -> RequestError:
    """Translate a refusal of the SQL function into an error. ``wait`` is in seconds. After too many wrong secrets from
    the address it is Throttled."""
    error: RequestError
    if refusal == "throttled":
        error = Throttled(wait)
    elif refusal in FORBIDDEN_MESSAGES:
        error = Forbidden(FORBIDDEN_MESSAGES[refusal], refusal)
    else:
        gate = "token" if refusal == "missing" else refusal
        error = Unauthenticated(UNAUTHENTICATED_MESSAGES[refusal], gate)
    if refusal == "missing":
        try:
            attempt_limits.count_failure("API user", client_ip)
        except Throttled as throttled:
            error = throttled
    error.claimed = ("name", username)
    return error


def make_read_only_actor(practice: int) -> Actor:
    """Return an actor of the practice itself that reads everything and writes nothing. No call authenticates as it."""
    return _make_actor(practice, "", read_only=True)


def make_portal_actor(practice: int) -> Actor:
    """Return an actor of the practice itself that writes what its patients do in the portal. No call authenticates as
    it."""
    return _make_actor(practice, "", read_only=False)


@lru_cache(maxsize=1000)
def _make_actor(
    practice: int,
    endpoints: str,
    read_only: bool,
    caller: int | None = None,
    anonymous: bool = False,
) -> Actor:
    reads = parse_endpoints(endpoints)
    return Actor(
        practice=practice,
        user=None,
        doctor=None,
        app=None,
        reads=reads,
        writes=frozenset() if read_only else reads,
        permissions=frozenset(),
        shared=_ALL_SHARING,
        api_user=caller,
        anonymous=anonymous,
    )


_ALL_SHARING = frozenset(SHARING)


class _AllEndpoints(frozenset[str]):
    """Set of endpoint groups that contains every name."""

    def __contains__(self, name: object) -> bool:
        return True


@lru_cache(maxsize=1000)
def parse_endpoints(endpoints: str) -> frozenset[str]:
    """Parse a comma-separated list of endpoint groups; an empty one means all."""
    return frozenset(endpoints.split(",")) if endpoints else _AllEndpoints()
