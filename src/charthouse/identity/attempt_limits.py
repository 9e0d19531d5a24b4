"""Limits of attempts to authenticate: so many an IP address, and so many a name from all addresses, in 15 minutes.

They hold for passwords, codes and links, of users and patients; ``axes`` locks a name and address together before. An
attempt is counted before it is checked, so that parallel ones can't pass, and forgiven when it was right. For secrets
of 256 random bits (apps, API users) only wrong ones are refused. docs/decisions/0321-limits-of-attempts.md
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from charthouse import clock
from charthouse.engine.errors import Throttled
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.client_ip import get_request_ip

WINDOW = timedelta(minutes=15)

_COUNT = """
insert into identity_tokencalls as t (key, minute, calls) values (%s, %s, 1)
on conflict (key, minute) do update set calls = t.calls + 1 where t.calls < %s returning calls
"""
_FORGIVE = (
    "update identity_tokencalls set calls = calls - 1 where key = any (%s) and minute = %s and calls > 0"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has been counted. ``keys``: what it counts against; ``start``: of the window, UTC."""

    keys: tuple[str, ...]
    start: datetime

    def forgive(self) -> None:
        """Take the attempt out of the count, because it was right."""
        if self.keys:
            with connection.cursor() as cursor:
                cursor.execute(_FORGIVE, [list(self.keys), self.start])


def begin_attempt(request: HttpRequest, name: str = "") -> Attempt:
    """Count an attempt by its IP address, and by ``name``, if it is about one. Raises Throttled."""
    return _count("sign-in", get_request_ip(request), name)


def count_failure(kind: str, client_ip: str) -> None:
    """Count a wrong secret of an app or API user (``kind``). Raises Throttled, which is then the answer to it."""
    _count(kind, client_ip)


def count_in_window(key: str, start: datetime, length: timedelta, limit: int) -> None:
    """Count one call under a key in the window from ``start``, unless there were ``limit``. Raises Throttled."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key, start, limit])
        counted = cursor.fetchone() is not None
    if not counted:
        raise Throttled(max(1, ceil((start + length - clock.now()).total_seconds())))


def find_window(now: datetime) -> datetime:
    """Return the start of the window that a moment lies in."""
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)


def _count(kind: str, client_ip: str, name: str = "") -> Attempt:
    limit = settings.SIGN_IN_LIMIT
    if not limit:
        return Attempt((), clock.now())
    start = find_window(clock.now())
    counted: list[str] = []
    for text in (f"{kind} from {_get_network(client_ip)}", *([f"{kind} as {name}"] if name else [])):
        key = make_key(text)
        try:
            count_in_window(key, start, WINDOW, limit)
        except Throttled:
            Attempt(tuple(counted), start).forgive()  # an attempt that is refused doesn't count
            _record_refusal(kind, key, start)
            raise
        counted.append(key)
    return Attempt(tuple(counted), start)


def _record_refusal(kind: str, key: str, start: datetime) -> None:
    """Record that attempts are refused; once in a window, or an attacker would fill the audit."""
    with suppress(Throttled):
        count_in_window(make_key(f"refused {key}"), start, WINDOW, 1)
        emit_audit_event("attempts refused", details={"of": kind})


def make_key(text: str) -> str:
    """Return the SHA-256 of what is counted, in hex: names and addresses are not stored."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _get_network(client_ip: str) -> str:
    """Return the address, or of IPv6 the /64 network, all of which is one subscriber's."""
    if client_ip and isinstance(ip_address(client_ip), IPv6Address):
        return str(ip_network(f"{client_ip}/64", strict=False))
    return client_ip
