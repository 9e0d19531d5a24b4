"""API users: programs that call an API in a practice's name with a name and a secret of their own.

No person: they can't sign in, and no person's password works for them. The secret is random and shown once; what is
kept is a keyed digest of it, quick to check because 256 random bits can't be guessed.
"""

import hmac
import re
import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256

from django.conf import settings

from charthouse.engine.actor import Actor
from charthouse.engine.errors import Forbidden, Throttled, Unauthenticated
from charthouse.identity import tenancy
from charthouse.identity.apilimits import LOCK, limits
from charthouse.identity.models import SHARING, ApiUser

# The caller as identity.database has it; of a request that is refused, nobody.
STATEMENT = (
    b"select practice, set_config('charthouse.caller', coalesce(',,' || caller || ',' || $10, ''), false), refusal, "
    b"caller, anonymous, read_only, endpoints, wait from identity_api_user($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
REFUSALS = {
    "missing": "Unknown API user or wrong secret.",
    "disabled": "This API user is disabled.",
}
BLOCKED = {
    "address": "This API user may not call from this address.",
    "endpoint": "This API user may not use this endpoint.",
    "read_only": "This API user may only read.",
}
USERNAME = re.compile(r"pk_[A-Za-z0-9_-]{1,60}")


@cache
def _keys() -> tuple[bytes, ...]:
    """The key that digests are made with now, and those that some may have been made with before."""
    signing = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return tuple(sha256(b"charthouse.apiusers" + key.encode()).digest() for key in signing)


def digest(username: str, secret: str) -> str:
    """What is kept of a secret."""
    return _digests(username, secret)[0]


def _digests(username: str, secret: str) -> list[str]:
    """What may be kept of it, by every key."""
    text = f"{username}\x00{secret}".encode("utf-8", "surrogateescape")
    return [hmac.new(key, text, sha256).hexdigest() for key in _keys()]


def new_secret() -> str:
    """256 random bits."""
    return "sk_" + secrets.token_urlsafe(32)


def renew(user: ApiUser, secret: str | None = None) -> str:
    """Give an API user a new secret, which is shown now and never again; the old one stops at once. Saves the row."""
    secret = secret or new_secret()
    user.secret_digest = digest(user.username, secret)
    user.save()
    return secret


def credentials(authorization: str | None) -> tuple[str, str] | None:
    """Name and secret of a Basic header; None where there is none, or one that can't be read."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 2000:
        return None
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (NotBase64, ValueError):
        return None
    username, colon, secret = text.partition(":")
    return (username, secret) if colon and "\x00" not in text else None


def authenticate(
    authorization: str | None,
    address: str,
    at: datetime,
    request: str = "",
    *,
    endpoint: str,
    writing: bool,
    counted: str,
    within: int | None = None,
) -> Actor:
    """The caller behind an Authorization header; from here on only their practice's rows exist.

    ``address`` is the caller's; ``request`` the call's UUID, for the change feed; ``endpoint`` the group of endpoints
    that is asked for ("" for one that nobody is kept from); the call counts against the API user's minute of the class
    ``counted``. ``within``: the practice whose host was called; another's API users are unknown there. One statement
    does it all, so that what is switched off is refused on the next request, on every worker. Raises Unauthenticated,
    Forbidden, Throttled; then no practice is established.
    """
    given = credentials(authorization)
    if given is None:
        tenancy.leave()
        raise Unauthenticated("Give the name and the secret of an API user by HTTP Basic authentication.")
    username, secret = given
    limit = limits().get(counted, limits()["standard"])
    practice, _, refusal, caller, anonymous, read_only, endpoints, wait = tenancy.database().establish(
        STATEMENT,
        (
            username.encode(),
            ",".join(_digests(username, secret)).encode(),
            address.encode(),
            at.isoformat().encode(),
            endpoint.encode(),
            b"t" if writing else b"f",
            counted.encode(),
            str(limit).encode(),
            str(LOCK.total_seconds()).encode(),
            f"{request},{tenancy.seconds_ahead()}".encode(),
        ),
    )
    if refusal is not None:
        if refusal == "throttled":
            raise Throttled(wait)
        if refusal in BLOCKED:
            raise Forbidden(BLOCKED[refusal], refusal)
        raise Unauthenticated(REFUSALS[refusal])
    if within is not None and practice != within:
        tenancy.leave()
        raise Unauthenticated(REFUSALS["missing"])
    writes = frozenset[str]() if read_only else granted(endpoints)
    return _actor(practice, granted(endpoints), writes, caller, anonymous)


def unlimited(practice: int) -> Actor:
    """A caller in the practice's own name who may read everything and write nothing; no program calls as this one."""
    return _actor(practice, granted(""), frozenset())


def _actor(
    practice: int,
    reads: frozenset[str],
    writes: frozenset[str],
    caller: int | None = None,
    anonymous: bool = False,
) -> Actor:
    return Actor(
        practice=practice,
        user=None,
        doctor=None,
        app=None,
        reads=reads,
        writes=writes,
        permissions=frozenset(),
        shared=_SHARED,
        api_user=caller,
        anonymous=anonymous,
    )


_SHARED = frozenset(SHARING)


class _Everything(frozenset[str]):
    """The endpoints of an API user who isn't kept from any."""

    def __contains__(self, name: object) -> bool:
        return True


@lru_cache(maxsize=1000)
def granted(endpoints: str) -> frozenset[str]:
    return frozenset(endpoints.split(",")) if endpoints else _Everything()
