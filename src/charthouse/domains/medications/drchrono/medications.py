"""Medications in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains import limits
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.hooks import check_appointment_of_patient
from charthouse.domains.medications import prescriptions
from charthouse.domains.medications.codes import ORDER_STATUSES
from charthouse.domains.medications.models import Medication
from charthouse.domains.medications.prescriptions import append_to_pharmacy_note
from charthouse.domains.practice.drchrono.differences import is_live
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

_NEW_NOTE = (Key("pharmacy_note", Text(), READ_ONLY, source=UNSTORED, doc="The complete note."),)

medications = Resource(
    path="medications",
    model=Medication,
    doc="Patients' current and past medications.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("daw", Boolean(), default=False, doc="Dispense as written."),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("name", Text()),
        Key("patient", Reference("patients"), REQUIRED),
        Key("prn", Boolean(), default=False, doc="As needed."),
        Key("appointment", Reference("appointments"), OPTIONAL),
        Key("date_prescribed", Date(past=True)),
        Key("date_started_taking", Date()),
        Key("date_stopped_taking", Date()),
        Key("dispense_quantity", Decimal(minimum=0, maximum=limits.MAX_DISPENSED)),
        Key("dosage_quantity", Text(), doc="A number or text."),
        Key("dosage_units", Text()),
        Key("ndc", Text(), doc="National Drug Code; not checked."),
        Key("notes", Text(multiline=True)),
        Key("frequency", Text()),
        Key("indication", Text()),
        Key("number_refills", Integer(minimum=0, maximum=limits.MAX_REFILLS)),
        Key("order_status", Text(choices=ORDER_STATUSES), default=""),
        Key("pharmacy_note", Text(multiline=True)),
        Key("route", Text()),
        Key("rxnorm", Text(), doc="RxNorm code."),
        Key("signature_note", Text(multiline=True)),
        Key("status", Text(choices=("active", "inactive")), default="active"),
    ),
    filters=(Filter("patient", Reference("patients")), Filter("doctor", Reference("doctors"), addition=True)),
    checks=(
        check_appointment_of_patient,
        limits.make_order_check(("date_started_taking", "date_stopped_taking")),
        prescriptions.find_drug,
    ),
    events=plain_events(
        "PATIENT_MEDICATION_CREATE", "PATIENT_MEDICATION_MODIFY", "PATIENT_MEDICATION_DELETE", own="delete"
    ),
    example={
        "doctor": 1,
        "patient": 12,
        "name": "Metformin 500 mg tablet",
        "rxnorm": "861007",
        "dosage_quantity": "1",
        "dosage_units": "tablet",
        "frequency": "Twice a day",
        "date_prescribed": "2026-03-02",
    },
)

append_to_note = Operation(
    path="medications/{id}/append_to_pharmacy_note",
    method="PATCH",
    of="medications",
    doc="Append a paragraph to the note for the pharmacy.",
    keys=(
        Key(
            "text",
            Text(multiline=True, max_length=10_000),
            REQUIRED,
            source=UNSTORED,
            example="Please call first.",
        ),
    ),
    run=append_to_pharmacy_note,
    status=204 if is_live("medications.append_to_pharmacy_note") else 200,
    answer=() if is_live("medications.append_to_pharmacy_note") else _NEW_NOTE,
    example={"text": "Please call first.", "pharmacy_note": "Take with food.\n\nPlease call first."},
)

RESOURCES = [medications]
OPERATIONS = [append_to_note]
