"""Problems in the DrChrono API. Source: reference drchrono/resources.yaml."""

from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat

from charthouse.domains.clinical import hooks
from charthouse.domains.clinical.drchrono.filters import OF_DOCTOR_ADDITION, OF_PATIENT
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    Problem,
)
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

_MEDLINEPLUS = (
    "https://connect.medlineplus.gov/application?mainSearchCriteria.v.cs=2.16.840.1.113883.6.{system}"
    "&mainSearchCriteria.v.c="
)


def _select_info_url() -> Any:
    """Return the MedlinePlus Connect page of a diagnosis; null for what is no code."""
    code = Q(icd_code__regex=r"^[A-Za-z0-9.]+$")
    systems = {10: "90", 9: "103"}
    return Case(
        *(
            When(
                code & Q(icd_version=version),
                then=Concat(Value(_MEDLINEPLUS.format(system=system)), F("icd_code")),
            )
            for version, system in systems.items()
        ),
        output_field=models.TextField(),
    )


problems = Resource(
    path="problems",
    model=Problem,
    doc="Patients' diagnoses.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("icd_version", Integer(minimum=9, maximum=10), OPTIONAL, default=10),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("date_changed", Date(past=True)),
        Key("date_diagnosis", Date(past=True)),
        Key("date_onset", Date(past=True)),
        Key("description", Text(multiline=True)),
        Key("icd_code", Text()),
        Key(
            "info_url",
            Text(),
            READ_ONLY,
            source=Expression(_select_info_url),
            doc="Information about the diagnosis, for patients.",
        ),
        Key("name", Text(), doc="If omitted, the official text of the ICD-10-CM code."),
        Key("notes", Text(multiline=True)),
        Key("status", Text(choices=("active", "inactive", "resolved")), default="active"),
        Key("snomed_ct_code", Text()),
        Key("category", Text(), READ_ONLY, addition=True),
        Key("appointment", Reference("appointments"), OPTIONAL, keep_on_put=True, addition=True),
        Key(
            "verification_status",
            Text(
                choices=(
                    "",
                    "unconfirmed",
                    "provisional",
                    "differential",
                    "confirmed",
                    "refuted",
                    "entered-in-error",
                )
            ),
            keep_on_put=True,
            addition=True,
        ),
        Key("abatement_date", Date(), READ_ONLY, addition=True),
        Key("problem_type", Text(), READ_ONLY, addition=True),
    ),
    filters=(OF_PATIENT, OF_DOCTOR_ADDITION),
    checks=(hooks.check_appointment_of_patient, hooks.label_problem),
    events=plain_events(
        "PATIENT_PROBLEM_CREATE", "PATIENT_PROBLEM_MODIFY", "PATIENT_PROBLEM_DELETE", own="delete"
    ),
    example={"doctor": 1, "patient": 12, "icd_code": "E11.9", "date_onset": "2019-05-02"},
)

RESOURCES = [problems]
