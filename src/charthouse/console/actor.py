"""Who is at the console, as the engine knows callers."""

from charthouse.engine.actor import Actor
from charthouse.identity.models import RIGHTS, SCOPES, User

_ALL_SCOPES = frozenset(SCOPES)
_ALL_RIGHTS = frozenset(RIGHTS)


def actor_of(user: User) -> Actor:
    """The person as the caller of actions. No app stands between, so no scope limits them; their permissions, the
    practice's sharing and its plan do, as they would in a call of the API. The user must have a practice."""
    practice = user.practice
    if practice is None:
        raise ValueError("Operators have no practice to act in.")
    return Actor(
        practice=practice.pk,
        user=user.pk,
        doctor=user.doctor_id,
        app=None,
        reads=_ALL_SCOPES,
        writes=_ALL_SCOPES,
        permissions=frozenset(user.permissions),
        shared=frozenset(practice.sharing),
        rights=_ALL_RIGHTS,
        plan=practice.plan_type,
    )
