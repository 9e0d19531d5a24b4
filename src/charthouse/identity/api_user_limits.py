"""Rate limits of API users: calls a minute by rate class, followed by a lock.

Counting is part of the SQL function that authenticates (``identity_api_user``), so limits are exact across processes.
``enforce_spacing`` limits how often an action may be performed on one row, by any caller; ``enforce_subject_limit`` how
often one may be done about one user, so that a caller who does it for many users is not refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db import connection

from charthouse import clock
from charthouse.engine.errors import Throttled
from charthouse.identity import attempt_limits

# The hosted API does not publish its limits (reference cerbo/behaviour.md, Rate limits). A single-threaded client
# at 20 ms a call stays below the standard limit (seeds 000, 001), and below that of heavy reads, which take longer.
DEFAULT_LIMITS = {"standard": 3000, "email_trigger": 10, "heavy_read": 3000}
SUBJECT_LIMITS = {"credential_validation": 10}  # calls of this class a minute about one user
SPACING_LIMITS = {"email_per_patient": 1}  # actions a minute on one row
LOCK_DURATION = timedelta(minutes=1)  # from the first call over the limit


def get_limits() -> dict[str, int]:
    """Return calls a minute by rate class: the defaults, overridden by the ``API_LIMITS`` setting."""
    return DEFAULT_LIMITS | SUBJECT_LIMITS | SPACING_LIMITS | settings.API_LIMITS


def get_class_limit(rate_class: str) -> int:
    """Return how many calls of a rate class an API user may make a minute; as many as standard ones where calls are
    counted by what they are about."""
    limits = get_limits()
    return limits["standard"] if rate_class in SUBJECT_LIMITS else limits.get(rate_class, limits["standard"])


def enforce_subject_limit(rate_class: str, subject: str) -> None:
    """Count a call of a rate class (a key of SUBJECT_LIMITS) about this subject. Raises Throttled, until the end of the
    minute, when there were too many."""
    minute = clock.now().replace(second=0, microsecond=0)
    key = attempt_limits.make_key(f"{rate_class} {subject}")
    attempt_limits.count_in_window(key, minute, timedelta(minutes=1), get_limits()[rate_class])


def enforce_spacing(rate_class: str, row_id: int) -> None:
    """Record that an action of ``rate_class`` (a key of SPACING_LIMITS) is performed on a row now.

    Call it within the transaction that performs the action: a rollback undoes the record, and of two concurrent calls
    the second waits for the first. Raises Throttled if the last action is too recent.
    """
    now = clock.now()
    apart = timedelta(minutes=1) / max(1, get_limits()[rate_class])
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into identity_apispacing as s (counted, about, at) values (%s, %s, %s) "
            "on conflict (counted, about) do update set at = excluded.at where s.at <= %s or s.at > excluded.at "
            "returning true",
            [rate_class, row_id, now, now - apart],
        )
        if cursor.fetchone():
            return
        cursor.execute(
            "select at from identity_apispacing where counted = %s and about = %s", [rate_class, row_id]
        )
        (at,) = cursor.fetchone()
    raise Throttled(max(1, ceil((at + apart - now).total_seconds())))


@dataclass(frozen=True)
class RateLock:
    """A lock of an API user in one rate class. ``until`` is aware."""

    api_user_id: int
    rate_class: str
    until: datetime


def list_locks(practice_id: int) -> list[RateLock]:
    """List the locks that are in force in a practice, the earliest end first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.api_user_id, r.counted, r.locked_until from identity_apicalls r "
            "join identity_apiuser u on u.id = r.api_user_id where u.practice_id = %s and r.locked_until > %s "
            "order by r.locked_until",
            [practice_id, clock.now()],
        )
        return [RateLock(*row) for row in cursor.fetchall()]


def lift_lock(practice_id: int, api_user_id: int, rate_class: str) -> bool:
    """Remove a lock of an API user of the practice and reset its count. Return whether there was a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update identity_apicalls r set locked_until = null, calls = 0 from identity_apiuser u "
            "where u.id = r.api_user_id and u.practice_id = %s and u.id = %s and r.counted = %s "
            "and r.locked_until > %s",
            [practice_id, api_user_id, rate_class, clock.now()],
        )
        return bool(cursor.rowcount)
