"""``patients/:id/onpatient_access``: invitations and access to the portal. Facts: reference drchrono/resources.yaml."""

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
_RIGHTS: dict[str, Any] = {"of": "patients", "policy": Policy(permissions=())}


def listed(call: Call) -> list[dict[str, Any]]:
    return [_shown(row) for row in portal_access.standing(call.actor.practice, call.row.pk)]


def _shown(row: PortalAccess) -> dict[str, Any]:
    return {
        "activated_on": _moment(row.activated_on),
        "doctor": row.doctor_id,
        "disabled_by": row.disabled_by_id,
        "disabled_on": _moment(row.disabled_on),
        "enabled_by": row.enabled_by_id,
        "enabled_on": _moment(row.enabled_on),
        "id": row.pk,
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S")


def sent(call: Call) -> None:
    portal_access.invite(call.row, call.actor.required_user)


def revoked(call: Call) -> None:
    portal_access.revoke(call.actor.practice, call.row.pk, call.actor.required_user)


OPERATIONS = [
    Operation(
        path=PATH,
        doc="A patient's access to the portal, and an invitation that is pending.",
        run=listed,
        many=True,
        answer=(
            Key("activated_on", Timestamp(), READ_ONLY, doc="When the patient took the invitation."),
            Key("doctor", Reference("doctors"), READ_ONLY),
            Key("disabled_by", Reference("users"), READ_ONLY),
            Key("disabled_on", Timestamp(), READ_ONLY, doc="When it was revoked."),
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
        **_RIGHTS,
    ),
    Operation(
        path=PATH,
        method="POST",
        doc="Send the patient an invitation by e-mail; a pending one stops. 409 for a patient who has access.",
        run=sent,
        status=204,
        **_RIGHTS,
    ),
    Operation(
        path=PATH,
        method="DELETE",
        doc="Revoke a patient's access, or a pending invitation.",
        run=revoked,
        status=204,
        **_RIGHTS,
    ),
]
