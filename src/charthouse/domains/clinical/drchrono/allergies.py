"""Allergies in the DrChrono API. Source: reference drchrono/resources.yaml, enums.yaml."""

from charthouse.domains.clinical.codes import ALLERGY_REACTIONS
from charthouse.domains.clinical.drchrono.filters import OF_DOCTOR_ADDITION, OF_PATIENT
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    Allergy,
)
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

allergies = Resource(
    path="allergies",
    model=Allergy,
    doc="Patients' allergies.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("description", Text(multiline=True), OPTIONAL, verbose=True),
        Key("notes", Text(multiline=True)),
        Key("reaction", Text()),
        Key("rxnorm", Text(), doc="Drugs only."),
        Key("snomed_reaction", Text(choices=ALLERGY_REACTIONS, open=True), doc="SNOMED CT."),
        Key("status", Text(choices=("active", "inactive")), default="active"),
        Key(
            "verification_status",
            Text(choices=("confirmed", "unconfirmed", "refuted", "entered-in-error")),
            keep_on_put=True,
            addition=True,
        ),
        Key("snomed_code", Text(), keep_on_put=True, addition=True),
    ),
    filters=(OF_PATIENT, OF_DOCTOR_ADDITION),
    events=plain_events(
        "PATIENT_ALLERGY_CREATE", "PATIENT_ALLERGY_MODIFY", "PATIENT_ALLERGY_DELETE", own="delete"
    ),
    example={
        "doctor": 1,
        "patient": 12,
        "description": "Penicillin G",
        "rxnorm": "7980",
        "reaction": "Hives",
        "snomed_reaction": "247472004",
    },
)

RESOURCES = [allergies]
