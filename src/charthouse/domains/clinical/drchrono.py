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
from charthouse.resource.declare import Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Field,
    Id,
    Integer,
    Ref,
    Text,
    Wrong,
    plain_text,
)
from charthouse.resource.filters import DateIs, DateRange, RefIs, Where
from charthouse.resource.sql import Slot
from charthouse.resource.times import Date, Timestamp

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
_OF_DOCTOR = RefIs("doctor", to="doctors")
_OF_DOCTOR_ADDED = RefIs("doctor", to="doctors", addition=True)
_OF_PATIENT = RefIs("patient", to="patients")
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
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Ref("doctor", REQUIRED, to="doctors"),
        Integer("icd_version", OPTIONAL, minimum=9, maximum=10, default=10),
        Id("id"),
        Ref("patient", REQUIRED, to="patients"),
        Date("date_changed"),
        Date("date_diagnosis"),
        Date("date_onset"),
        Text("description"),
        Text("icd_code"),
        Text("info_url", READ_ONLY, computed=_info_url, doc="About the diagnosis, for patients."),
        Text("name", doc="Left out, it is the official text of an ICD-10-CM code."),
        Text("notes"),
        Text("status", choices=("active", "inactive", "resolved"), default="active"),
        Text("snomed_ct_code"),
        Text("category", READ_ONLY, addition=True),
        Ref("appointment", OPTIONAL, to="appointments", kept=True, addition=True),
        Text(
            "verification_status",
            choices=(
                "",
                "unconfirmed",
                "provisional",
                "differential",
                "confirmed",
                "refuted",
                "entered-in-error",
            ),
            kept=True,
            addition=True,
        ),
        Date("abatement_date", READ_ONLY, addition=True),
        Text("problem_type", READ_ONLY, addition=True),
    ),
    filters=(_OF_PATIENT, _OF_DOCTOR_ADDED),
    checks=(actions.of_the_patient, actions.name_problem),
    events=plain("PATIENT_PROBLEM_CREATE", "PATIENT_PROBLEM_MODIFY", "PATIENT_PROBLEM_DELETE", ours="delete"),
    example={"doctor": 1, "patient": 12, "icd_code": "E11.9", "date_onset": "2019-05-02"},
)

allergies = Resource(
    path="allergies",
    model=Allergy,
    doc="What patients are allergic to.",
    methods="GET POST PUT PATCH",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Ref("doctor", REQUIRED, to="doctors"),
        Id("id"),
        Ref("patient", REQUIRED, to="patients"),
        Text("description", OPTIONAL, verbose=True),
        Text("notes"),
        Text("reaction"),
        Text("rxnorm", doc="For drugs only."),
        Text("snomed_reaction", choices=REACTIONS, open=True, doc="SNOMED CT."),
        Text("status", choices=("active", "inactive"), default="active"),
        Text(
            "verification_status",
            choices=("confirmed", "unconfirmed", "refuted", "entered-in-error"),
            kept=True,
            addition=True,
        ),
        Text("snomed_code", kept=True, addition=True),
    ),
    filters=(_OF_PATIENT, _OF_DOCTOR_ADDED),
    events=plain("PATIENT_ALLERGY_CREATE", "PATIENT_ALLERGY_MODIFY", "PATIENT_ALLERGY_DELETE", ours="delete"),
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
    scopes=("billing",),
    permissions=("Access Billing", "Show Billing Tab"),
    sharing=SHARED,
    owner="doctor",
    fields=(
        Ref("appointment", READ_ONLY, to="appointments"),
        Text("code", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Date("date", READ_ONLY, doc="Day of the service."),
        Text("description", READ_ONLY),
        Ref("doctor", READ_ONLY, to="doctors"),
        Id("id"),
        Ref("patient", READ_ONLY, to="patients"),
        Text("procedure_type", READ_ONLY, doc="C CPT, H HCPCS, U custom, S SNOMED CT."),
        Text("status", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        _OF_DOCTOR,
        _OF_PATIENT,
        DateIs("service_date", source="date"),
        DateIs("mu_date", source="date", addition=True),
        DateRange("mu_date_range", source="date", addition=True),
    ),
    example={"appointment": 512, "code": "99213", "procedure_type": "C", "date": "2026-03-02"},
)

implantable_devices = Resource(
    path="implantable_devices",
    model=ImplantableDevice,
    doc="Devices in patients' bodies.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        Text("brand_name", READ_ONLY),
        Text("company_name", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Date("expiration_date", READ_ONLY),
        Text("gmdn_pt_name", READ_ONLY, doc="GMDN preferred term, or the SNOMED CT one for it."),
        Id("id"),
        Date("manufacturing_date", READ_ONLY),
        Ref("patient", READ_ONLY, to="patients"),
        Ref("procedure", READ_ONLY, to="procedures"),
        Text("serial_number", READ_ONLY),
        Text("status", READ_ONLY, choices=("active", "inactive")),
        Text("udi", READ_ONLY, doc="Unique device identifier."),
        Timestamp("updated_at", READ_ONLY),
        Text("version_or_model", READ_ONLY),
        Text("lot_number", READ_ONLY, addition=True),
    ),
    filters=(
        _OF_DOCTOR,
        _OF_PATIENT,
        DateIs(
            "mu_date",
            source="created_at",
            zone="doctor__timezone",
            addition=True,
            doc="Day on which it was entered, the doctor's time.",
        ),
        DateRange("mu_date_range", source="created_at", zone="doctor__timezone", addition=True),
    ),
    example={"patient": 12, "brand_name": "Corazon One", "status": "active"},
)


def _plan_type(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    if plain_text(text) not in map(str, PLAN_TYPES):
        raise Wrong(f"Select a valid choice. {text[:100]} is not one of the available choices.")
    return {"plan_type": int(text)}


care_plans = Resource(
    path="care_plans",
    model=CarePlan,
    doc="Goals, instructions and referrals for patients.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Ref("appointment", READ_ONLY, to="appointments"),
        Text("code", READ_ONLY),
        Text("code_system", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Text("description", READ_ONLY),
        Id("id"),
        Text("instructions", READ_ONLY),
        Ref("patient", READ_ONLY, to="patients"),
        Integer(
            "plan_type",
            READ_ONLY,
            doc="1 goal, 2 patient education, 3 decision aid, 4 clinical instruction, 5 referral, 6 health concern.",
        ),
        Date("scheduled_date", READ_ONLY),
        Text("title", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        _OF_DOCTOR,
        _OF_PATIENT,
        Where(
            "plan_type",
            read=_plan_type,
            condition=lambda: Q(plan_type=Slot("plan_type", models.IntegerField())),
            type={"type": "integer", "enum": list(PLAN_TYPES)},
        ),
    ),
    example={"patient": 12, "plan_type": 1, "title": "Walk half an hour a day"},
)

care_team_members = Resource(
    path="care_team_members",
    model=CareTeamMember,
    doc="Who of the practice takes part in a patient's care.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="patient__doctor",
    addition=True,
    rows=Q(archived=False),
    fields=(
        Ref("patient", READ_ONLY, to="patients"),
        Timestamp("created_at", READ_ONLY),
        Ref("appointment", READ_ONLY, to="appointments"),
        Id("id"),
        Ref("user", READ_ONLY, to="users"),
    ),
    filters=(
        _OF_PATIENT,
        RefIs("appointment", to="appointments"),
        RefIs("doctor", source="patient__doctor", to="doctors"),
    ),
    example={"patient": 12, "user": 3},
)

# -- observations -------------------------------------------------------------------------------------------------


def _observation(
    path: str, model: type[Observation], doc: str, systems: tuple[str, ...], code: str
) -> Resource:
    """One of four resources that differ in what they record and by which code systems."""
    fields: tuple[Field, ...] = (
        Text("code", REQUIRED),
        Text("code_system", REQUIRED, choices=systems),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", REQUIRED, to="doctors"),
        Timestamp("effective_time", OPTIONAL),
        Id("id"),
        Text("name", READ_ONLY, doc="What the code means, where its code set is at hand (ICD-10-CM)."),
        Ref("patient", REQUIRED, to="patients"),
        Text("value_code", OPTIONAL),
        Text("value_code_system", OPTIONAL, choices=("SNOMEDCT", "ICD10CM", "LOINC")),
        Text("value_code_name", READ_ONLY, doc="What value_code means."),
        Ref("appointment", READ_ONLY, to="appointments", addition=True),
    )
    return Resource(
        path=path,
        model=model,
        doc=doc,
        methods="GET POST PUT PATCH",
        scopes=("clinical", "patients"),
        permissions=("Access Clinical Notes", "Manage Patients"),
        sharing=SHARED,
        owner="doctor",
        fields=fields,
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
