"""The user of the console as the engine's actor."""

from charthouse.engine.actor import Actor
from charthouse.identity.models import RIGHTS, SCOPES, User

_ALL_SCOPES = frozenset(SCOPES)
_ALL_RIGHTS = frozenset(RIGHTS)


def build_actor(user: User) -> Actor:
    """Build the actor of a user who belongs to a practice. Raises ValueError for operators.

    No app is involved, so no scope limits the user; permissions, the practice's sharing and its plan do, as in API
    calls.
    """
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
