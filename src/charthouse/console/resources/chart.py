"""What the chart's forms write and DrChrono's API does not: severities, how medications end, who reviewed results."""

from dataclasses import replace

from django.db.models import Q

from charthouse.domains.clinical.drchrono.allergies import allergies
from charthouse.domains.clinical.models import Procedure
from charthouse.domains.labs.drchrono.orders import lab_orders
from charthouse.domains.labs.models import LabOrder
from charthouse.domains.limits import make_order_check
from charthouse.domains.medications.drchrono.medications import medications
from charthouse.domains.medications.models import Medication
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

SEVERITIES = ("", "mild", "moderate", "severe")

RESOURCES = (
    replace(
        allergies,
        path="charted_allergies",
        doc="Allergies with their severity, as people chart them.",
        methods="GET POST PATCH",
        filters=(),
        events=(),
        keys=(*allergies.keys, Key("severity", Text(choices=SEVERITIES), default="")),
    ),
    Resource(
        path="lab_reviews",
        model=LabOrder,
        doc="Who signed the results of lab orders off, and when.",
        methods="GET PATCH",
        policy=lab_orders.policy,
        rows=Q(archived=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("reviewed_at", Timestamp(past=True), OPTIONAL),
            Key("reviewed_by", Reference("users"), OPTIONAL),
        ),
        example={"reviewed_at": "2026-03-02T09:00:00"},
    ),
    Resource(
        path="reconciliations",
        model=Procedure,
        doc="Acts of a visit that both APIs read, as the console writes them: medications were reconciled.",
        methods="GET POST",
        policy=medications.policy,
        rows=Q(archived=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("appointment", Reference("appointments"), REQUIRED),
            Key("doctor", Reference("doctors"), REQUIRED),
            Key("patient", Reference("patients"), REQUIRED),
            Key("procedure_type", Text(choices=("S",)), REQUIRED),
            Key("code", Text(blank=False), REQUIRED),
            Key("description", Text(multiline=True), OPTIONAL),
            Key("date", Date(past=True), REQUIRED),
        ),
        example={"procedure_type": "S", "code": "428191000124101", "date": "2026-03-02"},
    ),
    Resource(
        path="medication_endings",
        model=Medication,
        doc="How medications of patients end, as people write it.",
        methods="GET PATCH",
        policy=medications.policy,
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("status", Text(choices=("active", "inactive")), OPTIONAL),
            Key("date_started_taking", Date(), READ_ONLY),
            Key("date_stopped_taking", Date(), OPTIONAL),
            Key("discontinued_at", Timestamp(), OPTIONAL),
            Key("discontinued_reason", Text(multiline=True, max_length=1000), OPTIONAL),
        ),
        checks=(make_order_check(("date_started_taking", "date_stopped_taking")),),
        example={"status": "inactive", "discontinued_reason": "Cough"},
    ),
)
