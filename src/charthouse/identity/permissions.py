"""Changing what people may do and what doctors share: the only place that does, so that none goes unnoticed.

Within the caller's transaction; the change and its event stand or fall together.
"""

from collections.abc import Sequence

from charthouse.identity.events import tell
from charthouse.identity.models import Practice, User


def permit(person: User, permissions: Sequence[str], *, by: int) -> None:
    """Give ``person`` exactly these permissions. ``by`` is the user who decides."""
    before = User.objects.select_for_update().get(pk=person.pk, practice=person.practice_id).permissions
    if set(before) != set(permissions):
        User.objects.filter(pk=person.pk).update(permissions=list(permissions))
        details = {"user": person.pk} | _difference(before, permissions)
        tell("permissions changed", practice_id=person.practice_id, user_id=by, details=details)


def share(practice: int, switches: Sequence[str], *, by: int) -> None:
    """Turn exactly these sharing switches of a practice on."""
    before = Practice.objects.select_for_update().get(pk=practice).sharing
    if set(before) != set(switches):
        Practice.objects.filter(pk=practice).update(sharing=list(switches))
        tell("sharing changed", practice_id=practice, user_id=by, details=_difference(before, switches))


def _difference(before: Sequence[str], after: Sequence[str]) -> dict[str, list[str]]:
    return {"given": sorted(set(after) - set(before)), "taken": sorted(set(before) - set(after))}
