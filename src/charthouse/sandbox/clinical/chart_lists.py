"""The lists of a patient's chart: problems, allergies, procedures, care plans, care teams, devices, observations."""

from collections.abc import Sequence
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
from charthouse.sandbox.clinical.notes import link_to_visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.chart_entries import (
    ALLERGIES,
    CARE_PLANS,
    CHILD_DEVICE,
    DEVICES,
    OBSERVATIONS,
    PROCEDURES,
)
from charthouse.sandbox.data.conditions import RESOLVED_CHILD_CODES, Condition
from charthouse.sandbox.loader import Row
from charthouse.sandbox.medications import Prescriptions

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


class ChartLists:
    """Makes the lists of charts. ``rows``: where to, by model."""

    def __init__(self, context: PracticeContext, random: Random, rows: dict[Any, list[Row]]) -> None:
        self.context, self.calendar, self.random, self.rows = context, context.calendar, random, rows
        self.prescriptions = Prescriptions(context, random, rows)

    def add(
        self, patient: Row, condition: Condition | None, visits: Sequence[Visit], *, is_child: bool
    ) -> None:
        """Add the lists of a patient who has this chronic condition and these completed visits."""
        number = patient["id"]
        link = {"patient_id": number, "doctor_id": patient["doctor_id"]}
        if condition:
            self._add_problem(link, condition)
        if is_child and number % 3 == 0:
            self._add_resolved_problem(link)
        if number % 4 == 0:
            self._add_allergy(link, number // 4)
        for visit in visits:
            self._add_procedure(link, visit)
        if visits and number % 7 == 0:
            self._add_device(link, is_child=is_child)
        if visits and number % 3 == 0:
            for kind in self.random.sample(sorted(OBSERVATIONS), 2):
                self._add_observation(link, visits[-1], kind)

    def _add_problem(self, link: Row, condition: Condition) -> None:
        """Add a problem and its medication."""
        onset = f"{2008 + link['patient_id'] % 15}-0{1 + link['patient_id'] % 9}-15"
        self.rows[Problem].append(
            {
                **link,
                "icd_code": condition.code,
                "name": get_icd10_label(condition.code),
                "date_onset": onset,
                "date_diagnosis": onset,
                "verification_status": "confirmed",
            }
        )
        if condition.dosage:
            self.prescriptions.add(link, condition.dosage, get_icd10_label(condition.code), onset)

    def _add_resolved_problem(self, link: Row) -> None:
        code = RESOLVED_CHILD_CODES[link["patient_id"] % len(RESOLVED_CHILD_CODES)]
        onset = self.calendar.dates[self.calendar.today - self.random.randrange(300)]
        self.rows[Problem].append(
            {
                **link,
                "icd_code": code,
                "name": get_icd10_label(code),
                "status": "resolved",
                "date_onset": onset,
            }
        )

    def _add_allergy(self, link: Row, number: int) -> None:
        substance, rxnorm, reaction, reaction_code = ALLERGIES[number % len(ALLERGIES)]
        self.rows[Allergy].append(
            {
                **link,
                "description": substance,
                "rxnorm": rxnorm,
                "reaction": reaction,
                "snomed_reaction": reaction_code,
                "verification_status": "confirmed",
            }
        )

    def _add_procedure(self, link: Row, visit: Visit) -> None:
        """Add the procedure of a visit, and of a long visit a care plan with the doctor in the care team."""
        code, description = PROCEDURES[visit.slot.minutes]
        columns = {**link, **link_to_visit(visit)}
        day = self.calendar.dates[visit.slot.day]
        self.rows[Procedure].append({**columns, "code": code, "description": description, "date": day})
        if visit.slot.minutes == 60:
            plan_type, title, instructions = CARE_PLANS[visit.row["id"] % len(CARE_PLANS)]
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

    def _add_device(self, link: Row, *, is_child: bool) -> None:
        number = link["patient_id"]
        brand, company, model, name = CHILD_DEVICE if is_child else DEVICES[number % len(DEVICES)]
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

    def _add_observation(self, link: Row, visit: Visit, kind: str) -> None:
        code, system, name, value, value_system, value_name = self.random.choice(OBSERVATIONS[kind])
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
