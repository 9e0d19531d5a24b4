"""Vaccines of patients as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, Concat, Trim

from charthouse.domains.inventory import cerbo_stock
from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, tag
from charthouse.resource import sql
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import READ_ONLY, Boolean, Field, Id, Text


def _id(name: str, column: str, *, nullable: bool = False, doc: str = "") -> Field:
    """The id of another row, as text."""
    shown = lambda: Cast(F(column), models.TextField())  # noqa: E731
    return Text(name, READ_ONLY, computed=shown, nullable=nullable, doc=doc)


def _there(name: str, column: str, doc: str) -> Field:
    shown = lambda: ExpressionWrapper(  # noqa: E731
        Q(**{f"{column}__isnull": False}), output_field=models.BooleanField()
    )
    return Boolean(name, READ_ONLY, computed=shown, nullable=False, doc=doc)


def _dose() -> Combinable:
    said = Trim(
        Concat(
            Cast(F("amount"), models.TextField()), sql.Text(" "), F("units"), output_field=models.TextField()
        )
    )
    return Case(When(amount__isnull=False, then=said), default=sql.Text(""), output_field=models.TextField())


def _administered() -> Combinable:
    return Coalesce(sql.Spaced(F("administered_start")), sql.Text(""), output_field=models.TextField())


vaccines = Resource(
    path="patients/{patient_id}/vaccines",
    model=PatientVaccineRecord,
    doc="The vaccines that a patient was given.",
    methods="GET",
    reads=False,
    **common("patient_vaccines"),
    page_size=PageSize(100, 100, 100),
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("vaccine"),
        Id("id", as_text=True),
        _id("pt_id", "patient_id"),
        _id("vaccine_id", "vaccine_inventory_id", doc="The lot of the practice's stock."),
        Text("vaccine_name", READ_ONLY, source="name"),
        Text("dose", READ_ONLY, computed=_dose, nullable=False, doc="Amount and unit."),
        Text("site", READ_ONLY, doc="HL7 table 0163."),
        Text("lot", READ_ONLY, source="lot_number"),
        Text("notes", READ_ONLY, source="comments"),
        _there("in_office", "administered_at_id", "Whether it was given in an office of the practice."),
        _id("administeredby", "administered_by_id", nullable=True, doc="The id of the user who gave it."),
        Text("administered", READ_ONLY, computed=_administered, nullable=False, doc="UTC; empty if unknown."),
        by("enteredby", "entered_by_id"),
        created("entered"),
        _there("next_due", "next_dose_date", "Whether there is a next dose to give."),
    ),
    example={"vaccine_name": "Influenza, seasonal", "dose": "0.50 mL", "site": "LD", "lot": "FL2031A"},
)

RESOURCES = [vaccines, *cerbo_stock.RESOURCES]
