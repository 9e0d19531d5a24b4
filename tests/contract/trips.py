"""What is written through one API and how the other shows it: the table of ``test_round_trips``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CERBO, DRCHRONO = "cerbo", "drchrono"
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDA+PgpzdHJlYW0KZW5kc3RyZWFtCmVuZG9iagp0cmFpbGVyCjw8Pj4KJSVFT0Y="


@dataclass(frozen=True)
class Trip:
    """One write and what the other API then shows.

    model   the table
    by      who writes: ``method`` to ``url`` with ``body``
    there   the address at the other API; where it is a list, the row is the one whose ``known_by`` is the written id
    shows   what the row has there, by key; keys of objects inside it with dots
    known_by, written   see ``there``: its key there, and the key of the write's answer that has its id; "" where the
            answer tells none: then it is the newest of the list
    check   what else is asked of the row there

    In addresses and bodies names in braces stand for ids: ``{id}`` for that of the row that was written, ``{patient}``,
    ``{doctor}`` and ``{user}`` for the practice's own, ``{drchrono:offices}`` for that of a row of a resource.
    """

    model: str
    by: str
    method: str
    url: str
    body: dict[str, Any]
    there: str
    shows: dict[str, Any]
    known_by: str = "id"
    written: str = "id"
    check: Callable[[dict[str, Any]], None] | None = None

    def __str__(self) -> str:
        return f"{self.model}-{self.by}-{self.url.partition('?')[0]}"


def _contains(text: str, part: str) -> None:
    assert part in text


TRIPS = [
    Trip(
        "patients.Patient", CERBO, "POST", "patients",
        {
            "first_name": "Ada", "middle_name": "M", "last_name": "Rounds", "dob": "1961-05-06", "sex": "F",
            "email1": "ada@example.com", "phone_mobile": "555-201-4433", "address1": "1 Main Street", "city": "Salem",
            "state": "OR", "zip": "97301", "nicknames": "Addie", "primary_provider_id": "{user}",
        },
        "patients/{id}",
        {
            "first_name": "Ada", "middle_name": "M", "last_name": "Rounds", "date_of_birth": "1961-05-06",
            "gender": "Female", "email": "ada@example.com", "cell_phone": "555-201-4433",
            "address": "1 Main Street", "city": "Salem", "state": "OR", "zip_code": "97301", "nick_name": "Addie",
            "doctor": "{doctor}", "patient_status": "A",
        },
    ),
    Trip(
        "patients.Patient", CERBO, "PATCH", "patients/{cerbo:patients}",
        {"inactive": "inactive", "phone_home": "555-201-0000"},
        "patients/{cerbo:patients}",
        {"patient_status": "I", "home_phone": "555-201-0000"},
    ),
    Trip(
        "patients.Patient", DRCHRONO, "POST", "patients",
        {
            "doctor": "{doctor}", "first_name": "Beth", "last_name": "Rounds", "date_of_birth": "1962-07-08",
            "gender": "Male", "email": "beth@example.com", "home_phone": "555-201-4434", "patient_status": "D",
        },
        "patients/{id}",
        {
            "first_name": "Beth", "last_name": "Rounds", "dob": "1962-07-08", "sex": "M", "inactive": True,
            "patient_status_description": "deceased", "email1": "beth@example.com", "phone_home": "555-201-4434",
        },
    ),
    Trip(
        "patients.Coverage", CERBO, "POST", "patients",
        {
            "first_name": "Cora", "last_name": "Rounds", "dob": "1963-05-06", "sex": "F",
            "insurance": {"plan": "Aetna", "id": "W123", "group": "G7"},
        },
        "patients/{id}?verbose=true",
        {
            "primary_insurance.insurance_plan_name": "Aetna",
            "primary_insurance.insurance_id_number": "W123",
            "primary_insurance.insurance_group_number": "G7",
        },
    ),
    Trip(
        "patients.Coverage", DRCHRONO, "POST", "patients",
        {
            "doctor": "{doctor}", "first_name": "Dora", "last_name": "Rounds", "gender": "Female",
            "primary_insurance": {"insurance_plan_name": "Blue", "insurance_id_number": "B9"},
        },
        "patients/{id}",
        {"insurance.plan": "Blue", "insurance.id": "B9", "insurance_id": "B9", "insurance_plan": "Blue"},
    ),
    Trip(
        "scheduling.Appointment", CERBO, "POST", "appointments",
        {
            "title": "Check-up", "appointment_type": "{name of cerbo:appointment_types}", "appointment_note": "Fasting",
            "start_date_time": "2031-03-03 15:00:00", "end_date_time": "2031-03-03 15:45:00",
            "provider_ids": ["{user}"], "pt_id": "{patient}", "status": "confirmed",
        },
        "appointments/{id}",
        {
            "reason": "Check-up", "notes": "Fasting", "scheduled_time": "2031-03-03T10:00:00", "duration": 45,
            "doctor": "{doctor}", "patient": "{patient}", "status": "Confirmed",
            "profile": "{cerbo:appointment_types}",
        },
    ),
    Trip(
        "scheduling.Appointment", DRCHRONO, "POST", "appointments",
        {
            "doctor": "{doctor}", "office": "{drchrono:offices}", "exam_room": 1, "patient": "{patient}",
            "scheduled_time": "2031-03-04T10:00:00", "duration": 30, "reason": "Cough", "notes": "Since Monday",
            "status": "Checked In",
        },
        "appointments/{id}",
        {
            "title": "Cough", "appointment_note": "Since Monday", "start_date_time": "2031-03-04 15:00:00",
            "end_date_time": "2031-03-04 15:30:00", "appointment_status": "checked-in",
            "associated_providers.0.id": "{user}", "patient_details.id": "{patient}",
        },
    ),
    Trip(
        "scheduling.AppointmentProfile", CERBO, "POST", "appointment_types",
        {"name": "Round trip", "default_length": 50, "color_hex": "aabbcc", "allow_on_portal": True},
        "appointment_profiles/{id}",
        {"name": "Round trip", "duration": 50, "color": "#aabbcc", "online_scheduling": True},
    ),
    Trip(
        "scheduling.AppointmentProfile", DRCHRONO, "POST", "appointment_profiles",
        {"name": "Way back", "duration": 25, "color": "#ddeeff", "online_scheduling": False, "reason": "Back"},
        "appointment_types",
        {"name": "Way back", "default_length": 25, "color_hex": "ddeeff", "which_providers": ["{user}"]},
    ),
    Trip(
        "scheduling.Vitals", DRCHRONO, "PATCH", "appointments/{drchrono:appointments}",
        {"vitals": {"height": 70, "weight": 150, "blood_pressure_1": 121, "blood_pressure_2": 81, "pulse": 61}},
        "patients/{patient}/vitals/bp",
        {"systolic": 121, "diastolic": 81, "pulse": 61},
        known_by="", written="",
    ),
    Trip(
        "scheduling.CustomVitalValue", DRCHRONO, "PATCH", "appointments/{drchrono:appointments}",
        {"custom_vitals": [{"vital_type": "{drchrono:custom_vitals}", "value": "17"}]},
        "patients/{patient}/vitals/{drchrono:custom_vitals}",
        {"value": "17", "encounter_id": "{drchrono:appointments}"},
        known_by="", written="",
    ),
    Trip(
        "scheduling.Reminder", CERBO, "POST", "appointments/{visit}/reminders/email",
        {"scheduled_datetime": "2031-01-01 09:00", "subject": "Soon", "text": "See you."},
        "appointments/{visit}?verbose=true",
        {"reminders.0.type": "email", "reminders.0.scheduled_time": "2031-01-01T04:00:00"},
    ),
    Trip(
        "clinical.Problem", DRCHRONO, "POST", "problems",
        {
            "doctor": "{doctor}", "patient": "{patient}", "icd_code": "I10", "icd_version": "10",
            "name": "Hypertension", "status": "active",
        },
        "patients/{patient}/pmh",
        {"name": "Hypertension", "code": "I10", "icd_version": "10", "problem_status": "active"},
    ),
    Trip(
        "clinical.ClinicalNote", DRCHRONO, "POST", "clinical_note_field_values",
        {
            "appointment": "{drchrono:clinical_notes}", "clinical_note_field": "{drchrono:clinical_note_field_types}",
            "value": "Lungs clear.",
        },
        "encounters/{drchrono:clinical_notes}",
        {"pt_id": "{patient}", "is_signed": False},
        check=lambda row: _contains(row["content"], "Lungs clear."),
    ),
    Trip(
        "medications.Medication", CERBO, "POST", "patients/{patient}/rxs?enqueue=false",
        {"drug_id": "{cerbo:drugs}", "notes": "Once more"},
        "medications?patient={patient}",
        {"patient": "{patient}", "name": "{name of cerbo:drugs}"},
        known_by="",
    ),
    Trip(
        "medications.Medication", DRCHRONO, "POST", "medications",
        {
            "doctor": "{doctor}", "patient": "{patient}", "name": "Metformin 500 mg tablet", "frequency": "Twice a day",
            "dispense_quantity": 90, "number_refills": 2, "route": "oral", "pharmacy_note": "No cap", "daw": False,
        },
        "patients/{patient}/rxs",
        {
            "name": "Metformin 500 mg tablet", "frequency": "Twice a day", "doses_rxed": "90", "refills_rxed": 2,
            "roa": "oral", "instructions_to_pharmacist": "No cap", "generic_ok": True, "pt_id": "{patient}",
        },
    ),
    Trip(
        "documents.Document", CERBO, "POST", "patients/{patient}/documents?enqueue=false",
        {"pt_id": "{patient}", "name": "Referral", "base64_content": PDF, "mime_type": "application/pdf"},
        "documents?patient={patient}",
        {"description": "Referral", "patient": "{patient}"},
        known_by="",
    ),
    Trip(
        "documents.Document", DRCHRONO, "POST", "documents",
        {
            "doctor": "{doctor}", "patient": "{patient}", "date": "2026-03-02", "description": "Consult",
            "document": PDF,
        },
        "documents/{id}",
        {"name": "Consult", "mime_type": "application/pdf", "pt_id": "{patient}"},
    ),
    Trip(
        "inventory.StockItem", CERBO, "PATCH", "inventory/{drchrono:inventory_vaccines}",
        {
            "name": "Influenza, high dose", "lot_number": "RT77", "manufacturer": "Sanofi", "current_quantity": 41,
            "expiration_date": "2035-04-30", "discontinued": True,
        },
        "inventory_vaccines/{drchrono:inventory_vaccines}",
        {
            "name": "Influenza, high dose", "lot_number": "RT77", "manufacturer": "Sanofi", "current_quantity": 41,
            "expiry": "2035-04-30", "status": "inactive",
        },
    ),
    Trip(
        "inventory.StockItem", DRCHRONO, "POST", "inventory_vaccines",
        {
            "doctor": "{doctor}", "name": "Tdap", "manufacturer": "GlaxoSmithKline", "manufacturer_code": "SKB",
            "lot_number": "RT78", "expiry": "2035-05-31", "original_quantity": 12,
        },
        "inventory/{id}",
        {
            "name": "Tdap", "manufacturer": "GlaxoSmithKline", "lot_number": "RT78", "expiration_date": "2035-05-31",
            "current_quantity": 12, "discontinued": False,
        },
    ),
    Trip(
        "inventory.PatientVaccineRecord", DRCHRONO, "POST", "patient_vaccine_records",
        {
            "patient": "{patient}", "ordering_doctor": "{doctor}", "vaccine_inventory": "{drchrono:inventory_vaccines}",
            "cvx_code": "158", "name": "Influenza", "administered_start": "2025-10-05T09:20:00", "amount": "0.5",
            "units": "mL", "route": "IM", "site": "LD", "completion_status": "CP", "comments": "Left arm",
        },
        "patients/{patient}/vaccines",
        {"vaccine_name": "Influenza", "site": "LD", "notes": "Left arm", "pt_id": "{text of patient}"},
    ),
    Trip(
        "messaging.PatientMessage", DRCHRONO, "POST", "patient_messages",
        {"doctor": "{doctor}", "patient": "{patient}", "subject": "Your results", "body": "All is well."},
        "patients/{patient}/portal/secure_messages",
        {"subject": "Your results", "note": "All is well.", "sent_by": "dr", "dr_id": "{user}"},
    ),
    Trip(
        "labs.LabOrder", DRCHRONO, "POST", "lab_orders",
        {"sublab": "{drchrono:sublabs}", "doctor": "{doctor}", "patient": "{patient}", "notes": "Fasting."},
        "patients/{patient}/orders",
        {"pt_id": "{patient}", "order_type": "lab"},
    ),
    Trip(
        "labs.LabTest", DRCHRONO, "POST", "lab_tests",
        {"lab_order": "{drchrono:lab_orders}", "code": "4548-4", "name": "Hemoglobin A1c"},
        "patients/{patient}/orders",
        {"id": "{drchrono:lab_orders}"},
        written="lab_order",
        check=lambda row: _contains(row["name"], "Hemoglobin A1c"),
    ),
    Trip(
        "labs.LabResult", DRCHRONO, "POST", "lab_results",
        {
            "document": "{drchrono:lab_documents}", "lab_test": "{drchrono:lab_tests}", "status": "F", "value": "6.1",
            "specimen_received": "2026-03-02T16:10:00", "results_released": "2026-03-03T09:00:00",
            "test_performed": "2026-03-02T20:30:00", "value_is_numeric": True, "normal_range": "4.0 5.6",
            "unit": "%", "observation_description": "Hemoglobin A1c", "is_abnormal": True,
        },
        "patients/{patient}/lab_results",
        {
            "result_value": "6.1", "units": "%", "reference_range": "4.0 5.6", "reported": "2026-03-03 09:00:00",
            "pt_id": "{patient}", "test_name": "Hemoglobin A1c",
        },
    ),
    Trip(
        "tasks.Task", CERBO, "POST", "task",
        {
            "dr_id": "{user}", "subject": "Call back", "priority": "high", "notes": "Voice mail", "pt_id": "{patient}",
            "due_date": "2030-03-02 17:00:00",
        },
        "tasks/{id}",
        {
            "assignee_user": "{user}", "title": "Call back", "priority": 30, "notes.0.text": "Voice mail",
            "associated_items.0.value": "{patient}", "due_date.time": "2030-03-02T17:00:00",
        },
    ),
    Trip(
        "tasks.Task", DRCHRONO, "POST", "tasks",
        {
            "title": "Fax it", "status": "{drchrono:task_statuses}", "priority": 10, "assignee_user": "{user}",
            "associated_items": [{"type": "Patient", "value": "{patient}"}], "notes": [{"text": "To the lab"}],
        },
        "task/{id}",
        {
            "subject": "Fax it", "priority": "low", "dr_id": "{user}", "notes": "To the lab",
            "patient_details.id": "{patient}",
        },
    ),
]  # fmt: skip

# (table, who doesn't write it) → why.
ONE_WAY = {
    ("identity.User", CERBO): "Neither API writes people; test_people_are_the_same.",
    ("identity.User", DRCHRONO): "Neither API writes people; test_people_are_the_same.",
    ("scheduling.CustomVital", CERBO): "Neither API defines vitals; test_definitions_of_vitals_are_the_same.",
    (
        "scheduling.CustomVital",
        DRCHRONO,
    ): "Neither API defines vitals; test_definitions_of_vitals_are_the_same.",
    ("scheduling.Vitals", CERBO): "DrChrono shows those of visits alone: docs/decisions/0191-readings.md",
    ("scheduling.CustomVitalValue", CERBO): "As vitals.",
    (
        "scheduling.Reminder",
        DRCHRONO,
    ): "DrChrono's reminders are read-only; they come of its reminder profiles.",
    ("clinical.Problem", CERBO): "Cerbo only reads past medical history.",
    (
        "clinical.ClinicalNote",
        CERBO,
    ): "DrChrono shows notes of visits alone: docs/decisions/0240-encounters.md",
    ("inventory.PatientVaccineRecord", CERBO): "Cerbo only reads vaccines.",
    ("messaging.PatientMessage", CERBO): "Through the queue: tests/domains/messaging.",
    ("labs.LabOrder", CERBO): "Cerbo only reads orders.",
    ("labs.LabTest", CERBO): "Cerbo only reads orders.",
    ("labs.LabResult", CERBO): "Cerbo only reads results.",
}
