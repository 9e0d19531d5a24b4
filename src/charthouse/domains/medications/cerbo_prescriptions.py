"""The formulary and prescriptions as Cerbo shows them, of the rows that are medications in DrChrono's API. Facts:
reference cerbo/objects.yaml, operations.yaml; docs/decisions/0195-*.md"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper, Func
from django.db.models.functions import Cast, Coalesce

from charthouse import clock
from charthouse.domains.medications import prescriptions as actions
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.medications.searching import words
from charthouse.domains.patients.queueing import ENQUEUE, QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, encounter, tag
from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Field, Id, Integer, Ref, Text
from charthouse.resource.filters import Flag
from charthouse.resource.functions import Call, Function
from charthouse.resource.joined import Linked
from charthouse.resource.times import Moment

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

DRUG: tuple[Field, ...] = (
    Id("id"),
    Text("name", READ_ONLY),
    Text("product_name", READ_ONLY),
    Text("generic_name", READ_ONLY),
    Text("dose_form", READ_ONLY),
    Text("va_id", READ_ONLY),
    Text("medispan_id", READ_ONLY),
    Text("ndcndf_id", READ_ONLY),
    Address("url_drug", where="/api/v1/drugs/%s"),
)
_OF_DRUGS: dict[str, Any] = {
    "model": Drug,
    "methods": "GET",
    **common("drugs"),
    "page_size": PAGES,
    "rows": Q(archived=False),
    "fields": DRUG,
    "example": {"name": "Metformin 500 mg tablet", "generic_name": "metformin", "dose_form": "tablet"},
}

drugs = Resource(path="drugs", doc="The drugs of the practice's formulary.", lists=False, **_OF_DRUGS)

found_drugs = Resource(
    path="drugs/search/{term}",
    doc="Drugs of the formulary by words of their names.",
    reads=False,
    filters=(
        words("term", "name", "product_name", "generic_name"),
        Flag("favorites-only", matches=lambda: Q(is_favorite=True), doc="Favorites alone."),
    ),
    **_OF_DRUGS,
)


def list_frequencies(call: Call) -> list[dict[str, str]]:
    return [{"name": name, "times_per_day": times} for name, times in FREQUENCIES]


frequencies = Function(
    path="drugs/frequencies",
    doc="How often a drug can be taken.",
    scopes=("drugs",),
    permissions=(),
    answers=(
        Text("name", READ_ONLY, nullable=False),
        Text("times_per_day", READ_ONLY, nullable=False, doc="A number."),
    ),
    many=True,
    run=list_frequencies,
    example={"name": "Every other day", "times_per_day": "0.5"},
)

# -- prescriptions ----------------------------------------------------------------------------------------------

STOPPED = Q(status="inactive") | Q(order_status="Discontinued")


class _Quantity(Func):
    """A number as text, without zeros that say nothing."""

    template = "coalesce(trim_scale(%(expressions)s)::text, '')"
    output_field = models.TextField()


class _Stopped(Func):
    """The moment of discontinuation, if it lies within the day; or the day's first."""

    arity = 2
    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        (moment, a), (day, b) = map(compiler.compile, self.source_expressions)
        utc = f"({moment} at time zone 'UTC')"
        text = f"case when {utc}::date = {day} then {utc} else {day}::timestamp end"
        return f"to_char({text}, 'YYYY-MM-DD HH24:MI:SS')", [*a, *b, *a, *b]


class _YearAfter(Func):
    template = "to_char(%(expressions)s + interval '1 year', 'YYYY-MM-DD HH24:MI:SS')"
    output_field = models.TextField()


@dataclass(frozen=True, kw_only=True, eq=False)
class Past(Boolean):
    """Whether the moment that ``computed`` makes, as text of UTC, has come; false where there is none."""

    def finish(self, value: str | None) -> bool:
        return value is not None and datetime.fromisoformat(f"{value}+00:00") <= clock.now()


def _true_where(condition: Q) -> Combinable:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


def _stopped() -> Combinable:
    moment = _Stopped(F("discontinued_at"), F("date_stopped_taking"))
    return Case(When(STOPPED, then=moment), output_field=models.TextField())


def _expires() -> Combinable:
    return _YearAfter(F("date_prescribed"))


prescriptions = Resource(
    path=RXS,
    model=Medication,
    doc="What a patient was prescribed, or takes for another reason: DrChrono's medications.",
    methods="GET",
    **common("patient_prescriptions"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("prescription"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Text("name", READ_ONLY),
        Text(
            "strength",
            READ_ONLY,
            computed=lambda: Coalesce(F("drug__strength"), sql.Text(""), output_field=models.TextField()),
            nullable=False,
            doc="Of the drug in the formulary.",
        ),
        Text("frequency", READ_ONLY),
        Text(
            "doses_rxed",
            READ_ONLY,
            computed=lambda: _Quantity(F("dispense_quantity")),
            nullable=False,
            doc="How many are dispensed; empty where nobody said.",
        ),
        Text("roa", READ_ONLY, source="route", doc="Route of administration."),
        Integer(
            "refills_rxed",
            READ_ONLY,
            computed=lambda: Coalesce(Cast(F("number_refills"), models.IntegerField()), 0),
            nullable=False,
        ),
        Boolean("is_chronic", READ_ONLY),
        Boolean(
            "is_admin_record",
            READ_ONLY,
            computed=lambda: _true_where(Q(order_status="Administered during visit")),
            nullable=False,
            doc="Given at a visit.",
        ),
        Boolean("generic_ok", READ_ONLY, computed=lambda: _true_where(Q(daw=False)), nullable=False),
        Text("instructions_to_pt", READ_ONLY, source="signature_note"),
        Text("instructions_to_dr", READ_ONLY, source="notes"),
        Text("instructions_to_pharmacist", READ_ONLY, source="pharmacy_note"),
        Boolean("is_discontinued", READ_ONLY, computed=lambda: _true_where(STOPPED), nullable=False),
        Moment("date_discontinued", READ_ONLY, computed=_stopped),
        Past("is_expired", READ_ONLY, computed=_expires, nullable=False),
        Moment("date_expired", READ_ONLY, computed=_expires, doc="A year after it was prescribed."),
        Linked("drug_details", to=Drug, via="drug", fields=DRUG, doc="Null where it isn't in the formulary."),
        *encounter(),
        by("addedby"),
        created(),
    ),
    events=plain("rx.created", "rx.modified", "rx.deleted", ours="create modify delete"),
    example={"name": "Metformin 500 mg tablet", "frequency": "Twice a day with meals", "doses_rxed": "90"},
)

_ASKED: dict[str, Any] = {
    "method": "POST",
    "of": "patients",
    "scopes": ("patient_prescriptions",),
    "answers": QUEUED,
}
_NOTES = Text("notes", OPTIONAL, stored=False, max_length=10_000)

queue_prescription = Function(
    path="patients/{id}/rxs",
    doc="Ask for a drug; staff take it into the chart, unless enqueue is off.",
    parameters=(ENQUEUE,),
    fields=(Ref("drug_id", REQUIRED, stored=False, to="drugs"), _NOTES),
    run=actions.send,
    example={"drug_id": 4, "notes": "Ran out last week", "result": True},
    **_ASKED,
)

refill = Function(
    path="patients/{id}/rxs/refill",
    doc="Ask for more of something that was prescribed; staff decide.",
    fields=(
        Integer("original_prescription_id", REQUIRED, stored=False, minimum=1, maximum=2**63 - 1),
        _NOTES,
        Text(
            "agreed_to_terms", OPTIONAL, stored=False, max_length=10_000, doc=f"Default: {actions.NO_TERMS}."
        ),
    ),
    run=actions.refill,
    example={"original_prescription_id": 88, "notes": "Going away", "result": True},
    **_ASKED,
)

discontinue = Function(
    path=f"{RXS}/{{id}}/discontinue",
    method="PATCH",
    doc="Stop a prescription.",
    of=RXS,
    fields=(
        Moment("discontinued_date", OPTIONAL, stored=False, doc="Now where it isn't given; not later."),
        Text("discontinued_reason", REQUIRED, stored=False, max_length=10_000),
    ),
    answers=(
        Text("object", READ_ONLY, nullable=False),
        Integer("id", READ_ONLY, nullable=False),
        Integer("drug_id", READ_ONLY, doc="Null where it isn't in the formulary."),
        Text("drug_name", READ_ONLY, nullable=False),
        Text("status", READ_ONLY, nullable=False),
        Text("discontinued_date", READ_ONLY, nullable=False),
        Text("discontinued_reason", READ_ONLY, nullable=False),
    ),
    run=actions.discontinue,
    example={"discontinued_reason": "Cough", "status": "discontinued"},
)

RESOURCES = [drugs, found_drugs, prescriptions]
FUNCTIONS = [frequencies, queue_prescription, refill, discontinue]
