"""What was charted: a note for each visit that took place, mostly signed, and the lists of each patient's chart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import typst
from django.core.files.base import ContentFile

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.clinical.models import (
    Allergy,
    Amendment,
    CarePlan,
    CareTeamMember,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
    ImplantableDevice,
    PatientCommunication,
    PatientIntervention,
    PatientPhysicalExam,
    PatientRiskAssessment,
    Problem,
    Procedure,
    YellowNotepad,
)
from charthouse.domains.medications.models import Medication, PrescriptionMessage
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_content
from charthouse.identity.models import Application, User
from charthouse.sandbox.calendar import Calendar, Slot
from charthouse.sandbox.data.conditions import (
    ALLERGIES,
    CARE_PLANS,
    DEVICES,
    LASTING,
    OBSERVED,
    PASSING,
    PROCEDURES,
    TEMPLATES,
    TUBES,
    YOUNG,
    Condition,
    Drug,
)
from charthouse.sandbox.patients.population import BIRTHS, Person, Row
from charthouse.sandbox.practice import Setup

OPEN_FOR = timedelta(days=3)  # a doctor may take so long to sign
OBSERVATIONS = {
    "interventions": PatientIntervention,
    "exams": PatientPhysicalExam,
    "risks": PatientRiskAssessment,
    "communications": PatientCommunication,
}
AMENDMENT = b"""
#set document(title: "Amendment", date: none)
#set page(paper: "us-letter")
= Amendment
The patient's father, not the mother, had diabetes. Corrected at the patient's request.
"""
_SIGN = """
    update clinical_clinicalnote note
       set locked_at = signed.at, locked_by_id = signed.by, updated_at = greatest(signed.at, updated_at)
      from unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) signed (id, at, by)
     where note.practice_id = %s and note.id = signed.id
"""


@dataclass(frozen=True)
class Template:
    """A doctor's template in the record, and its fields by name."""

    id: int
    fields: dict[str, int]


class Charts:
    """The charts of one practice's patients. ``drugs``: its formulary, ids by name."""

    def __init__(
        self,
        setup: Setup,
        doctors: Sequence[int],
        calendar: Calendar,
        random: Random,
        drugs: Mapping[str, int],
    ) -> None:
        self.setup, self.calendar, self.random, self.drugs = setup, calendar, random, drugs
        users = User.objects.using(setup.loader.connection.alias).filter(practice_id=setup.practice)
        self.users = dict(users.filter(role=User.Role.DOCTOR).values_list("doctor_id", "pk"))
        self.templates = {doctor: self._templates(doctor) for doctor in doctors}
        self.made: dict[Any, list[Row]] = defaultdict(list)
        self.amended = False

    def _templates(self, doctor: int) -> dict[str, Template]:
        rows = [
            {
                "doctor_id": doctor,
                "name": name,
                "workflow_key": key,
                "is_persistent": persistent,
                "is_onpatient": onpatient,
                "order_on_complete_note": place,
                "order_on_ipad": place,
            }
            for place, (name, key, persistent, onpatient, _) in enumerate(TEMPLATES, 1)
        ]
        made = {}
        for row_id, (name, *_, fields) in zip(
            self.setup.copy(ClinicalNoteTemplate, rows), TEMPLATES, strict=True
        ):
            types = [
                {
                    "clinical_note_template_id": row_id,
                    "name": field,
                    "data_type": kind,
                    "allowed_values": list(allowed),
                    "required": required,
                    "position": place,
                }
                for place, (field, kind, allowed, required) in enumerate(fields, 1)
            ]
            ids = self.setup.copy(ClinicalNoteFieldType, types)
            made[name] = Template(row_id, dict(zip((field for field, *_ in fields), ids, strict=True)))
        return made

    def fill(self, people: Sequence[Person], visits: Sequence[tuple[Slot, Row]]) -> None:
        """Chart these people, whose visits these are, in the order of time."""
        seen: dict[int, list[tuple[Slot, Row]]] = defaultdict(list)
        for slot, visit in visits:
            if visit["status"] == "Complete":
                seen[visit["patient_id"]].append((slot, visit))
        signed = []
        for person in people:
            patient = person.row
            child = int(patient["date_of_birth"][:4]) > BIRTHS.year - 18
            condition = self._condition(patient["id"], child)
            own = seen[patient["id"]]
            self._lists(patient, condition, child, own)
            for place, (slot, visit) in enumerate(own):
                self._note(slot, visit, condition, first=place == 0)
                if slot.start < self.calendar.now - OPEN_FOR and self.random.random() < 0.93:
                    at = slot.start + timedelta(hours=self.random.randrange(2, 50))
                    signed.append((visit["id"], at, self.users[visit["doctor_id"]]))
        for model, rows in self.made.items():
            self.setup.copy(model, rows)
        self.made.clear()
        with self.setup.loader.connection.cursor() as cursor:
            columns = [list(column) for column in zip(*signed, strict=True)] or [[], [], []]
            cursor.execute(_SIGN, [*columns, self.setup.practice])
        if signed and not self.amended:
            self._amend(signed[0][0], visits)

    def _amend(self, note: int, visits: Sequence[tuple[Slot, Row]]) -> None:
        """Each app of the practice has amended one note: an app sees nobody else's."""
        self.amended = True
        slot, visit = next(pair for pair in visits if pair[1]["id"] == note)
        apps = Application.objects.using(self.setup.loader.connection.alias).filter(
            user__practice_id=self.setup.practice
        )
        page = typst.compile(AMENDMENT)
        assert isinstance(page, bytes)
        address, size = store_content(ContentFile(page), self.setup.practice)
        for app in apps.order_by("pk"):
            stored = {
                "address": address,
                "size": size,
                "media_type": "application/pdf",
                "name": "amendment.pdf",
            }
            (file,) = self.setup.copy(StoredFile, [stored])
            row = {
                **_at(slot, visit),
                "app_id": app.pk,
                "doctor_id": visit["doctor_id"],
                "patient_id": visit["patient_id"],
                "amendment_name": "Corrected family history",
                "amendment_file_id": file,
                "comments": "Asked for by the patient.",
            }
            self.setup.copy(Amendment, [row])

    def _condition(self, patient: int, child: bool) -> Condition | None:
        if child:
            return YOUNG[0] if patient % 6 == 0 else None
        return LASTING[patient % len(LASTING)] if patient % 5 else None

    # -- notes --------------------------------------------------------------------------------------------------

    def _note(self, slot: Slot, visit: Row, condition: Condition | None, *, first: bool) -> None:
        pick, lot = self.random.choice, self.random.random
        said = {
            "Subjective": {
                "Chief complaint": visit["reason"],
                "History of present illness": condition.story if condition else "Feels well otherwise.",
                "Pain": pick(("None", "None", "Mild", "Moderate")),
            },
            "Objective": {
                "Appears well": "True",
                "Lungs clear": pick(("2", "2", "2", "0")),
                "Blood pressure, sitting": f"{int(108 + 30 * lot())}/{int(64 + 20 * lot())}",
            },
            "Assessment": {"Impression": get_icd10_label(condition.code) if condition else visit["reason"]},
            "Plan": {
                "Plan": condition.plan if condition else "Fluids and rest; call if it gets worse.",
                "Come back": pick(("In a week", "In a month", "In three months", "As needed")),
            },
        }
        if first:
            said["Social history"] = {"Lives with": pick(("Alone", "Family")), "Exercises": pick("012")}
        if lot() < 0.3:
            said["Before the visit"] = {"What brings you in": visit["reason"]}
        own = self.templates[visit["doctor_id"]]
        stamped = _at(slot, visit)
        for name, fields in said.items():
            template = own[name]
            self.made[ClinicalNoteFieldValue] += [
                {**stamped, "clinical_note_field_id": template.fields[field], "value": value}
                for field, value in fields.items()
            ]
        if lot() < 0.06:
            self.made[YellowNotepad].append(
                {**stamped, "template_id": own["Plan"].id, "content": "Ask about sleep next time."}
            )

    # -- lists --------------------------------------------------------------------------------------------------

    def _lists(
        self, patient: Row, condition: Condition | None, child: bool, visits: list[tuple[Slot, Row]]
    ) -> None:
        who = {"patient_id": patient["id"], "doctor_id": patient["doctor_id"]}
        number = patient["id"]
        if condition:
            self._problem(who, condition)
        if child and number % 3 == 0:
            code = PASSING[number % len(PASSING)]
            self.made[Problem].append(
                {
                    **who,
                    "icd_code": code,
                    "name": get_icd10_label(code),
                    "status": "resolved",
                    "date_onset": self._day(300),
                }
            )
        if number % 4 == 0:
            self._allergy(who, number // 4)
        for slot, visit in visits:
            self._done(who, slot, visit)
        if visits and number % 7 == 0:
            self._device(who, child, visits[0])
        if visits and number % 3 == 0:
            slot, visit = visits[-1]
            for kind in self.random.sample(sorted(OBSERVATIONS), 2):
                self._observed(who, slot, visit, kind)

    def _day(self, most: int, least: int = 0) -> str:
        """A day so many days back."""
        return self.calendar.days[self.calendar.today - self.random.randrange(least, most)]

    def _problem(self, who: Row, condition: Condition) -> None:
        onset = f"{2008 + who['patient_id'] % 15}-0{1 + who['patient_id'] % 9}-15"
        self.made[Problem].append(
            {
                **who,
                "icd_code": condition.code,
                "name": get_icd10_label(condition.code),
                "date_onset": onset,
                "date_diagnosis": onset,
                "verification_status": "confirmed",
            }
        )
        if condition.drug:
            self._medication(who, condition.drug, get_icd10_label(condition.code), onset)

    def _medication(self, who: Row, drug: Drug, indication: str, since: str) -> None:
        name, rxnorm, dose, unit, often, route = drug
        prescribed = self._day(200)
        self.made[Medication].append(
            {
                **who,
                "name": name,
                "rxnorm": rxnorm,
                "dosage_quantity": dose,
                "dosage_units": unit,
                "frequency": often,
                "route": route,
                "indication": indication,
                "date_started_taking": since,
                "date_prescribed": prescribed,
                "dispense_quantity": "90.00",
                "number_refills": self.random.randrange(4),
                "order_status": "Electronic eRx Sent",
                "prn": "as needed" in often,
                "drug_id": self.drugs[name],
                "is_chronic": True,
                "added_by_id": self.users[who["doctor_id"]],
                "updated_by_id": self.users[who["doctor_id"]],
            }
        )
        self._messages(who, drug, prescribed)

    def _messages(self, who: Row, drug: Drug, day: str) -> None:
        """The prescription as sent; of some, the pharmacy's request for more and the answer to it."""
        data = {
            "MedicationPrescribed": {"DrugDescription": drug[0], "Quantity": "90", "Directions": drug[4]},
            "Patient": {"Identification": str(who["patient_id"])},
            "Prescriber": {"Identification": str(who["doctor_id"])},
            "Pharmacy": {"Identification": "0000017"},
        }
        own = {**who, "pharmacy": "0000017", "json_data": data}
        kinds = [("Outgoing", "NewRx", "Sent")]
        if who["patient_id"] % 4 == 0:
            kinds += [("Incoming", "RefillRequest", "Received"), ("Outgoing", "RefillResponse", "Sent")]
        parent = None
        for place, row_id in enumerate(self.setup.loader.ids(PrescriptionMessage, len(kinds))):
            direction, kind, state = kinds[place]
            moment = f"{day} 1{5 + place}:00:00+00"
            self.made[PrescriptionMessage].append(
                {
                    **own,
                    "id": row_id,
                    "message_direction": direction,
                    "message_type": kind,
                    "message_status": state,
                    "parent_message_id": parent,
                    "created_at": moment,
                    "updated_at": moment,
                }
            )
            parent = row_id

    def _allergy(self, who: Row, number: int) -> None:
        what, rxnorm, reaction, code = ALLERGIES[number % len(ALLERGIES)]
        self.made[Allergy].append(
            {
                **who,
                "description": what,
                "rxnorm": rxnorm,
                "reaction": reaction,
                "snomed_reaction": code,
                "verification_status": "confirmed",
            }
        )

    def _done(self, who: Row, slot: Slot, visit: Row) -> None:
        code, description = PROCEDURES[slot.minutes]
        stamped = {**who, **_at(slot, visit)}
        day = self.calendar.days[slot.day]
        self.made[Procedure].append({**stamped, "code": code, "description": description, "date": day})
        if slot.minutes == 60:
            kind, title, instructions = CARE_PLANS[visit["id"] % len(CARE_PLANS)]
            self.made[CarePlan].append(
                {**stamped, "plan_type": kind, "title": title, "instructions": instructions}
            )
            self.made[CareTeamMember].append(
                {
                    **_at(slot, visit),
                    "patient_id": who["patient_id"],
                    "user_id": self.users[visit["doctor_id"]],
                }
            )

    def _device(self, who: Row, child: bool, first: tuple[Slot, Row]) -> None:
        brand, maker, model, what = TUBES if child else DEVICES[who["patient_id"] % len(DEVICES)]
        serial = f"SN{who['patient_id']:06d}"
        self.made[ImplantableDevice].append(
            {
                **who,
                "udi": f"(01)00000000000017(21){serial}",
                "brand_name": brand,
                "company_name": maker,
                "version_or_model": model,
                "gmdn_pt_name": what,
                "serial_number": serial,
                "lot_number": f"L{who['patient_id'] % 90 + 10}",
                "manufacturing_date": "2018-04-01",
                "expiration_date": "2038-04-01",
            }
        )

    def _observed(self, who: Row, slot: Slot, visit: Row, kind: str) -> None:
        code, system, name, value, value_system, value_name = self.random.choice(OBSERVED[kind])
        self.made[OBSERVATIONS[kind]].append(
            {
                **who,
                **_at(slot, visit),
                "code": code,
                "code_system": system,
                "name": name,
                "value_code": value,
                "value_code_system": value_system,
                "value_code_name": value_name,
                "effective_time": slot.text,
            }
        )


def _at(slot: Slot, visit: Row) -> Row:
    """Of a visit, entered while it took place."""
    return {"appointment_id": visit["id"], "created_at": slot.text, "updated_at": slot.text}
