"""Medications and prescription messages as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from typing import Any

from django.db.models import F
from django.db.models.expressions import Combinable

from charthouse.domains.clinical.actions import of_the_patient
from charthouse.domains.clinical.drchrono_notes import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.medications import actions, prescriptions
from charthouse.domains.medications.models import Medication, PrescriptionMessage
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import THE_ROW, Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

ORDER_STATUSES = (
    "",
    "Ordered",
    "Administered during visit",
    "Electronic eRx Sent",
    "Phoned into Pharmacy",
    "Faxed to Pharmacy",
    "Paper Rx",
    "Prescription Printed",
    "Discontinued",
    "Prescribed by other Dr",
    "Over the Counter",
)

medications = Resource(
    path="medications",
    model=Medication,
    doc="What patients take or took.",
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
        Key("date_prescribed", Date()),
        Key("date_started_taking", Date()),
        Key("date_stopped_taking", Date()),
        Key("dispense_quantity", Decimal()),
        Key("dosage_quantity", Text(), doc="A number or words."),
        Key("dosage_units", Text()),
        Key("ndc", Text(), doc="National Drug Code; not checked."),
        Key("notes", Text()),
        Key("frequency", Text()),
        Key("indication", Text()),
        Key("number_refills", Integer(minimum=0)),
        Key("order_status", Text(choices=ORDER_STATUSES), default=""),
        Key("pharmacy_note", Text()),
        Key("route", Text()),
        Key("rxnorm", Text(), doc="RxNorm code."),
        Key("signature_note", Text()),
        Key("status", Text(choices=("active", "inactive")), default="active"),
    ),
    filters=(Filter("patient", Reference("patients")), Filter("doctor", Reference("doctors"), addition=True)),
    checks=(of_the_patient, prescriptions.find_drug),
    operations=(
        Operation(
            name="append_to_pharmacy_note",
            method="PATCH",
            doc="Add a paragraph to the note for the pharmacy; pharmacy_note of the answer has the new text.",
            keys=(
                Key("text", Text(max_length=10_000), REQUIRED, source=UNSTORED, example="Please call first."),
            ),
            run=actions.append_to_pharmacy_note,
            answer=THE_ROW,
        ),
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


def _created_on() -> Combinable:
    """The day, UTC."""
    return sql.template("((%s) at time zone 'UTC')::date", F("created_at"), output_field=sql.DATE)


def _part(name: str) -> Any:
    return Key(name, Object((), open=True), READ_ONLY)


prescription_messages = Resource(
    path="prescription_messages",
    model=PrescriptionMessage,
    doc="Messages between the practice and pharmacies about prescriptions.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("message_direction", Text(choices=("Outgoing", "Incoming")), READ_ONLY),
        Key(
            "message_type",
            Text(choices=("NewRx", "RefillRequest", "RefillResponse", "Error", "Status", "Verify")),
            READ_ONLY,
        ),
        Key("message_status", Text(), READ_ONLY),
        Key("parent_message_id", Reference("prescription_messages"), READ_ONLY, source="parent_message"),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("pharmacy", Text(), READ_ONLY, doc="NCPDP id."),
        Key("created_at", Date(), READ_ONLY, source=Expression(_created_on), nullable=False),
        Key(
            "json_data",
            Object(
                tuple(
                    _part(name)
                    for name in (
                        "BenefitsCoordination",
                        "MedicationPrescribed",
                        "Patient",
                        "Pharmacy",
                        "Prescriber",
                    )
                ),
                open=True,
            ),
            READ_ONLY,
            doc="Parts of the NCPDP SCRIPT message, by the standard's names.",
        ),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Created at or after."),
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("parent_message", Reference("prescription_messages")),
        Filter(
            "created_at", Timestamp(), SINCE, source="created_at", addition=True, doc="Created at or after."
        ),
    ),
    example={"message_direction": "Outgoing", "message_type": "NewRx", "message_status": "Sent"},
)

RESOURCES = [medications, prescription_messages]
