"""Vaccines of patients in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, Concat, Trim

from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _make_id_key(name: str, column: str, *, nullable: bool = False, doc: str = "") -> Key:
    """Return a key of the id of another row, as text."""
    shown = lambda: Cast(F(column), models.TextField())  # noqa: E731
    return Key(name, Text(), READ_ONLY, source=Expression(shown), nullable=nullable, doc=doc)


def _make_presence_key(name: str, column: str, doc: str) -> Key:
    """Return a key that says whether a column is set."""
    shown = lambda: ExpressionWrapper(  # noqa: E731
        Q(**{f"{column}__isnull": False}), output_field=models.BooleanField()
    )
    return Key(name, Boolean(), READ_ONLY, source=Expression(shown), nullable=False, doc=doc)


def _select_dose() -> Combinable:
    """Return amount and unit; empty without an amount."""
    dose = Trim(
        Concat(
            Cast(F("amount"), models.TextField()),
            sql.Literal(" "),
            F("units"),
            output_field=models.TextField(),
        )
    )
    return Case(
        When(amount__isnull=False, then=dose), default=sql.Literal(""), output_field=models.TextField()
    )


def _select_administration_time() -> Combinable:
    """Return the time of administration, UTC; empty if unknown."""
    return Coalesce(sql.format_utc(F("administered_start")), sql.Literal(""), output_field=models.TextField())


vaccines = Resource(
    path="patients/{patient_id}/vaccines",
    model=PatientVaccineRecord,
    doc="Vaccines given to a patient.",
    methods="GET",
    policy=make_policy("patient_vaccines"),
    reads=False,
    page_size=PAGES,
    parents=make_patient_parent(),
    rows=Q(archived=False),
    keys=(
        make_object_key("vaccine"),
        Key("id", Id(as_text=True), READ_ONLY),
        _make_id_key("pt_id", "patient_id"),
        _make_id_key("vaccine_id", "vaccine_inventory_id", doc="The lot in the practice's stock."),
        Key("vaccine_name", Text(), READ_ONLY, source="name"),
        Key(
            "dose", Text(), READ_ONLY, source=Expression(_select_dose), nullable=False, doc="Amount and unit."
        ),
        Key("site", Text(), READ_ONLY, doc="HL7 table 0163."),
        Key("lot", Text(), READ_ONLY, source="lot_number"),
        Key("notes", Text(), READ_ONLY, source="comments"),
        _make_presence_key(
            "in_office", "administered_at_id", "Whether it was given in an office of the practice."
        ),
        _make_id_key(
            "administeredby", "administered_by_id", nullable=True, doc="Id of the user who gave it."
        ),
        Key(
            "administered",
            Text(),
            READ_ONLY,
            source=Expression(_select_administration_time),
            nullable=False,
            doc="UTC; empty if unknown.",
        ),
        make_user_key("enteredby", "entered_by_id"),
        make_created_key("entered"),
        _make_presence_key("next_due", "next_dose_date", "Whether there is a next dose to give."),
    ),
    example={"vaccine_name": "Influenza, seasonal", "dose": "0.50 mL", "site": "LD", "lot": "FL2031A"},
)

RESOURCES = [vaccines]
