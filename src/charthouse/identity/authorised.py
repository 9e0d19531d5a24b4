"""Whom an app may speak for: people who have authorised it and not taken that back."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connections

from charthouse.engine.actor import Actor
from charthouse.identity.bearer import rights

# A live refresh token says what the app may ask for; without one, its last access token does.
TOKENS = """
    select application_id, user_id, scope, 1 as rank from identity_refreshtoken where revoked is null
    union all
    select application_id, user_id, scope, 2 from identity_accesstoken where revoked is null and expires > %(at)s
"""


def actors(practice: int, applications: Iterable[int], at: datetime, using: str = "owner") -> list[Actor]:
    """For each of these apps, the people of the practice who let it act for them at this moment, as callers: the
    primary user first, then by id."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "select distinct on (a.id, u.is_primary, u.id) u.id, u.doctor_id, a.id, t.scope, "  # noqa: S608
            "array_to_string(a.scopes, ' '), array_to_string(u.permissions, ','), "
            "array_to_string(p.sharing, ','), p.plan_type "
            f"from ({TOKENS}) t join identity_application a on a.id = t.application_id "
            "join identity_user u on u.id = t.user_id join identity_practice p on p.id = u.practice_id "
            "where u.practice_id = %(practice)s and u.is_active and t.application_id = any(%(apps)s) "
            "order by a.id, u.is_primary desc, u.id, t.rank",
            {"at": at, "practice": practice, "apps": list(applications)},
        )
        return [
            Actor(practice, user, doctor, app, *rights(granted, allowed, permissions, sharing), plan)
            for user, doctor, app, granted, allowed, permissions, sharing, plan in cursor.fetchall()
        ]
