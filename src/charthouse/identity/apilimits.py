"""How often an API user may call: so many calls a minute of each class, then a lock. Exact across processes, for the
counting is part of the statement that authenticates (``identity_api_user``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from charthouse import clock

# Figures are ours: the hosted API's are not published (reference cerbo/behaviour.md, Rate limits).
USUAL = {"standard": 300, "credential_validation": 10, "email_trigger": 10, "heavy_read": 30}
LOCK = timedelta(minutes=1)  # how long a lock stays, counted from the call that was one too many


def limits() -> dict[str, int]:
    """Calls a minute by class: the usual ones, with those of the settings."""
    return USUAL | settings.API_LIMITS


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
