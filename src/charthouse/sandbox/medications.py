"""Catalogs of drugs and supplements, medications of patients with their prescriptions, supplements of patients."""

from random import Random
from typing import Any

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.medications.models import (
    Drug,
    Medication,
    PatientSupplement,
    PrescriptionMessage,
    Supplement,
)
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.conditions import COMMON
from charthouse.sandbox.data.conditions.condition import Complaint, Dosage
from charthouse.sandbox.data.drugs import DRUGS, DRUGS_BY_NAME, INACTIVE_SUPPLEMENT, SUPPLEMENTS
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import ADULT_AGE
from charthouse.sandbox.seeder import Seeder

FAVORITES = {dosage.drug for condition in COMMON for dosage in condition.dosages}
PHARMACY = "0000017"  # NCPDP ID
PATIENT_INTERVAL = 3  # one patient in so many takes a supplement
REQUESTS = 8  # requests for a supplement that wait for staff


class MedicationCatalogs(Seeder):
    """The catalogs of one practice. They draw no random numbers."""

    def set_up(self) -> None:
        """Add drugs and supplements."""
        drugs = [
            {
                "name": drug.name,
                "product_name": drug.product_name,
                "generic_name": drug.generic_name,
                "strength": drug.strength,
                "dose_form": drug.form,
                "route": drug.route,
                "rxnorm": drug.rxnorm,
                "is_favorite": drug.name in FAVORITES,
            }
            for drug in DRUGS
        ]
        self.copy(Drug, drugs)
        supplements = [
            {
                "name": name,
                "nicknames": nicknames,
                "kind": kind,
                "vendor_code": code,
                "code": code,
                "inactive": name == INACTIVE_SUPPLEMENT[0],
            }
            for name, nicknames, kind, code, *_ in (*SUPPLEMENTS, INACTIVE_SUPPLEMENT)
        ]
        self.copy(Supplement, supplements)


class Prescriptions:
    """Makes medications with their prescriptions. ``rows``: where to, by model."""

    def __init__(self, context: PracticeContext, random: Random, rows: dict[Any, list[Row]]) -> None:
        self.context, self.random, self.rows = context, random, rows
        self.drugs = dict(context.select(Drug).values_list("name", "pk"))

    def add(self, link: Row, dosage: Dosage, indication: str, started_on: str) -> None:
        """Add a medication. ``link``: ids of patient and doctor."""
        calendar = self.context.calendar
        prescribed_on = calendar.dates[calendar.today - self.random.randrange(200)]
        user = self.context.doctor_users[link["doctor_id"]]
        prescribed_on = max(prescribed_on, started_on)
        self.rows[Medication].append(
            {
                **link,
                **self._describe(dosage),
                "indication": indication,
                "date_started_taking": started_on,
                "date_prescribed": prescribed_on,
                "dispense_quantity": "90.00",
                "number_refills": self.random.randrange(4),
                "order_status": "Electronic eRx Sent",
                "prn": "as needed" in dosage.frequency,
                "is_chronic": True,
                "added_by_id": user,
                "updated_by_id": user,
            }
        )
        self._add_messages(link, dosage, prescribed_on)

    def add_course(
        self, link: Row, dosage: Dosage, complaint: Complaint, visit: Visit, ended_on: str | None
    ) -> None:
        """Add a medication of some days, prescribed at a visit. ``ended_on``: ISO date, None while it is taken."""
        user, day = self.context.doctor_users[link["doctor_id"]], self.context.calendar.dates[visit.slot.day]
        self.rows[Medication].append(
            {
                **link,
                **self._describe(dosage),
                "appointment_id": visit.row["id"],
                "indication": get_icd10_label(complaint.code),
                "date_started_taking": day,
                "date_prescribed": day,
                "date_stopped_taking": ended_on,
                "discontinued_at": f"{ended_on} 18:00:00+00" if ended_on else None,
                "discontinued_reason": "Course completed" if ended_on else "",
                "status": "inactive" if ended_on else "active",
                "dispense_quantity": f"{dosage.dispensed or complaint.dose_count}.00",
                "number_refills": 0,
                "order_status": "Electronic eRx Sent",
                "added_by_id": user,
                "updated_by_id": user,
                "created_at": visit.slot.text,
                "updated_at": f"{ended_on} 18:00:00+00" if ended_on else visit.slot.text,
            }
        )

    def _describe(self, dosage: Dosage) -> Row:
        """Describe what is taken, and how."""
        drug = DRUGS_BY_NAME[dosage.drug]
        return {
            "name": drug.name,
            "rxnorm": drug.rxnorm,
            "dosage_quantity": dosage.quantity,
            "dosage_units": drug.unit or drug.form,
            "frequency": dosage.frequency,
            "route": drug.route,
            "drug_id": self.drugs[drug.name],
        }

    def _add_messages(self, link: Row, dosage: Dosage, day: str) -> None:
        """Add the prescription as sent, and for one patient of four the pharmacy's refill request and its response."""
        data = {
            "MedicationPrescribed": {
                "DrugDescription": dosage.drug,
                "Quantity": "90",
                "Directions": dosage.frequency,
            },
            "Patient": {"Identification": str(link["patient_id"])},
            "Prescriber": {"Identification": str(link["doctor_id"])},
            "Pharmacy": {"Identification": PHARMACY},
        }
        messages = [("Outgoing", "NewRx", "Sent")]
        if link["patient_id"] % 4 == 0:
            messages += [("Incoming", "RefillRequest", "Received"), ("Outgoing", "RefillResponse", "Sent")]
        ids = self.context.loader.reserve_ids(PrescriptionMessage, len(messages))
        parent = None
        for hour, (row_id, (direction, kind, status)) in enumerate(zip(ids, messages, strict=True), 15):
            at = f"{day} {hour}:00:00+00"
            self.rows[PrescriptionMessage].append(
                {
                    **link,
                    "id": row_id,
                    "pharmacy": PHARMACY,
                    "json_data": data,
                    "message_direction": direction,
                    "message_type": kind,
                    "message_status": status,
                    "parent_message_id": parent,
                    "created_at": at,
                    "updated_at": at,
                }
            )
            parent = row_id


class Supplements(Seeder):
    """Supplements that patients take or ask for."""

    stream = "shelf"

    def finish(self) -> None:
        """Add the supplements of patients, and requests of the portal."""
        born_by = self.today.replace(year=self.today.year - ADULT_AGE, day=1)
        adults = self.select(Patient).filter(date_of_birth__lte=born_by)
        patients = list(adults.values_list("pk", flat=True))
        ids = list(self.select(Supplement).values_list("pk", flat=True))
        rows = [self._make_row(patient, ids) for patient in patients[::PATIENT_INTERVAL]]
        self.copy(PatientSupplement, rows)
        asking = patients[1 : PATIENT_INTERVAL * REQUESTS : PATIENT_INTERVAL]
        requests = [self._make_request(patient, ids) for patient in asking]
        self.copy(PortalRequest, sorted(requests, key=lambda row: row["created_at"]))

    def _make_row(self, patient: int, ids: list[int]) -> Row:
        random = self.random
        index = random.randrange(len(SUPPLEMENTS))
        started_at = self._draw_time_before(random.randrange(60, 700))
        user = random.choice(self.context.users)
        row = {
            "patient_id": patient,
            "supplement_id": ids[index],
            "dose": SUPPLEMENTS[index][4],
            "frequency": SUPPLEMENTS[index][5],
            "start_date": started_at[:10],
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": started_at,
            "updated_at": started_at,
        }
        if random.random() < 0.2:
            stopped_at = self._draw_time_before(random.randrange(1, 59))
            row |= {
                "discontinued_at": stopped_at,
                "discontinued_note": "No longer needed.",
                "updated_at": stopped_at,
            }
        return row

    def _make_request(self, patient: int, ids: list[int]) -> Row:
        index = self.random.randrange(len(SUPPLEMENTS))
        created_at = self._draw_time_before(self.random.randrange(1, 6))
        return {
            "patient_id": patient,
            "request_type": "supplement",
            "title": SUPPLEMENTS[index][0],
            "notes": "My sister takes this.",
            "payload": {"supplement_id": ids[index]},
            "created_at": created_at,
            "updated_at": created_at,
        }

    def _draw_time_before(self, days: int) -> str:
        """Draw a time of the day that is so many days before the reference day."""
        return self.draw_time(self.context.get_day(-days))
