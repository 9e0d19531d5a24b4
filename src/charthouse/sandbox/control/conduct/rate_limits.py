"""RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset (draft-ietf-httpapi-ratelimit-headers-07) of a call."""

from django.db import connections

from charthouse import clock
from charthouse.gateway.cerbo.registry import get_router
from charthouse.gateway.http import Request
from charthouse.identity.api_user_limits import get_class_limit
from charthouse.identity.bearer_tokens import get_seconds_left_in_hour
from charthouse.sandbox.control.callers import find_owner, read_credentials

_APP = """
select a.hourly_limit, coalesce(c.calls, 0)
  from identity_application a
  left join identity_calls c on c.application_id = a.id and c.hour = date_trunc('hour', %s, 'UTC')
 where a.client_id = %s and a.hourly_limit is not null
"""
_API_USER = """
select c.calls, extract(epoch from c.locked_until - %s)
  from identity_apicalls c join identity_apiuser u on u.id = c.api_user_id
 where u.username = %s and c.counted = %s
   and (c.minute = date_trunc('minute', %s, 'UTC') or c.locked_until > %s)
"""


def make_headers(request: Request) -> list[tuple[str, str]]:
    """Return the headers, none for a caller who is unknown or has no limit."""
    entry = request.entry
    if entry.practice_id is None and entry.gate not in ("quota", "rate"):
        return []
    token, name = read_credentials(dict(request.environ))
    owner = find_owner(token)
    if owner is not None:
        return _describe_app(request, owner.app)
    return _describe_api_user(request, name) if name else []


def _describe_app(request: Request, client_id: str) -> list[tuple[str, str]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(_APP, [request.entry.at, client_id])
        found = cursor.fetchone()
    if found is None:
        return []
    return _format(found[0], found[1], get_seconds_left_in_hour(request.entry.at))


def _describe_api_user(request: Request, username: str) -> list[tuple[str, str]]:
    at, rate_class = request.entry.at, _find_rate_class(request)
    with connections["owner"].cursor() as cursor:
        cursor.execute(_API_USER, [at, username, rate_class, at, at])
        calls, locked = cursor.fetchone() or (0, None)
    limit, left = get_class_limit(rate_class), 60 - clock.now().second
    if locked is not None and locked > 0:
        return _format(limit, limit, round(locked))
    return _format(limit, calls, left)


def _find_rate_class(request: Request) -> str:
    """The rate class that a call counts against."""
    targets, _ = get_router().find(request.path.removeprefix("/api/v1/").removesuffix("/"))
    method = "GET" if request.method == "HEAD" else request.method
    target = targets.get(method) or next(iter(targets.values()), None)
    return target.declaration.policy.rate_class if target else "standard"


def _format(limit: int, calls: int, reset: int) -> list[tuple[str, str]]:
    left = max(0, limit - calls)
    return [
        ("RateLimit-Limit", str(limit)),
        ("RateLimit-Remaining", str(left)),
        ("RateLimit-Reset", str(max(1, reset))),
    ]
