"""Keys that charges and estimates share in the Cerbo API."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import (
    ChargeDefinition,
    Invoice,
    InvoiceLine,
)
from charthouse.domains.practice.cerbo.keys import (
    make_created_key,
    make_deleted_key,
    make_encounter_keys,
    make_object_key,
    make_patient_parent,
    make_user_key,
)
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import RelatedRow, SelfRow
from charthouse.engine.declaration.resources import Parent
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY


def cast_text(column: str) -> Callable[[], Combinable]:
    return lambda: Cast(F(column), models.TextField())


def _make_definition() -> Key:
    return Key(
        "charge_master_details",
        Object(
            (
                Key("id", Id(), READ_ONLY),
                make_object_key("charge_definition"),
                Key("name", Text(), READ_ONLY),
                Key("name_for_pt_portal", Text(), READ_ONLY),
                Key("category", Text(), READ_ONLY),
                Key("cpt_code", Text(), READ_ONLY),
                Key("retail", Decimal(), READ_ONLY),
                Key("wholesale", Decimal(), READ_ONLY),
            )
        ),
        READ_ONLY,
        source=RelatedRow(ChargeDefinition, via="definition"),
        doc="The charge definition in the practice's catalogue; null if it isn't in the catalogue.",
    )


def _make_payment(charge: str) -> Key:
    """Return the key of the invoice of a charge. ``charge``: the column with the charge's id."""

    def select_invoice() -> "QuerySet[Invoice]":
        lines = InvoiceLine.objects.filter(
            practice=OuterRef(OuterRef("practice_id")),
            charge=OuterRef(OuterRef(charge)),
            released=False,
            archived=False,
        )
        return Invoice.objects.filter(
            practice=OuterRef("practice_id"), pk=Subquery(lines.values_list("invoice_id")[:1])
        )

    return Key(
        "payment_details",
        Object(
            (
                Key("invoice_id", Integer(), READ_ONLY, source="id"),
                Key(
                    "invoice_number",
                    Text(),
                    READ_ONLY,
                    source=Expression(account_sums.select_invoice_number),
                    nullable=False,
                ),
                Key("invoice_date", Date(), READ_ONLY, source="date"),
                Key("due_date", Date(), READ_ONLY),
            )
        ),
        READ_ONLY,
        source=RelatedRow(Invoice, match=select_invoice),
        doc="The invoice that includes the charge; null if there is none.",
    )


_PRICE: tuple[Key, ...] = (
    Key("amount", Decimal(), READ_ONLY, doc="Price per unit."),
    Key("quantity", Measurement(), READ_ONLY),
    Key(
        "discount_multiplier",
        Measurement(),
        READ_ONLY,
        doc=(
            "1 means no discount. The total is amount times quantity times this value, rounded to the cent."
        ),
    ),
    Key("owner_id", Integer(), READ_ONLY, doc="The user credited with the charge."),
    Key(
        "location_identifier",
        Text(),
        READ_ONLY,
        source=Expression(cast_text("office_id")),
        nullable=True,
        doc="The office's id.",
    ),
)


def _make_billing_rules(rules: tuple[Key, ...]) -> Key:
    """Return the key of the rules of billing to insurers, with further ones at the end."""
    return Key(
        "billing_rules",
        Object(
            (
                Key("add_to_insurance_claim", Boolean(), READ_ONLY),
                Key("amt_billed_to_insurance", Decimal(), READ_ONLY),
                Key("amt_paid_by_insurance", Decimal(), READ_ONLY),
                Key("cpt_code", Text(), READ_ONLY),
                Key("cpt_modifiers", Text(), READ_ONLY),
                *rules,
            )
        ),
        READ_ONLY,
        source=SelfRow(),
    )


def make_charge_keys(kind: str, charge: str, *rules: Key) -> tuple[Key, ...]:
    """Return the keys of charges and estimates. ``charge``: the column with the charge's id; ``rules``:
    further keys of ``billing_rules``."""
    return (
        make_object_key(kind),
        Key("id", Id(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
        make_encounter_keys("encounter_id")[0],
        _make_definition(),
        Key("name", Text(), READ_ONLY),
        Key("notes", Text(), READ_ONLY),
        Key("additional_details", Text(), READ_ONLY),
        *_PRICE,
        Key("transaction_date", Date(), READ_ONLY, doc="The date that the charge counts for."),
        make_created_key(),
        make_user_key("addedby"),
        _make_payment(charge),
        _make_billing_rules(rules),
        Key("is_deleted", Boolean(), READ_ONLY, source="archived"),
        make_deleted_key("date_deleted"),
    )


NOT_DELETED = Q(archived=False)
INCLUDE_DELETED = Flag("include_deleted", doc="Includes deleted rows.")
EXAMPLE: dict[str, Any] = {"name": "Office visit, 30 minutes", "amount": "145.00", "quantity": 1}

# The encounter has to be the patient's.
BELOW_ENCOUNTER = (
    *make_patient_parent(),
    Parent("encounter_id", to="patients/{patient_id}/encounters", source="encounter"),
)
