"""Authorizations in force: the users who have granted an app access and not revoked it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connections

from charthouse.engine.actor import Actor
from charthouse.identity.bearer_tokens import parse_rights

# Scopes come from the live refresh token or, where there is none, from the live access token.
LIVE_TOKENS_SQL = """
    select application_id, user_id, scope, 1 as rank from identity_refreshtoken where revoked is null
    union all
    select application_id, user_id, scope, 2 from identity_accesstoken where revoked is null and expires > %(at)s
"""


def list_actors(practice_id: int, app_ids: Iterable[int], at: datetime, using: str = "owner") -> list[Actor]:
    """List the users of a practice for whom each app holds a live token, as actors.

    Ordered by app; the primary user first, then by user id. ``at`` is aware; ``using`` a database alias.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "select distinct on (a.id, u.is_primary, u.id) u.id, u.doctor_id, a.id, t.scope, "  # noqa: S608
            "array_to_string(a.scopes, ' '), array_to_string(u.permissions, ','), "
            "array_to_string(p.sharing, ','), p.plan_type "
            f"from ({LIVE_TOKENS_SQL}) t join identity_application a on a.id = t.application_id "
            "join identity_user u on u.id = t.user_id join identity_practice p on p.id = u.practice_id "
            "where u.practice_id = %(practice)s and u.is_active and t.application_id = any(%(apps)s) "
            "order by a.id, u.is_primary desc, u.id, t.rank",
            {"at": at, "practice": practice_id, "apps": list(app_ids)},
        )
        return [
            Actor(practice_id, user, doctor, app, *parse_rights(granted, allowed, permissions, sharing), plan)
            for user, doctor, app, granted, allowed, permissions, sharing, plan in cursor.fetchall()
        ]
