"""Messages of the e-prescribing network in the DrChrono API. Source: reference drchrono/resources.yaml."""

from typing import Any

from django.db.models import F
from django.db.models.expressions import Combinable

from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.medications.models import PrescriptionMessage
from charthouse.domains.practice.drchrono.differences import make_coded_word
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _select_creation_day() -> Combinable:
    """Return the day of creation, UTC."""
    return sql.template("((%s) at time zone 'UTC')::date", F("created_at"), output_field=sql.DATE)


def _make_part(name: str) -> Any:
    return Key(name, Object((), open=True), READ_ONLY)


prescription_messages = Resource(
    path="prescription_messages",
    model=PrescriptionMessage,
    doc="Prescription messages between the practice and pharmacies.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key(
            "message_direction",
            make_coded_word("prescription_messages.message_direction", {"O": "Outgoing", "I": "Incoming"}),
            READ_ONLY,
        ),
        Key(
            "message_type",
            Text(choices=("NewRx", "RefillRequest", "RefillResponse", "Error", "Status", "Verify")),
            READ_ONLY,
        ),
        Key("message_status", Text(), READ_ONLY),
        Key("parent_message_id", Reference("prescription_messages"), READ_ONLY, source="parent_message"),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("pharmacy", Text(), READ_ONLY, doc="NCPDP ID."),
        Key("created_at", Date(), READ_ONLY, source=Expression(_select_creation_day), nullable=False),
        Key(
            "json_data",
            Object(
                tuple(
                    _make_part(name)
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
            doc="Parts of the NCPDP SCRIPT message, with the standard's names.",
        ),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Created at or after this time."),
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("parent_message", Reference("prescription_messages")),
        Filter(
            "created_at",
            Timestamp(),
            SINCE,
            source="created_at",
            addition=True,
            doc="Created at or after this time.",
        ),
    ),
    example={"message_direction": "Outgoing", "message_type": "NewRx", "message_status": "Sent"},
)

RESOURCES = [prescription_messages]
