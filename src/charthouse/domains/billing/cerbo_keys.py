"""Keys and parameters that charges and estimates share, as Cerbo shows them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.domains.billing import sums
from charthouse.domains.billing.accounts import ChargeDefinition, Invoice, InvoiceLine
from charthouse.domains.practice.cerbo_keys import by, created, deleted, encounter, tag
from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import RelatedRow, SelfRow
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, parse_date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue
from charthouse.engine.sql.expressions import BoundParameter, format_truncated

CREATED, TRANSACTION = "created", "transaction"


def as_text(column: str) -> Callable[[], Combinable]:
    return lambda: Cast(F(column), models.TextField())


def sum_of(name: str, amount: Callable[[], Combinable], doc: str = "") -> Key:
    """An amount that is computed."""
    return Key(
        name,
        Decimal(),
        READ_ONLY,
        source=Expression(lambda: format_truncated(amount())),
        nullable=False,
        doc=doc,
    )


def _definition() -> Key:
    return Key(
        "charge_master_details",
        Object(
            (
                Key("id", Id(), READ_ONLY),
                tag("charge_definition"),
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
        doc="What was charged, in the practice's catalogue; null where it isn't there.",
    )


def _payment(charge: str) -> Key:
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

    return Key(
        "payment_details",
        Object(
            (
                Key("invoice_id", Integer(), READ_ONLY, source="id"),
                Key("invoice_number", Text(), READ_ONLY, source=Expression(sums.number), nullable=False),
                Key("invoice_date", Date(), READ_ONLY, source="date"),
                Key("due_date", Date(), READ_ONLY),
            )
        ),
        READ_ONLY,
        source=RelatedRow(Invoice, match=found),
        doc="The invoice that asks for it; null while none does.",
    )


def priced(kind: str, charge: str, *rules: Key) -> tuple[Key, ...]:
    """The keys. ``charge``: the column that names the charge; ``rules``: further ones of ``billing_rules``."""
    return (
        tag(kind),
        Key("id", Id(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
        encounter("encounter_id")[0],
        _definition(),
        Key("name", Text(), READ_ONLY),
        Key("notes", Text(), READ_ONLY),
        Key("additional_details", Text(), READ_ONLY),
        Key("amount", Decimal(), READ_ONLY, doc="The price of one."),
        Key("quantity", Measurement(), READ_ONLY),
        Key(
            "discount_multiplier",
            Measurement(),
            READ_ONLY,
            doc="1: no discount. Amount, quantity and this multiplied, to the cent, are what it comes to.",
        ),
        Key("owner_id", Integer(), READ_ONLY, doc="The user who is credited with it."),
        Key(
            "location_identifier",
            Text(),
            READ_ONLY,
            source=Expression(as_text("office_id")),
            nullable=True,
            doc="The office's id.",
        ),
        Key("transaction_date", Date(), READ_ONLY, doc="The day it counts on."),
        created(),
        by("addedby"),
        _payment(charge),
        Key(
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
        ),
        Key("is_deleted", Boolean(), READ_ONLY, source="archived"),
        deleted("date_deleted"),
    )


# -- days -------------------------------------------------------------------------------------------------------


def _read_method(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if text not in (CREATED, TRANSACTION):
        raise InvalidValue(f"Select a valid choice. {text[:100]} is not one of the available choices.")
    return {}


def _bind_day(name: str, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    day = parse_date(text)
    try:
        after = datetime.combine(day + timedelta(days=1), time(), UTC)
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None
    return {
        name: day,
        f"{name}_midnight": datetime.combine(day, time(), UTC),
        f"{name}_over": after,
        "by_transaction": given.get("date_method") == TRANSACTION,
    }


def _read_last_day(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    found = _bind_day("end_date", text, given)
    try:
        is_reversed = found["end_date"] < parse_date(given.get("start_date"))
    except InvalidValue:
        is_reversed = False  # that one is reported, or was not given
    if is_reversed:
        raise InvalidValue("The range ends before it begins.")
    return found


def _match_either(transaction: Q, made: Q) -> Q:
    chosen = Q(BoundParameter("by_transaction", models.BooleanField()))
    return (chosen & transaction) | (~chosen & made)


def _match_first_day() -> Q:
    day = BoundParameter("start_date", models.DateField())
    midnight = BoundParameter("start_date_midnight", models.DateTimeField())
    return _match_either(Q(transaction_date__gte=day), Q(created_at__gte=midnight))


def _match_last_day() -> Q:
    day = BoundParameter("end_date", models.DateField())
    over = BoundParameter("end_date_over", models.DateTimeField())
    return _match_either(Q(transaction_date__lte=day), Q(created_at__lt=over))


_DATE: Schema = {"type": "string", "format": "date"}

# Which of a row's days ``start_date`` and ``end_date`` are about, and these, UTC.
DAYS: tuple[Filter, ...] = (
    Condition(
        "date_method",
        read=_read_method,
        described={"type": "string", "enum": [CREATED, TRANSACTION], "default": CREATED},
        doc="Whether days are of creation (UTC) or of the transaction.",
    ),
    Condition(
        "start_date",
        read=partial(_bind_day, "start_date"),
        condition=_match_first_day,
        described=_DATE,
        replan=True,
        doc="The first day.",
    ),
    Condition(
        "end_date",
        read=_read_last_day,
        condition=_match_last_day,
        described=_DATE,
        replan=True,
        doc="The last day.",
    ),
)
