"""Access to the portal in Cerbo's API: inviting a patient, and checking a patient's username and password. Source:
seed 002; reference cerbo/operations.yaml, behaviour.md."""

from typing import Any

from charthouse.domains.patients import portal_access, portal_credentials
from charthouse.domains.patients.cerbo.emails import RESULT_KEYS
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.cerbo.credentials import declare_credential_check, make_person
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import REQUIRED
from charthouse.engine.errors import Invalid
from charthouse.identity.api_user_limits import enforce_spacing
from charthouse.identity.audit_events import emit_audit_event

SCOPES = ("patient_portal",)


def invite(call: Call) -> dict[str, Any]:
    """E-mail a link to the patient's primary address: an invitation, or a link to a new password for a patient who has
    access. Raises Invalid for a patient who is not active."""
    patient = call.row
    if patient.patient_status != "A":
        raise Invalid({"patient_id": ["The patient is not active."]})
    enforce_spacing("email_per_patient", patient.pk)
    portal_access.invite_or_send_password_link(patient, call.actor.user, api_user=call.actor.api_user)
    return {"result": True, "message": "The invitation will be sent."}


def describe_status(patient: Patient) -> str:
    """Return the status as ``patient_status_description`` of a patient shows it."""
    words = {"A": "active", "D": "deceased"}
    return words.get(patient.patient_status, "prospective" if patient.is_prospective else "inactive")


def find_patient(call: Call) -> dict[str, Any] | None:
    """Find the patient who has this username and password. A wrong pair takes as long as a right one."""
    found = portal_credentials.authenticate(
        call.actor.practice, call.values["username"], call.values["password"]
    )
    name = portal_credentials.normalize_username(call.values["username"])
    whose = found or portal_credentials.find_active_access(call.actor.practice, name)
    emit_audit_event(
        "portal credentials checked",
        practice_id=call.actor.practice,
        api_user_id=call.actor.api_user,
        patient_id=whose and whose.patient_id,
        details={"right": found is not None},
    )
    if found is None:
        return None
    call.shown_rows[Patient] = [found.patient_id]
    patient, hidden = found.patient, call.actor.anonymous
    who = {
        "first_name": patient.first_name,
        "last_name": patient.last_name,
        "email_address": patient.email,
    }
    shown = dict.fromkeys(who, "") if hidden else who
    return {"id": patient.pk, **shown, "status": describe_status(patient)}


OPERATIONS = [
    Operation(
        path="patients/{id}/portal/invite",
        of="patients",
        method="POST",
        doc=(
            "Email a patient a link to the portal, or a password reset link if the patient already "
            "has access."
        ),
        answer=RESULT_KEYS,
        run=invite,
        policy=Policy(scopes=SCOPES, rate_class="email_trigger"),
        example={"result": True, "message": "The invitation will be sent."},
    ),
    declare_credential_check(
        "patients/portal/validate_credentials",
        "patient_portal",
        doc="Check whether a patient can sign in to the portal with this name and password.",
        find=find_patient,
        name=Key("username", Text(max_length=254), REQUIRED, source=UNSTORED),
        details="patient_details",
        who=make_person("first_name", "last_name", "email_address", "status"),
        example={
            "username": "amara@example.com",
            "patient_details": {"id": 12, "first_name": "Amara", "status": "active"},
        },
    ),
]
