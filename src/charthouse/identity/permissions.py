"""Changes of user permissions and sharing switches; all go through these functions, so that each leaves an audit event.

They run in the caller's transaction, which commits the change and its event together.
"""

from collections.abc import Sequence

from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice, User


def set_permissions(user: User, permissions: Sequence[str], *, by: int) -> None:
    """Replace a user's permissions. ``by`` is the id of the user who makes the change."""
    before = User.objects.select_for_update().get(pk=user.pk, practice=user.practice_id).permissions
    if set(before) != set(permissions):
        User.objects.filter(pk=user.pk).update(permissions=list(permissions))
        details = {"user": user.pk} | _diff(before, permissions)
        emit_audit_event("permissions changed", practice_id=user.practice_id, user_id=by, details=details)


def set_sharing(practice_id: int, switches: Sequence[str], *, by: int) -> None:
    """Replace the enabled sharing switches of a practice. ``by`` is the id of the user who makes the change."""
    before = Practice.objects.select_for_update().get(pk=practice_id).sharing
    if set(before) != set(switches):
        Practice.objects.filter(pk=practice_id).update(sharing=list(switches))
        emit_audit_event(
            "sharing changed", practice_id=practice_id, user_id=by, details=_diff(before, switches)
        )


def _diff(before: Sequence[str], after: Sequence[str]) -> dict[str, list[str]]:
    return {"given": sorted(set(after) - set(before)), "taken": sorted(set(before) - set(after))}
