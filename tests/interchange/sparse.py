"""Charts in which values are left out, and rows with every value of a column."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction

from charthouse.domains.billing.models import LineItem
from charthouse.domains.clinical.models import (
    Allergy,
    CarePlan,
    CareTeamMember,
    ClinicalNote,
    EncounterType,
    ImplantableDevice,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
    Problem,
    Procedure,
)
from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.labs.models import LabResult, LabTest, PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients import codes
from charthouse.domains.patients.models import Coverage, Patient
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import Appointment, Vitals
from charthouse.identity import tenancy
from charthouse.identity.models import User
from charthouse.interchange.ccda.payers import RELATIONSHIPS
from charthouse.interchange.cda.codes import INTERPRETATIONS, ROUTES, SMOKING
from tests.interchange.chart import AT, DAY, VITALS, Record

# Tables of which a chart has many rows → which of them can be copied.
LISTED: dict[type[Any], dict[str, Any]] = {
    Problem: {}, Allergy: {}, Medication: {}, Procedure: {}, CarePlan: {}, ImplantableDevice: {},
    PatientIntervention: {}, PatientCommunication: {}, PatientPhysicalExam: {}, PatientRiskAssessment: {},
    PatientVaccineRecord: {}, PatientLabResult: {}, LabTest: {}, LabResult: {}, Appointment: {},
    Vitals: {"appointment": None},
    ClinicalNote: {"appointment": None},
}  # fmt: skip
# Tables of which it has one, or few.
SINGLE: tuple[type[Any], ...] = (Patient, Doctor, Office, User, Coverage, Vitals)
# Columns that may be null, but without which the row is not in the document.
REQUIRED: dict[type[Any], tuple[str, ...]] = {
    User: ("practice_id",),
    Coverage: ("insurance_company",),
    Appointment: ("patient_id",),
    Vitals: ("appointment_id", "patient_id", "taken_at"),
    ClinicalNote: ("encounter_type_id", "date_of_service", "locked_at"),
}
SUBSCRIBER = {
    "insurance_company": "Aetna", "insurance_payer_id": "60054", "insurance_id_number": "W1",
    "insurance_group_name": "ACME", "insurance_group_number": "G1", "insurance_plan_name": "Gold",
    "insurance_plan_type": "12", "is_subscriber_the_patient": False, "patient_relationship_to_subscriber": "19",
    "subscriber_first_name": "Anne", "subscriber_middle_name": "I", "subscriber_last_name": "Milbanke",
    "subscriber_date_of_birth": "1960-05-17", "subscriber_address": "2 Elm Street", "subscriber_city": "Boulder",
    "subscriber_state": "CO", "subscriber_zip_code": "80301",
}  # fmt: skip
RANGES = ("70 99", "70-99", "70 to 99 mg/dL", "<5.7", ">= 60", "negative", "see comment", "1:80", "-2.5 2.5")
FLAGS = ("", *INTERPRETATIONS, "?")
# Values of columns, each of which gets a row.
VALUES: dict[type[Any], dict[str, Iterable[Any]]] = {
    Problem: {
        "status": ("active", "inactive", "resolved"), "icd_version": (9, 10),
        "icd_code": ("E119", "e11.9", "250.00", "?"),
        "verification_status": ("", "confirmed", "refuted", "entered-in-error"), "snomed_ct_code": ("59621000", "none"),
    },
    Allergy: {
        "status": ("active", "inactive"), "verification_status": ("confirmed", "refuted", "entered-in-error"),
        "rxnorm": ("7980", "Penicillin"), "snomed_code": ("91936005", "?"), "snomed_reaction": ("247472004", "hives"),
    },
    Medication: {
        "status": ("active", "inactive"), "route": ROUTES, "prn": (True, False), "date_stopped_taking": (DAY,),
        "ndc": ("0069-2587-10", "none"), "frequency": ("Once a day", "every 6 hours", "at bedtime", "twice daily"),
        "dosage_quantity": ("1-2", "half", "0.5"), "dosage_units": ("mg", "tablets", "two puffs"),
    },
    Procedure: {
        "status": ("completed", "active", "in-progress", "aborted", "cancelled", "other"),
        "procedure_type": ("C", "H", "S", "U"), "code": ("99213", "A0425", "80146002", "house 1"),
    },
    CarePlan: {"plan_type": range(1, 7), "code_system": ("SNOMED", "LOINC", "ICD10", "other"),
               "code": ("409073007", "x y")},
    ImplantableDevice: {"status": ("active", "inactive")},
    PatientVaccineRecord: {"completion_status": ("CP", "RE", "NA", "PA", "")},
    PatientLabResult: {
        "lab_normal_range": RANGES, "lab_abnormal_flag": FLAGS, "lab_result_value": ("5", "<5", "positive"),
        "lab_result_value_units": ("mg/dL", "per day"), "loinc_code": ("10368-9", "10368"),
    },
    LabTest: {"code": ("24323-8", "CMP")},
    LabResult: {
        "normal_range": RANGES, "abnormal_status": FLAGS, "status": ("P", "I", "C", "F", "X"),
        "value_is_numeric": (True, False),
        "observation_code": ("2345-7", "GLU"),
    },
    Patient: {
        "gender": ("", "Male", "Female", "Other"), "race": ("indian", "declined", "blank"),
        "date_of_death": ("2026-03-03",), "patient_status": ("A", "I", "D"),
        "ethnicity": ("hispanic", "declined"), "preferred_language": ("eng", "other", "zzz"),
    },
    Office: {"country": ("US", "CA")},
    Coverage: {
        "insurance_plan_type": codes.PLAN_TYPES, "patient_relationship_to_subscriber": (*RELATIONSHIPS, "21"),
        "is_subscriber_the_patient": (True,),
    },
    Vitals: {"smoking_status": SMOKING, "height_units": ("cm", "inches"),
             "weight_units": ("kg", "lbs"), "temperature_units": ("f", "c")},
}  # fmt: skip


def fill_header(record: Record) -> None:
    """Give patient, doctor, office and insurance every value that the document shows."""
    record.rewrite(
        nick_name="Countess", chart_id="A-1", cell_phone="303-555-0103", office_phone="303-555-0104"
    )
    with tenancy.within(record.clinic.id):
        Office.objects.filter(pk=record.office.pk).update(
            address="3 Elm Street", city="Boulder", state="CO", zip_code="80301", phone_number="303-555-0105"
        )
        Doctor.objects.filter(pk=record.doctor.pk).update(
            suffix="MD", group_npi_number="1234567893", office_phone="303-555-0106"
        )
        for rank in Coverage.Rank:
            Coverage.objects.update_or_create(
                practice=record.clinic.practice, patient_id=record.patient_id, rank=rank, defaults=SUBSCRIBER
            )
    record.make(CareTeamMember, patient_id=record.patient_id, user=record.clinic.user)


def add_rows(record: Record) -> None:
    """Fill the chart, and add what ``fill`` leaves out."""
    visit = record.fill()
    for model in (PatientIntervention, PatientCommunication, PatientRiskAssessment):
        record.own(model, code="409073007", code_system="SNOMEDCT", name="Education", effective_time=AT)
    measured = {**VITALS, "head_circumference": "22"}
    record.make(Vitals, patient_id=record.patient_id, taken_at=AT, comments="At home", **measured)
    record.own(
        LineItem, appointment_id=visit, code="99213", procedure_type="C", price="90", description="Visit"
    )
    kind = record.make(EncounterType, name="Call")
    record.make(ClinicalNote, patient_id=record.patient_id, encounter_type=kind, date_of_service=DAY, title="Call",
                content="Better.", locked_at=AT, locked_by=record.clinic.user)  # fmt: skip


def list_changes(row: models.Model) -> Iterator[dict[str, Any]]:
    """List what to change of a row: each value that it has and may lack is left out, and all of them, and each value of
    VALUES is tried."""
    left_out = {}
    for field in row._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField)
        if getattr(row, field.attname) not in (None, "") and (field.null or (is_text and field.blank)):
            left_out[field.attname] = None if field.null else ""
        for value in VALUES.get(type(row), {}).get(field.name, ()):
            yield {field.attname: value}
    for column in REQUIRED.get(type(row), ()):
        left_out.pop(column, None)
    yield from ({column: empty} for column, empty in left_out.items())
    yield left_out


def spread(record: Record) -> int:
    """Copy each row of the listed tables once for each change. Return how many copies there are."""
    made = 0
    result = LabResult.objects.filter(practice=record.clinic.practice)
    with tenancy.within(record.clinic.id), transaction.atomic():
        for model, conditions in LISTED.items():
            for row in model.objects.filter(practice=record.clinic.practice, **conditions):
                for values in list_changes(row):
                    copied = model.objects.create(**_columns(row) | values)
                    if model is LabTest:  # shown with its results
                        LabResult.objects.create(**_columns(result[0]) | {"lab_test_id": copied.pk})
                    made += 1
    return made


def _columns(row: models.Model) -> dict[str, Any]:
    fields = row._meta.concrete_fields
    return {field.attname: getattr(row, field.attname) for field in fields if not field.primary_key}


@contextmanager
def change_rows(changes: Iterable[tuple[Any, dict[str, Any]]], practice: int) -> Iterator[None]:
    """Give rows other values, and their own back."""
    changes = list(changes)
    with tenancy.within(practice):
        for row, values in changes:
            type(row).objects.filter(pk=row.pk).update(**values)
    yield
    with tenancy.within(practice):
        for row, values in changes:
            own = {column: getattr(row, column) for column in values}
            type(row).objects.filter(pk=row.pk).update(**own)
