"""Appointments as the people see them who book them and receive patients: without billing or clinical permissions."""

from dataclasses import replace

from charthouse.domains.scheduling.drchrono.appointments import appointments
from charthouse.engine.declaration.hooks import list_read_keys
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import WRITE_ONLY

SCHEDULING = ("Access Scheduling",)
_CLINICAL = {"vitals", "custom_vitals", "clinical_note", "icd10_codes", "icd9_codes", "billing_notes"}

# DrChrono asks for the permissions of billing and notes; a front desk that books has neither.
schedule = replace(
    appointments,
    path="schedule",
    doc="Appointments without what is clinical: for those who book and receive patients.",
    policy=Policy(scopes=("calendar",), permissions=SCHEDULING, sharing="share_patients", owner="doctor"),
    keys=(
        *(key for key in appointments.keys if key.name not in _CLINICAL),
        Key(
            "status_reason",
            Text(max_length=200),
            WRITE_ONLY,
            source=UNSTORED,
            doc="Why the status changes: stands with the change.",
        ),
    ),
    checks=tuple(check for check in appointments.checks if not _CLINICAL & {*list_read_keys(check)}),
    events=(),
)
RESOURCES = (schedule,)
