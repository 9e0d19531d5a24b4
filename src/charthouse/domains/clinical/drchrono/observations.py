"""Interventions, physical exams, risk assessments and communications in the DrChrono API. Source: reference
drchrono/resources.yaml."""

from charthouse.domains.clinical import hooks
from charthouse.domains.clinical.drchrono.filters import OF_DOCTOR, OF_PATIENT
from charthouse.domains.clinical.drchrono.policy import SHARED
from charthouse.domains.clinical.models import (
    Observation,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED


def _make_observation(
    path: str, model: type[Observation], doc: str, systems: tuple[str, ...], code: str
) -> Resource:
    """Return one of four resources that differ in model and code systems."""
    fields: tuple[Key, ...] = (
        Key("code", Text(), REQUIRED),
        Key("code_system", Text(choices=systems), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("effective_time", Timestamp(past=True), OPTIONAL),
        Key("id", Id(), READ_ONLY),
        Key(
            "name", Text(), READ_ONLY, doc="The code's description, if its code set is available (ICD-10-CM)."
        ),
        Key("patient", Reference("patients"), REQUIRED),
        Key("value_code", Text(), OPTIONAL),
        Key("value_code_system", Text(choices=("SNOMEDCT", "ICD10CM", "LOINC")), OPTIONAL),
        Key("value_code_name", Text(), READ_ONLY, doc="Description of value_code."),
        Key("appointment", Reference("appointments"), READ_ONLY, addition=True),
    )
    return Resource(
        path=path,
        model=model,
        doc=doc,
        methods="GET POST PUT PATCH",
        policy=Policy(
            scopes=("clinical", "patients"),
            permissions=("Access Clinical Notes", "Manage Patients"),
            sharing=SHARED,
            owner="doctor",
        ),
        keys=fields,
        filters=(OF_DOCTOR, OF_PATIENT),
        checks=(hooks.label_codes,),
        example={"code": code, "code_system": systems[0], "doctor": 1, "patient": 12},
    )


patient_interventions = _make_observation(
    "patient_interventions",
    PatientIntervention,
    "Interventions for patients: counseling, referral, therapy.",
    ("SNOMEDCT", "HCPCS", "CPT", "ICD10CM"),
    "225323000",
)

patient_physical_exams = _make_observation(
    "patient_physical_exams",
    PatientPhysicalExam,
    "Patients' physical exams and their findings.",
    ("SNOMEDCT", "LOINC"),
    "5880005",
)

patient_risk_assessments = _make_observation(
    "patient_risk_assessments",
    PatientRiskAssessment,
    "Patients' risk assessments.",
    ("SNOMEDCT", "LOINC"),
    "225338004",
)

patient_communications = _make_observation(
    "patient_communications",
    PatientCommunication,
    "Communications about care between patients, providers, and others.",
    ("SNOMEDCT",),
    "371545006",
)

RESOURCES = [patient_interventions, patient_physical_exams, patient_risk_assessments, patient_communications]
