"""Vaccines of patients as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, Concat, Trim

from charthouse.domains.inventory import cerbo_stock
from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, tag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import PageSize, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _id(name: str, column: str, *, nullable: bool = False, doc: str = "") -> Key:
    """The id of another row, as text."""
    shown = lambda: Cast(F(column), models.TextField())  # noqa: E731
    return Key(name, Text(), READ_ONLY, source=Expression(shown), nullable=nullable, doc=doc)


def _there(name: str, column: str, doc: str) -> Key:
    shown = lambda: ExpressionWrapper(  # noqa: E731
        Q(**{f"{column}__isnull": False}), output_field=models.BooleanField()
    )
    return Key(name, Boolean(), READ_ONLY, source=Expression(shown), nullable=False, doc=doc)


def _dose() -> Combinable:
    said = Trim(
        Concat(
            Cast(F("amount"), models.TextField()),
            sql.Literal(" "),
            F("units"),
            output_field=models.TextField(),
        )
    )
    return Case(
        When(amount__isnull=False, then=said), default=sql.Literal(""), output_field=models.TextField()
    )


def _administered() -> Combinable:
    return Coalesce(sql.format_utc(F("administered_start")), sql.Literal(""), output_field=models.TextField())


vaccines = Resource(
    path="patients/{patient_id}/vaccines",
    model=PatientVaccineRecord,
    doc="The vaccines that a patient was given.",
    methods="GET",
    policy=common("patient_vaccines"),
    reads=False,
    page_size=PageSize(100, 100, 100),
    parents=below_patient(),
    rows=Q(archived=False),
    keys=(
        tag("vaccine"),
        Key("id", Id(as_text=True), READ_ONLY),
        _id("pt_id", "patient_id"),
        _id("vaccine_id", "vaccine_inventory_id", doc="The lot of the practice's stock."),
        Key("vaccine_name", Text(), READ_ONLY, source="name"),
        Key("dose", Text(), READ_ONLY, source=Expression(_dose), nullable=False, doc="Amount and unit."),
        Key("site", Text(), READ_ONLY, doc="HL7 table 0163."),
        Key("lot", Text(), READ_ONLY, source="lot_number"),
        Key("notes", Text(), READ_ONLY, source="comments"),
        _there("in_office", "administered_at_id", "Whether it was given in an office of the practice."),
        _id("administeredby", "administered_by_id", nullable=True, doc="The id of the user who gave it."),
        Key(
            "administered",
            Text(),
            READ_ONLY,
            source=Expression(_administered),
            nullable=False,
            doc="UTC; empty if unknown.",
        ),
        by("enteredby", "entered_by_id"),
        created("entered"),
        _there("next_due", "next_dose_date", "Whether there is a next dose to give."),
    ),
    example={"vaccine_name": "Influenza, seasonal", "dose": "0.50 mL", "site": "LD", "lot": "FL2031A"},
)

RESOURCES = [vaccines, *cerbo_stock.RESOURCES]
