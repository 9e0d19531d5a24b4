"""``patients/:id/onpatient_access``: invitations and access to the portal. Source: reference
drchrono/resources.yaml."""

from datetime import datetime
from typing import Any

from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import PortalAccess
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.values import READ_ONLY

PATH = "patients/{id}/onpatient_access"
_COMMON: dict[str, Any] = {"of": "patients", "policy": Policy(permissions=())}


def list_access(call: Call) -> list[dict[str, Any]]:
    """List the current access of a patient, and a pending invitation."""
    return [_render(row) for row in portal_access.list_current_access(call.actor.practice, call.row.pk)]


def _render(row: PortalAccess) -> dict[str, Any]:
    return {
        "activated_on": _format(row.activated_on),
        "doctor": row.doctor_id,
        "disabled_by": row.disabled_by_id,
        "disabled_on": _format(row.disabled_on),
        "enabled_by": row.enabled_by_id,
        "enabled_on": _format(row.enabled_on),
        "id": row.pk,
    }


def _format(value: datetime | None) -> str | None:
    """Format a timestamp, UTC."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S")


def send_invitation(call: Call) -> None:
    """Send an invitation. Raises Conflict for a patient who has access, Invalid for one without an e-mail address."""
    portal_access.invite(call.row, call.actor.required_user)


def revoke_access(call: Call) -> None:
    """Revoke access, or withdraw an invitation."""
    portal_access.revoke(call.actor.practice, call.row.pk, call.actor.required_user)


OPERATIONS = [
    Operation(
        path=PATH,
        doc="A patient's portal access and pending invitation.",
        run=list_access,
        many=True,
        answer=(
            Key("activated_on", Timestamp(), READ_ONLY, doc="When the patient accepted the invitation."),
            Key("doctor", Reference("doctors"), READ_ONLY),
            Key("disabled_by", Reference("users"), READ_ONLY),
            Key("disabled_on", Timestamp(), READ_ONLY, doc="When access was revoked."),
            Key("enabled_by", Reference("users"), READ_ONLY),
            Key("enabled_on", Timestamp(), READ_ONLY, doc="When the invitation was sent."),
            Key("id", Id(), READ_ONLY),
        ),
        example={
            "doctor": 1,
            "enabled_by": 3,
            "enabled_on": "2026-03-02T14:30:00",
            "activated_on": None,
            "id": 7,
        },
        **_COMMON,
    ),
    Operation(
        path=PATH,
        method="POST",
        doc=(
            "Email the patient an invitation; a pending invitation is revoked. 409 if the patient "
            "already has access."
        ),
        run=send_invitation,
        status=204,
        **_COMMON,
    ),
    Operation(
        path=PATH,
        method="DELETE",
        doc="Revoke a patient's access, or a pending invitation.",
        run=revoke_access,
        status=204,
        **_COMMON,
    ),
]
