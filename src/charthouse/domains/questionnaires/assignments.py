"""Hooks of the assignment of questionnaires to patients."""

from typing import Any

from charthouse.domains.patients import portal_notices
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict


@hook()
def set_asked_by(change: Change) -> None:
    """Set the user who assigns a questionnaire."""
    if change.row is None:
        change.set_columns(asked_by_id=change.actor.required_user)


@hook(keys=("patient",))
def notify_patient(change: Change, row: Any) -> None:
    """Tell the patient by e-mail that a questionnaire waits in the portal."""
    if change.operation == "create":
        portal_notices.queue_notice(row.patient, "questionnaire")


@hook()
def check_not_answered(change: Change) -> None:
    """Reject withdrawing what was answered. Raises Conflict."""
    if change.operation == "delete" and change.row.answered_at is not None:
        raise Conflict("The patient has answered already.")
