"""Keys and parameters that charges and estimates share, as Cerbo shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.domains.billing import sums
from charthouse.domains.billing.accounts import ChargeDefinition, Invoice, InvoiceLine
from charthouse.domains.practice.cerbo_keys import by, created, deleted, encounter, tag
from charthouse.resource.fields import (
    READ_ONLY,
    Boolean,
    Decimal,
    Field,
    Id,
    Integer,
    Measure,
    Ref,
    Text,
    Wrong,
)
from charthouse.resource.filters import Filter
from charthouse.resource.joined import Linked, Parts
from charthouse.resource.sql import Slot, Truncated
from charthouse.resource.times import Date, parse_date

CREATED, TRANSACTION = "created", "transaction"


def as_text(column: str) -> Callable[[], Combinable]:
    return lambda: Cast(F(column), models.TextField())


def sum_of(name: str, amount: Callable[[], Combinable], doc: str = "") -> Field:
    """An amount that is computed."""
    return Decimal(name, READ_ONLY, computed=lambda: Truncated(amount()), nullable=False, doc=doc)


def _definition() -> Field:
    return Linked(
        "charge_master_details",
        to=ChargeDefinition,
        via="definition",
        fields=(
            Id("id"),
            tag("charge_definition"),
            Text("name", READ_ONLY),
            Text("name_for_pt_portal", READ_ONLY),
            Text("category", READ_ONLY),
            Text("cpt_code", READ_ONLY),
            Decimal("retail", READ_ONLY),
            Decimal("wholesale", READ_ONLY),
        ),
        doc="What was charged, in the practice's catalogue; null where it isn't there.",
    )


def _payment(charge: str) -> Field:
    """The invoice that asks for a charge, of a row whose column ``charge`` names it."""

    def found() -> "QuerySet[Invoice]":
        lines = InvoiceLine.objects.filter(
            practice=OuterRef(OuterRef("practice_id")),
            charge=OuterRef(OuterRef(charge)),
            released=False,
            archived=False,
        )
        return Invoice.objects.filter(
            practice=OuterRef("practice_id"), pk=Subquery(lines.values_list("invoice_id")[:1])
        )

    return Linked(
        "payment_details",
        to=Invoice,
        match=found,
        fields=(
            Integer("invoice_id", READ_ONLY, source="id"),
            Text("invoice_number", READ_ONLY, computed=sums.number, nullable=False),
            Date("invoice_date", READ_ONLY, source="date"),
            Date("due_date", READ_ONLY),
        ),
        doc="The invoice that asks for it; null while none does.",
    )


def priced(kind: str, charge: str, *rules: Field) -> tuple[Field, ...]:
    """The keys. ``charge``: the column that names the charge; ``rules``: further ones of ``billing_rules``."""
    return (
        tag(kind),
        Id("id"),
        Ref("patient_id", READ_ONLY, source="patient", to="patients"),
        encounter("encounter_id")[0],
        _definition(),
        Text("name", READ_ONLY),
        Text("notes", READ_ONLY),
        Text("additional_details", READ_ONLY),
        Decimal("amount", READ_ONLY, doc="The price of one."),
        Measure("quantity", READ_ONLY),
        Measure(
            "discount_multiplier",
            READ_ONLY,
            doc="1: no discount. Amount, quantity and this multiplied, to the cent, are what it comes to.",
        ),
        Integer("owner_id", READ_ONLY, doc="The user who is credited with it."),
        Text(
            "location_identifier",
            READ_ONLY,
            computed=as_text("office_id"),
            nullable=True,
            doc="The office's id.",
        ),
        Date("transaction_date", READ_ONLY, doc="The day it counts on."),
        created(),
        by("addedby"),
        _payment(charge),
        Parts(
            "billing_rules",
            fields=(
                Boolean("add_to_insurance_claim", READ_ONLY),
                Decimal("amt_billed_to_insurance", READ_ONLY),
                Decimal("amt_paid_by_insurance", READ_ONLY),
                Text("cpt_code", READ_ONLY),
                Text("cpt_modifiers", READ_ONLY),
                *rules,
            ),
        ),
        Boolean("is_deleted", READ_ONLY, source="archived"),
        deleted("date_deleted"),
    )


# -- days -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class DateMethod(Filter):
    """Which of a row's days ``start_date`` and ``end_date`` are about."""

    def parse(self, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if text not in (CREATED, TRANSACTION):
            raise Wrong(f"Select a valid choice. {text[:100]} is not one of the available choices.")
        return {}

    def where(self) -> Q:
        return Q()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [CREATED, TRANSACTION], "default": CREATED}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Day(Filter):
    json_type = {"type": "string", "format": "date"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        day = parse_date(text)
        try:
            after = datetime.combine(day + timedelta(days=1), time(), UTC)
        except OverflowError:
            raise Wrong("Enter a valid date.") from None
        return {
            self.name: day,
            f"{self.name}_midnight": datetime.combine(day, time(), UTC),
            f"{self.name}_over": after,
            "by_transaction": given.get("date_method") == TRANSACTION,
        }

    def _either(self, transaction: Q, made: Q) -> Q:
        chosen = Q(Slot("by_transaction", models.BooleanField()))
        return (chosen & transaction) | (~chosen & made)

    def _slot(self, part: str) -> Slot:
        return Slot(f"{self.name}_{part}", models.DateTimeField())


class FirstDay(_Day):
    """The first day, UTC."""

    def where(self) -> Q:
        day = Slot(self.name, models.DateField())
        return self._either(Q(transaction_date__gte=day), Q(created_at__gte=self._slot("midnight")))


class LastDay(_Day):
    """The last day, UTC."""

    def parse(self, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        found = super().parse(text, given)
        try:
            backwards = found[self.name] < parse_date(given.get("start_date"))
        except Wrong:
            backwards = False  # that one is reported, or wasn't given
        if backwards:
            raise Wrong("The range ends before it begins.")
        return found

    def where(self) -> Q:
        day = Slot(self.name, models.DateField())
        return self._either(Q(transaction_date__lte=day), Q(created_at__lt=self._slot("over")))


DAYS: tuple[Filter, ...] = (
    DateMethod("date_method", doc="Whether days are of creation (UTC) or of the transaction."),
    FirstDay("start_date", doc="The first day."),
    LastDay("end_date", doc="The last day."),
)
