"""The formulary and prescriptions as Cerbo shows them, of the rows that are medications in DrChrono's API. Facts:
reference cerbo/objects.yaml, operations.yaml; docs/decisions/0195-*.md"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce

from charthouse import clock
from charthouse.domains.medications import prescriptions as actions
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.medications.searching import words
from charthouse.domains.patients.queueing import ENQUEUE, QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, encounter, tag
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import Converted
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import RelatedRow
from charthouse.engine.declaration.resources import Operation, PageSize, Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

PAGES = PageSize(100, 100, 100)
RXS = "patients/{patient_id}/rxs"
# How often, and how many times a day that is.
FREQUENCIES = (
    ("Once a day", "1"),
    ("Twice a day", "2"),
    ("Three times a day", "3"),
    ("Four times a day", "4"),
    ("Every 4 hours", "6"),
    ("Every 6 hours", "4"),
    ("Every 8 hours", "3"),
    ("Every 12 hours", "2"),
    ("In the morning", "1"),
    ("At bedtime", "1"),
    ("Every other day", "0.5"),
    ("Once a week", "0.14"),
    ("Once a month", "0.03"),
)

DRUG: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), READ_ONLY),
    Key("product_name", Text(), READ_ONLY),
    Key("generic_name", Text(), READ_ONLY),
    Key("dose_form", Text(), READ_ONLY),
    Key("va_id", Text(), READ_ONLY),
    Key("medispan_id", Text(), READ_ONLY),
    Key("ndcndf_id", Text(), READ_ONLY),
    url_key("url_drug", where="/api/v1/drugs/%s"),
)
_OF_DRUGS: dict[str, Any] = {
    "model": Drug,
    "methods": "GET",
    "page_size": PAGES,
    "rows": Q(archived=False),
    "keys": DRUG,
    "example": {"name": "Metformin 500 mg tablet", "generic_name": "metformin", "dose_form": "tablet"},
    "policy": common("drugs"),
}

drugs = Resource(path="drugs", doc="The drugs of the practice's formulary.", lists=False, **_OF_DRUGS)

found_drugs = Resource(
    path="drugs/search/{term}",
    doc="Drugs of the formulary by words of their names.",
    reads=False,
    filters=(
        words("term", "name", "product_name", "generic_name"),
        Flag("favorites-only", condition=lambda: Q(is_favorite=True), doc="Favorites alone."),
    ),
    **_OF_DRUGS,
)


def list_frequencies(call: Call) -> list[dict[str, str]]:
    return [{"name": name, "times_per_day": times} for name, times in FREQUENCIES]


frequencies = Operation(
    path="drugs/frequencies",
    doc="How often a drug can be taken.",
    answer=(
        Key("name", Text(), READ_ONLY, nullable=False),
        Key("times_per_day", Text(), READ_ONLY, nullable=False, doc="A number."),
    ),
    many=True,
    run=list_frequencies,
    policy=Policy(scopes=("drugs",), permissions=()),
    example={"name": "Every other day", "times_per_day": "0.5"},
)

# -- prescriptions ----------------------------------------------------------------------------------------------

STOPPED = Q(status="inactive") | Q(order_status="Discontinued")


_UTC_DAY = "(%s at time zone 'UTC')"
_STOPPED_AT = f"case when {_UTC_DAY}::date = %s then {_UTC_DAY} else %s::timestamp end"


def _has_passed(timestamp: str | None) -> bool:
    """Whether a timestamp, as text of UTC, has come; false where there is none."""
    return timestamp is not None and datetime.fromisoformat(f"{timestamp}+00:00") <= clock.now()


def _quantity() -> Combinable:
    """A number as text, without zeros that say nothing."""
    return sql.template("coalesce(trim_scale(%s)::text, '')", F("dispense_quantity"), output_field=sql.TEXT)


def _true_where(condition: Q) -> Combinable:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


def _stopped() -> Combinable:
    """The time of discontinuation, if it lies within the day; or the day's first."""
    columns = (F("discontinued_at"), F("date_stopped_taking")) * 2
    text = f"to_char({_STOPPED_AT}, 'YYYY-MM-DD HH24:MI:SS')"
    stopped = sql.template(text, *columns, output_field=sql.TEXT)
    return Case(When(STOPPED, then=stopped), output_field=models.TextField())


def _expires() -> Combinable:
    text = "to_char(%s + interval '1 year', 'YYYY-MM-DD HH24:MI:SS')"
    return sql.template(text, F("date_prescribed"), output_field=sql.TEXT)


prescriptions = Resource(
    path=RXS,
    model=Medication,
    doc="What a patient was prescribed, or takes for another reason: DrChrono's medications.",
    methods="GET",
    policy=common("patient_prescriptions"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    keys=(
        tag("prescription"),
        Key("id", Id(), READ_ONLY),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("name", Text(), READ_ONLY),
        Key(
            "strength",
            Text(),
            READ_ONLY,
            source=Expression(
                lambda: Coalesce(F("drug__strength"), sql.Literal(""), output_field=models.TextField())
            ),
            nullable=False,
            doc="Of the drug in the formulary.",
        ),
        Key("frequency", Text(), READ_ONLY),
        Key(
            "doses_rxed",
            Text(),
            READ_ONLY,
            source=Expression(_quantity),
            nullable=False,
            doc="How many are dispensed; empty where nobody said.",
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
            source=Expression(lambda: _true_where(Q(order_status="Administered during visit"))),
            nullable=False,
            doc="Given at a visit.",
        ),
        Key(
            "generic_ok",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _true_where(Q(daw=False))),
            nullable=False,
        ),
        Key("instructions_to_pt", Text(), READ_ONLY, source="signature_note"),
        Key("instructions_to_dr", Text(), READ_ONLY, source="notes"),
        Key("instructions_to_pharmacist", Text(), READ_ONLY, source="pharmacy_note"),
        Key(
            "is_discontinued",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _true_where(STOPPED)),
            nullable=False,
        ),
        Key("date_discontinued", Timestamp(spaced=True), READ_ONLY, source=Expression(_stopped)),
        Key(
            "is_expired",
            Converted(Boolean(), render_with=_has_passed),
            READ_ONLY,
            source=Expression(_expires),
            nullable=False,
        ),
        Key(
            "date_expired",
            Timestamp(spaced=True),
            READ_ONLY,
            source=Expression(_expires),
            doc="A year after it was prescribed.",
        ),
        Key(
            "drug_details",
            Object(DRUG),
            READ_ONLY,
            source=RelatedRow(Drug, via="drug"),
            doc="Null where it isn't in the formulary.",
        ),
        *encounter(),
        by("addedby"),
        created(),
    ),
    events=plain_events("rx.created", "rx.modified", "rx.deleted", own="create modify delete"),
    example={"name": "Metformin 500 mg tablet", "frequency": "Twice a day with meals", "doses_rxed": "90"},
)

_ASKED: dict[str, Any] = {
    "method": "POST",
    "of": "patients",
    "policy": Policy(scopes=("patient_prescriptions",)),
    "answer": QUEUED,
}
_NOTES = Key("notes", Text(max_length=10_000), OPTIONAL, source=UNSTORED)

queue_prescription = Operation(
    path="patients/{id}/rxs",
    doc="Ask for a drug; staff take it into the chart, unless enqueue is off.",
    filters=(ENQUEUE,),
    keys=(Key("drug_id", Reference("drugs"), REQUIRED, source=UNSTORED), _NOTES),
    run=actions.send,
    example={"drug_id": 4, "notes": "Ran out last week", "result": True},
    **_ASKED,
)

refill = Operation(
    path="patients/{id}/rxs/refill",
    doc="Ask for more of something that was prescribed; staff decide.",
    keys=(
        Key("original_prescription_id", Integer(minimum=1, maximum=2**63 - 1), REQUIRED, source=UNSTORED),
        _NOTES,
        Key(
            "agreed_to_terms",
            Text(max_length=10_000),
            OPTIONAL,
            source=UNSTORED,
            doc=f"Default: {actions.NO_TERMS}.",
        ),
    ),
    run=actions.refill,
    example={"original_prescription_id": 88, "notes": "Going away", "result": True},
    **_ASKED,
)

discontinue = Operation(
    path=f"{RXS}/{{id}}/discontinue",
    method="PATCH",
    doc="Stop a prescription.",
    of=RXS,
    keys=(
        Key(
            "discontinued_date",
            Timestamp(spaced=True),
            OPTIONAL,
            source=UNSTORED,
            doc="Now where it isn't given; not later.",
        ),
        Key("discontinued_reason", Text(max_length=10_000), REQUIRED, source=UNSTORED),
    ),
    answer=(
        Key("object", Text(), READ_ONLY, nullable=False),
        Key("id", Integer(), READ_ONLY, nullable=False),
        Key("drug_id", Integer(), READ_ONLY, doc="Null where it isn't in the formulary."),
        Key("drug_name", Text(), READ_ONLY, nullable=False),
        Key("status", Text(), READ_ONLY, nullable=False),
        Key("discontinued_date", Text(), READ_ONLY, nullable=False),
        Key("discontinued_reason", Text(), READ_ONLY, nullable=False),
    ),
    run=actions.discontinue,
    example={"discontinued_reason": "Cough", "status": "discontinued"},
)

RESOURCES = [drugs, found_drugs, prescriptions]
FUNCTIONS = [frequencies, queue_prescription, refill, discontinue]
