"""How often an API user may call: so many calls a minute of each class, then a lock. Exact across processes, for the
counting is part of the statement that authenticates (``identity_api_user``). And how often something may be done for
one row, whoever calls: ``keep_apart``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db import connection

from charthouse import clock
from charthouse.engine.errors import Throttled

# Figures are ours: the hosted API's are not published (reference cerbo/behaviour.md, Rate limits). A client of one
# thread over a network, at 20 ms a call, stays below the standard one (seeds 000, 001).
USUAL = {"standard": 3000, "credential_validation": 10, "email_trigger": 10, "heavy_read": 30}
PACE = {"email_per_patient": 1}  # a minute, for one row
LOCK = timedelta(minutes=1)  # how long a lock stays, counted from the call that was one too many


def limits() -> dict[str, int]:
    """Calls a minute by class: the usual ones, with those of the settings."""
    return USUAL | PACE | settings.API_LIMITS


def keep_apart(counted: str, row: int) -> None:
    """Something of the kind ``counted``, one of PACE, is to be done for a row now. Within the transaction that does it:
    what is rolled back doesn't count, and of two at once the second waits to see. Raises Throttled."""
    now = clock.now()
    apart = timedelta(minutes=1) / max(1, limits()[counted])
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into identity_apispacing as s (counted, about, at) values (%s, %s, %s) "
            "on conflict (counted, about) do update set at = excluded.at where s.at <= %s or s.at > excluded.at "
            "returning true",
            [counted, row, now, now - apart],
        )
        if cursor.fetchone():
            return
        cursor.execute("select at from identity_apispacing where counted = %s and about = %s", [counted, row])
        (at,) = cursor.fetchone()
    raise Throttled(max(1, ceil((at + apart - now).total_seconds())))


@dataclass(frozen=True)
class Lock:
    api_user: int
    counted: str
    until: datetime


def locks(practice: int) -> list[Lock]:
    """The locks that hold now in a practice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.api_user_id, r.counted, r.locked_until from identity_apicalls r "
            "join identity_apiuser u on u.id = r.api_user_id where u.practice_id = %s and r.locked_until > %s "
            "order by r.locked_until",
            [practice, clock.now()],
        )
        return [Lock(*row) for row in cursor.fetchall()]


def lift(practice: int, api_user: int, counted: str) -> bool:
    """Take a lock of the practice away and begin its minute anew. Whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update identity_apicalls r set locked_until = null, calls = 0 from identity_apiuser u "
            "where u.id = r.api_user_id and u.practice_id = %s and u.id = %s and r.counted = %s "
            "and r.locked_until > %s",
            [practice, api_user, counted, clock.now()],
        )
        return bool(cursor.rowcount)
