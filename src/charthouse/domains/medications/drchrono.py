"""Medications and prescription messages as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from typing import Any

from django.db import models
from django.db.models import F, Func

from charthouse.domains.clinical.actions import of_the_patient
from charthouse.domains.clinical.drchrono_notes import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.medications import actions, prescriptions
from charthouse.domains.medications.models import Medication, PrescriptionMessage
from charthouse.resource.declare import Action, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Decimal, Id, Integer, Ref, Text
from charthouse.resource.filters import RefIs, Since
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date

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
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Boolean("daw", default=False, doc="Dispense as written."),
        Ref("doctor", REQUIRED, to="doctors"),
        Id("id"),
        Text("name"),
        Ref("patient", REQUIRED, to="patients"),
        Boolean("prn", default=False, doc="As needed."),
        Ref("appointment", OPTIONAL, to="appointments"),
        Date("date_prescribed"),
        Date("date_started_taking"),
        Date("date_stopped_taking"),
        Decimal("dispense_quantity"),
        Text("dosage_quantity", doc="A number or words."),
        Text("dosage_units"),
        Text("ndc", doc="National Drug Code; not checked."),
        Text("notes"),
        Text("frequency"),
        Text("indication"),
        Integer("number_refills", minimum=0),
        Text("order_status", choices=ORDER_STATUSES, default=""),
        Text("pharmacy_note"),
        Text("route"),
        Text("rxnorm", doc="RxNorm code."),
        Text("signature_note"),
        Text("status", choices=("active", "inactive"), default="active"),
    ),
    filters=(RefIs("patient", to="patients"), RefIs("doctor", to="doctors", addition=True)),
    checks=(of_the_patient, prescriptions.find_drug),
    actions=(
        Action(
            name="append_to_pharmacy_note",
            method="PATCH",
            doc="Add a paragraph to the note for the pharmacy; pharmacy_note of the answer has the new text.",
            fields=(Text("text", REQUIRED, stored=False, max_length=10_000, example="Please call first."),),
            run=actions.append_to_pharmacy_note,
        ),
    ),
    events=plain(
        "PATIENT_MEDICATION_CREATE", "PATIENT_MEDICATION_MODIFY", "PATIENT_MEDICATION_DELETE", ours="delete"
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


class _Day(Func):
    """The day of a moment, UTC."""

    template = "((%(expressions)s) at time zone 'UTC')::date"
    output_field = models.DateField()


def _part(name: str) -> Any:
    return Embedded(name, READ_ONLY, open=True, fields=())


prescription_messages = Resource(
    path="prescription_messages",
    model=PrescriptionMessage,
    doc="Messages between the practice and pharmacies about prescriptions.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    fields=(
        Id("id"),
        Ref("doctor", READ_ONLY, to="doctors"),
        Text("message_direction", READ_ONLY, choices=("Outgoing", "Incoming")),
        Text(
            "message_type",
            READ_ONLY,
            choices=("NewRx", "RefillRequest", "RefillResponse", "Error", "Status", "Verify"),
        ),
        Text("message_status", READ_ONLY),
        Ref("parent_message_id", READ_ONLY, source="parent_message", to="prescription_messages"),
        Ref("patient", READ_ONLY, to="patients"),
        Text("pharmacy", READ_ONLY, doc="NCPDP id."),
        Date("created_at", READ_ONLY, computed=lambda: _Day(F("created_at")), nullable=False),
        Embedded(
            "json_data",
            READ_ONLY,
            open=True,
            fields=tuple(
                _part(name)
                for name in (
                    "BenefitsCoordination",
                    "MedicationPrescribed",
                    "Patient",
                    "Pharmacy",
                    "Prescriber",
                )
            ),
            doc="Parts of the NCPDP SCRIPT message, by the standard's names.",
        ),
    ),
    filters=(
        Since("since", source="created_at", doc="Created at or after."),
        RefIs("doctor", to="doctors"),
        RefIs("patient", to="patients"),
        RefIs("parent_message", to="prescription_messages"),
        Since("created_at", source="created_at", addition=True, doc="Created at or after."),
    ),
    example={"message_direction": "Outgoing", "message_type": "NewRx", "message_status": "Sent"},
)

RESOURCES = [medications, prescription_messages]
