"""The lists of a patient's chart: problems, allergies, procedures, care plans, care teams, devices, observations."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.clinical.models import (
    Allergy,
    CarePlan,
    CareTeamMember,
    ImplantableDevice,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
    Problem,
    Procedure,
)
from charthouse.domains.medications.models import Medication, PrescriptionMessage
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.clinical.conditions import PatientCondition
from charthouse.sandbox.clinical.notes import link_to_visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.chart_entries import (
    ALLERGIES,
    ALLERGIES_BY_NAME,
    CARE_PLANS,
    CHILD_DEVICE,
    DEVICES,
    OBSERVATIONS,
    PROCEDURES,
    SMOKING_EDUCATION,
)
from charthouse.sandbox.data.conditions.condition import TABLET_AGE
from charthouse.sandbox.data.drugs import DRUGS_BY_NAME
from charthouse.sandbox.loader import Row
from charthouse.sandbox.medications import Prescriptions
from charthouse.sandbox.patients.record import PatientRecord, is_child
from charthouse.sandbox.scheduling.visit_reasons import find_complaint
from charthouse.sandbox.scheduling.vitals import DAILY_SMOKER, SMOKER, get_smoking_status

OBSERVATION_MODELS = {
    "interventions": PatientIntervention,
    "exams": PatientPhysicalExam,
    "risks": PatientRiskAssessment,
    "communications": PatientCommunication,
}
MODELS = (
    Problem,
    Medication,
    PrescriptionMessage,
    Allergy,
    Procedure,
    CarePlan,
    CareTeamMember,
    ImplantableDevice,
    *OBSERVATION_MODELS.values(),
)


DAYS_ILL = 10  # of an illness and its treatment


def list_allergies(patient: PatientRecord) -> Sequence[str]:
    """List the names of a patient's allergies: as described, else one for one patient of four, by the id."""
    if patient.featured and patient.featured.allergies is not None:
        return patient.featured.allergies
    number = patient.row["id"]
    return (ALLERGIES[number // 4 % len(ALLERGIES)][0],) if number % 4 == 0 else ()


def _fits(patient: PatientRecord, day: date, code: str, age: int) -> bool:
    """Whether a patient has a condition, where one is named, and is old enough."""
    return (not code or patient.has_condition(code, day)) and patient.get_age(day) >= age


class ChartLists:
    """Makes the lists of charts. ``rows``: where to, by model."""

    def __init__(self, context: PracticeContext, random: Random, rows: dict[Any, list[Row]]) -> None:
        self.context, self.calendar, self.random, self.rows = context, context.calendar, random, rows
        self.prescriptions = Prescriptions(context, random, rows)

    def add(self, patient: PatientRecord, visits: Sequence[Visit]) -> None:
        """Add the lists of a patient who has these completed visits."""
        row, number = patient.row, patient.row["id"]
        link = {"patient_id": number, "doctor_id": row["doctor_id"]}
        for condition in reversed(patient.conditions):  # lists show the latest one first
            self._add_problem(link, condition)
        allergies = list_allergies(patient)
        for allergy in allergies:
            self._add_allergy(link, allergy)
        for visit in visits:
            self._add_procedure(link, patient, visit)
            self._add_complaint(link, patient, visit, allergies)
        if visits and number % 7 == 0:
            self._add_device(link, patient)
        if visits and number % 3 == 0:
            for kind in self.random.sample(sorted(OBSERVATIONS), 2):
                self._add_observation(link, patient, visits[-1], kind)

    def _add_problem(self, link: Row, found: PatientCondition) -> None:
        """Add a problem and its medications."""
        code, onset = found.condition.code, date.fromordinal(found.onset).isoformat()
        self.rows[Problem].append(
            {
                **link,
                "icd_code": code,
                "name": get_icd10_label(code),
                "date_onset": onset,
                "date_diagnosis": onset,
                "verification_status": "confirmed",
            }
        )
        started_on = date.fromordinal(found.treated_on).isoformat()
        for dosage in found.condition.dosages:
            self.prescriptions.add(link, dosage, get_icd10_label(code), started_on)

    def _add_complaint(
        self, link: Row, patient: PatientRecord, visit: Visit, allergies: Sequence[str]
    ) -> None:
        """Add the problem of an illness, over after some days, and what was prescribed for it."""
        complaint = find_complaint(visit.row["reason"])
        if complaint is None or not complaint.is_problem:
            return
        dates, day = self.calendar.dates, visit.slot.day
        is_over = day + DAYS_ILL <= self.calendar.today
        self.rows[Problem].append(
            {
                **link,
                "appointment_id": visit.row["id"],
                "icd_code": complaint.code,
                "name": get_icd10_label(complaint.code),
                "status": "resolved" if is_over else "active",
                "date_onset": dates[day],
                "date_diagnosis": dates[day],
                "abatement_date": dates[day + DAYS_ILL] if is_over else None,
                "verification_status": "confirmed",
            }
        )
        takes_tablets = patient.get_age(visit.date) >= TABLET_AGE or not complaint.child_choices
        for dosage in complaint.choices if takes_tablets else complaint.child_choices:
            if DRUGS_BY_NAME[dosage.drug].allergen not in allergies:
                ended_on = dates[day + DAYS_ILL] if is_over else None
                self.prescriptions.add_course(link, dosage, complaint, visit, ended_on)
                return

    def _add_allergy(self, link: Row, name: str) -> None:
        substance, rxnorm, reaction, reaction_code, severity = ALLERGIES_BY_NAME[name]
        self.rows[Allergy].append(
            {
                **link,
                "description": substance,
                "rxnorm": rxnorm,
                "reaction": reaction,
                "snomed_reaction": reaction_code,
                "severity": severity,
                "verification_status": "confirmed",
            }
        )

    def _add_procedure(self, link: Row, patient: PatientRecord, visit: Visit) -> None:
        """Add the procedure of a visit, and of a long visit a care plan with the doctor in the care team."""
        code, description = PROCEDURES[visit.slot.minutes]
        columns = {**link, **link_to_visit(visit)}
        day = self.calendar.dates[visit.slot.day]
        self.rows[Procedure].append({**columns, "code": code, "description": description, "date": day})
        if visit.slot.minutes == 60:
            plans = [plan for plan in CARE_PLANS if _fits(patient, visit.date, *plan[3:])]
            plan_type, title, instructions, *_ = plans[visit.row["id"] % len(plans)]
            self.rows[CarePlan].append(
                {**columns, "plan_type": plan_type, "title": title, "instructions": instructions}
            )
            self.rows[CareTeamMember].append(
                {
                    **link_to_visit(visit),
                    "patient_id": link["patient_id"],
                    "user_id": self.context.doctor_users[visit.row["doctor_id"]],
                }
            )

    def _add_device(self, link: Row, patient: PatientRecord) -> None:
        number, today = link["patient_id"], self.context.today
        fitting = [device[:4] for device in DEVICES if _fits(patient, today, *device[4:])]
        if is_child(patient.row):
            fitting = [CHILD_DEVICE]
        if not fitting:
            return
        brand, company, model, name = fitting[0]
        serial = f"SN{number:06d}"
        self.rows[ImplantableDevice].append(
            {
                **link,
                "udi": f"(01)00000000000017(21){serial}",
                "brand_name": brand,
                "company_name": company,
                "version_or_model": model,
                "gmdn_pt_name": name,
                "serial_number": serial,
                "lot_number": f"L{number % 90 + 10}",
                "manufacturing_date": "2018-04-01",
                "expiration_date": "2038-04-01",
            }
        )

    def _add_observation(self, link: Row, patient: PatientRecord, visit: Visit, kind: str) -> None:
        is_smoker = get_smoking_status(patient) in (SMOKER, DAILY_SMOKER)
        fitting = [each for each in OBSERVATIONS[kind] if is_smoker or each[2] != SMOKING_EDUCATION]
        code, system, name, value, value_system, value_name = self.random.choice(fitting)
        self.rows[OBSERVATION_MODELS[kind]].append(
            {
                **link,
                **link_to_visit(visit),
                "code": code,
                "code_system": system,
                "name": name,
                "value_code": value,
                "value_code_system": value_system,
                "value_code_name": value_name,
                "effective_time": visit.slot.text,
            }
        )
