"""Prescriptions in the Cerbo API, of the rows that are medications in DrChrono's. Source: reference
cerbo/objects.yaml, operations.yaml; docs/decisions/0195-*.md"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce

from charthouse import clock
from charthouse.domains.medications.cerbo.drugs import DRUG
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.medications.prescriptions import (
    NO_TERMS,
    discontinue_prescription,
    request_drug,
    request_refill,
)
from charthouse.domains.patients.cerbo.portal_requests import (
    ENQUEUE_FILTER,
    QUEUED_KEYS,
    make_submission_keys,
)
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_created_key,
    make_encounter_keys,
    make_patient_key,
    make_user_key,
)
from charthouse.engine.declaration.composites import convert
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.related import RelatedRow
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

RXS = "patients/{patient_id}/rxs"
DISCONTINUED = Q(status="inactive") | Q(order_status="Discontinued")
_UTC_DAY = "(%s at time zone 'UTC')"
_DISCONTINUATION_TIME = f"case when {_UTC_DAY}::date = %s then {_UTC_DAY} else %s::timestamp end"


def _has_passed(timestamp: str | None) -> bool:
    """Return whether a timestamp, as text in UTC, has passed; false without one."""
    return timestamp is not None and datetime.fromisoformat(f"{timestamp}+00:00") <= clock.now()


def _select_quantity() -> Combinable:
    """Return the quantity as text without trailing zeros; empty without one."""
    return sql.template("coalesce(trim_scale(%s)::text, '')", F("dispense_quantity"), output_field=sql.TEXT)


def _select_condition(condition: Q) -> Combinable:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


def _select_discontinuation_time() -> Combinable:
    """Return the time of discontinuation if it lies within the day, else the start of the day."""
    columns = (F("discontinued_at"), F("date_stopped_taking")) * 2
    text = f"to_char({_DISCONTINUATION_TIME}, 'YYYY-MM-DD HH24:MI:SS')"
    stopped = sql.template(text, *columns, output_field=sql.TEXT)
    return Case(When(DISCONTINUED, then=stopped), output_field=models.TextField())


def _select_expiry() -> Combinable:
    """Return the time one year after the prescription."""
    text = "to_char(%s + interval '1 year', 'YYYY-MM-DD HH24:MI:SS')"
    return sql.template(text, F("date_prescribed"), output_field=sql.TEXT)


prescriptions = declare_patient_list(
    "patient_prescriptions",
    "prescription",
    path=RXS,
    model=Medication,
    doc="Drugs prescribed to a patient or taken for another reason (DrChrono's medications).",
    methods="GET",
    keys=(
        make_patient_key(),
        Key("name", Text(), READ_ONLY),
        Key(
            "strength",
            Text(),
            READ_ONLY,
            source=Expression(
                lambda: Coalesce(F("drug__strength"), sql.Literal(""), output_field=models.TextField())
            ),
            nullable=False,
            doc="Strength of the drug in the formulary.",
        ),
        Key("frequency", Text(), READ_ONLY),
        Key(
            "doses_rxed",
            Text(),
            READ_ONLY,
            source=Expression(_select_quantity),
            nullable=False,
            doc="Quantity dispensed; empty if unknown.",
        ),
        Key("roa", Text(), READ_ONLY, source="route", doc="Route of administration."),
        Key(
            "refills_rxed",
            Integer(),
            READ_ONLY,
            source=Expression(lambda: Coalesce(Cast(F("number_refills"), models.IntegerField()), 0)),
            nullable=False,
        ),
        Key("is_chronic", Boolean(), READ_ONLY),
        Key(
            "is_admin_record",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _select_condition(Q(order_status="Administered during visit"))),
            nullable=False,
            doc="Whether it was given at a visit.",
        ),
        Key(
            "generic_ok",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _select_condition(Q(daw=False))),
            nullable=False,
        ),
        Key("instructions_to_pt", Text(), READ_ONLY, source="signature_note"),
        Key("instructions_to_dr", Text(), READ_ONLY, source="notes"),
        Key("instructions_to_pharmacist", Text(), READ_ONLY, source="pharmacy_note"),
        Key(
            "is_discontinued",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _select_condition(DISCONTINUED)),
            nullable=False,
        ),
        Key(
            "date_discontinued",
            Timestamp(spaced=True),
            READ_ONLY,
            source=Expression(_select_discontinuation_time),
        ),
        Key(
            "is_expired",
            convert(Boolean(), render=_has_passed),
            READ_ONLY,
            source=Expression(_select_expiry),
            nullable=False,
        ),
        Key(
            "date_expired",
            Timestamp(spaced=True),
            READ_ONLY,
            source=Expression(_select_expiry),
            doc="One year after it was prescribed.",
        ),
        Key(
            "drug_details",
            Object(DRUG),
            READ_ONLY,
            source=RelatedRow(Drug, via="drug"),
            doc="Null if the drug isn't in the formulary.",
        ),
        *make_encounter_keys(),
        make_user_key("addedby"),
        make_created_key(),
    ),
    events=plain_events("rx.created", "rx.modified", "rx.deleted", own="create modify delete"),
    example={"name": "Metformin 500 mg tablet", "frequency": "Twice a day with meals", "doses_rxed": "90"},
)

_REQUEST: dict[str, Any] = {
    "method": "POST",
    "of": "patients",
    "policy": Policy(scopes=("patient_prescriptions",)),
}

_NOTES = Key("notes", Text(multiline=True, max_length=10_000), OPTIONAL, source=UNSTORED)

queue_prescription = Operation(
    path="patients/{id}/rxs",
    doc="Request a drug. Staff accept it into the chart, unless enqueue is off.",
    filters=(ENQUEUE_FILTER,),
    keys=(Key("drug_id", Reference("drugs"), REQUIRED, source=UNSTORED), _NOTES),
    answer=make_submission_keys(prescriptions.keys),
    answer_model=prescriptions.model,
    run=request_drug,
    example={"drug_id": 4, "notes": "Ran out last week", "result": True},
    **_REQUEST,
)

refill = Operation(
    path="patients/{id}/rxs/refill",
    doc="Request a refill of a prescription; staff decide.",
    keys=(
        Key("original_prescription_id", Integer(minimum=1, maximum=2**63 - 1), REQUIRED, source=UNSTORED),
        _NOTES,
        Key(
            "agreed_to_terms",
            Text(max_length=10_000),
            OPTIONAL,
            source=UNSTORED,
            doc=f"Default: {NO_TERMS}.",
        ),
    ),
    answer=QUEUED_KEYS,
    run=request_refill,
    example={"original_prescription_id": 88, "notes": "Going away", "result": True},
    **_REQUEST,
)

discontinue = Operation(
    path=f"{RXS}/{{id}}/discontinue",
    method="PATCH",
    doc="Discontinue a prescription.",
    of=RXS,
    keys=(
        Key(
            "discontinued_date",
            Timestamp(spaced=True),
            OPTIONAL,
            source=UNSTORED,
            doc="Default: now; must not be in the future.",
        ),
        Key("discontinued_reason", Text(max_length=10_000), REQUIRED, source=UNSTORED),
    ),
    answer=(
        Key("object", Text(), READ_ONLY, nullable=False),
        Key("id", Integer(), READ_ONLY, nullable=False),
        Key("drug_id", Integer(), READ_ONLY, doc="Null if the drug isn't in the formulary."),
        Key("drug_name", Text(), READ_ONLY, nullable=False),
        Key("status", Text(), READ_ONLY, nullable=False),
        Key("discontinued_date", Text(), READ_ONLY, nullable=False),
        Key("discontinued_reason", Text(), READ_ONLY, nullable=False),
    ),
    run=discontinue_prescription,
    example={"discontinued_reason": "Cough", "status": "discontinued"},
)

RESOURCES = [prescriptions]

OPERATIONS = [queue_prescription, refill, discontinue]
