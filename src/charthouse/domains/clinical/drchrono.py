"""The lists of a chart as DrChrono shows them. Facts: reference drchrono/resources.yaml, enums.yaml."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat

from charthouse.domains.clinical import actions, drchrono_notes
from charthouse.domains.clinical.drchrono_notes import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    Allergy,
    CarePlan,
    CareTeamMember,
    ImplantableDevice,
    Observation,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
    Problem,
    Procedure,
)
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, InvalidValue, parse_text
from charthouse.engine.sql.expressions import BoundParameter

PLAN_TYPES = range(1, 7)
REACTIONS = (  # SNOMED CT; reference enums.yaml snomed_reaction
    "",
    "14669001",
    "4448006",
    "39579001",
    "57676002",
    "43724002",
    "49727002",
    "386661006",
    "25064002",
    "247472004",
    "271795006",
    "68962001",
    "68235000",
    "422587007",
    "95388000",
    "271807003",
    "271825005",
    "64531003",
    "267036007",
    "162397003",
    "65124004",
)
_OF_DOCTOR = Filter("doctor", Reference("doctors"))
_OF_DOCTOR_ADDED = Filter("doctor", Reference("doctors"), addition=True)
_OF_PATIENT = Filter("patient", Reference("patients"))
_MEDLINEPLUS = (
    "https://connect.medlineplus.gov/application?mainSearchCriteria.v.cs=2.16.840.1.113883.6.{system}"
    "&mainSearchCriteria.v.c="
)


def _info_url() -> Any:
    """MedlinePlus Connect's page on the diagnosis; null for what can't be a code."""
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
    doc="Diagnoses of patients.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("icd_version", Integer(minimum=9, maximum=10), OPTIONAL, default=10),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("date_changed", Date()),
        Key("date_diagnosis", Date()),
        Key("date_onset", Date()),
        Key("description", Text()),
        Key("icd_code", Text()),
        Key(
            "info_url",
            Text(),
            READ_ONLY,
            source=Expression(_info_url),
            doc="About the diagnosis, for patients.",
        ),
        Key("name", Text(), doc="Left out, it is the official text of an ICD-10-CM code."),
        Key("notes", Text()),
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
    filters=(_OF_PATIENT, _OF_DOCTOR_ADDED),
    checks=(actions.of_the_patient, actions.name_problem),
    events=plain_events(
        "PATIENT_PROBLEM_CREATE", "PATIENT_PROBLEM_MODIFY", "PATIENT_PROBLEM_DELETE", own="delete"
    ),
    example={"doctor": 1, "patient": 12, "icd_code": "E11.9", "date_onset": "2019-05-02"},
)

allergies = Resource(
    path="allergies",
    model=Allergy,
    doc="What patients are allergic to.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("description", Text(), OPTIONAL, verbose=True),
        Key("notes", Text()),
        Key("reaction", Text()),
        Key("rxnorm", Text(), doc="For drugs only."),
        Key("snomed_reaction", Text(choices=REACTIONS, open=True), doc="SNOMED CT."),
        Key("status", Text(choices=("active", "inactive")), default="active"),
        Key(
            "verification_status",
            Text(choices=("confirmed", "unconfirmed", "refuted", "entered-in-error")),
            keep_on_put=True,
            addition=True,
        ),
        Key("snomed_code", Text(), keep_on_put=True, addition=True),
    ),
    filters=(_OF_PATIENT, _OF_DOCTOR_ADDED),
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

procedures = Resource(
    path="procedures",
    model=Procedure,
    doc="What was done at visits.",
    methods="GET",
    policy=Policy(
        scopes=("billing",),
        permissions=("Access Billing", "Show Billing Tab"),
        sharing=SHARED,
        owner="doctor",
    ),
    keys=(
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("code", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("date", Date(), READ_ONLY, doc="Day of the service."),
        Key("description", Text(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("procedure_type", Text(), READ_ONLY, doc="C CPT, H HCPCS, U custom, S SNOMED CT."),
        Key("status", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        _OF_DOCTOR,
        _OF_PATIENT,
        Filter("service_date", Date(), OnDay(), source="date"),
        Filter("mu_date", Date(), OnDay(), source="date", addition=True),
        Filter("mu_date_range", Date(), InDays(), source="date", addition=True),
    ),
    example={"appointment": 512, "code": "99213", "procedure_type": "C", "date": "2026-03-02"},
)

implantable_devices = Resource(
    path="implantable_devices",
    model=ImplantableDevice,
    doc="Devices in patients' bodies.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("brand_name", Text(), READ_ONLY),
        Key("company_name", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("expiration_date", Date(), READ_ONLY),
        Key("gmdn_pt_name", Text(), READ_ONLY, doc="GMDN preferred term, or the SNOMED CT one for it."),
        Key("id", Id(), READ_ONLY),
        Key("manufacturing_date", Date(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("procedure", Reference("procedures"), READ_ONLY),
        Key("serial_number", Text(), READ_ONLY),
        Key("status", Text(choices=("active", "inactive")), READ_ONLY),
        Key("udi", Text(), READ_ONLY, doc="Unique device identifier."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("version_or_model", Text(), READ_ONLY),
        Key("lot_number", Text(), READ_ONLY, addition=True),
    ),
    filters=(
        _OF_DOCTOR,
        _OF_PATIENT,
        Filter(
            "mu_date",
            Date(),
            OnDay("doctor__timezone"),
            source="created_at",
            addition=True,
            doc="Day on which it was entered, the doctor's time.",
        ),
        Filter("mu_date_range", Date(), InDays("doctor__timezone"), source="created_at", addition=True),
    ),
    example={"patient": 12, "brand_name": "Corazon One", "status": "active"},
)


def _plan_type(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    if parse_text(text) not in map(str, PLAN_TYPES):
        raise InvalidValue(f"Select a valid choice. {text[:100]} is not one of the available choices.")
    return {"plan_type": int(text)}


care_plans = Resource(
    path="care_plans",
    model=CarePlan,
    doc="Goals, instructions and referrals for patients.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("code", Text(), READ_ONLY),
        Key("code_system", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("instructions", Text(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key(
            "plan_type",
            Integer(),
            READ_ONLY,
            doc="1 goal, 2 patient education, 3 decision aid, 4 clinical instruction, 5 referral, 6 health concern.",
        ),
        Key("scheduled_date", Date(), READ_ONLY),
        Key("title", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        _OF_DOCTOR,
        _OF_PATIENT,
        Condition(
            "plan_type",
            read=_plan_type,
            condition=lambda: Q(plan_type=BoundParameter("plan_type", models.IntegerField())),
            described={"type": "integer", "enum": list(PLAN_TYPES)},
        ),
    ),
    example={"patient": 12, "plan_type": 1, "title": "Walk half an hour a day"},
)

care_team_members = Resource(
    path="care_team_members",
    model=CareTeamMember,
    doc="Who of the practice takes part in a patient's care.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="patient__doctor"),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("patient", Reference("patients"), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("user", Reference("users"), READ_ONLY),
    ),
    filters=(
        _OF_PATIENT,
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="patient__doctor"),
    ),
    example={"patient": 12, "user": 3},
)

# -- observations -------------------------------------------------------------------------------------------------


def _observation(
    path: str, model: type[Observation], doc: str, systems: tuple[str, ...], code: str
) -> Resource:
    """One of four resources that differ in what they record and by which code systems."""
    fields: tuple[Key, ...] = (
        Key("code", Text(), REQUIRED),
        Key("code_system", Text(choices=systems), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("effective_time", Timestamp(), OPTIONAL),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY, doc="What the code means, where its code set is at hand (ICD-10-CM)."),
        Key("patient", Reference("patients"), REQUIRED),
        Key("value_code", Text(), OPTIONAL),
        Key("value_code_system", Text(choices=("SNOMEDCT", "ICD10CM", "LOINC")), OPTIONAL),
        Key("value_code_name", Text(), READ_ONLY, doc="What value_code means."),
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
        filters=(_OF_DOCTOR, _OF_PATIENT),
        checks=(actions.name_codes,),
        example={"code": code, "code_system": systems[0], "doctor": 1, "patient": 12},
    )


RESOURCES = [
    *drchrono_notes.RESOURCES,
    problems,
    allergies,
    procedures,
    implantable_devices,
    care_plans,
    care_team_members,
    _observation(
        "patient_interventions",
        PatientIntervention,
        "What was done to change a patient's course: counseling, referral, therapy.",
        ("SNOMEDCT", "HCPCS", "CPT", "ICD10CM"),
        "225323000",
    ),
    _observation(
        "patient_physical_exams",
        PatientPhysicalExam,
        "Examinations of patients and what they found.",
        ("SNOMEDCT", "LOINC"),
        "5880005",
    ),
    _observation(
        "patient_risk_assessments",
        PatientRiskAssessment,
        "Assessed risks of patients.",
        ("SNOMEDCT", "LOINC"),
        "225338004",
    ),
    _observation(
        "patient_communications",
        PatientCommunication,
        "What passed between patients, providers and others about care.",
        ("SNOMEDCT",),
        "371545006",
    ),
]
