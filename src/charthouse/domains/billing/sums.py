"""What charges come to, what is left of invoices and when subscriptions are due, as SQL expressions of their rows."""

from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Round

from charthouse.domains.billing.accounts import InvoiceLine, InvoicePayment
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.lateral import LateralAggregate

STATUSES = ("open", "paid", "void")
_AMOUNT: Any = models.DecimalField(max_digits=20, decimal_places=2)


def _or_zero(column: Combinable) -> Combinable:
    return Coalesce(column, sql.literal(0), output_field=_AMOUNT)


def whole(at: str = "") -> Combinable:
    """All that a charge or an estimate comes to. ``at``: path to it, with ``__`` at the end."""
    product = F(f"{at}amount") * F(f"{at}quantity") * F(f"{at}discount_multiplier")
    return Round(product, 2, output_field=_AMOUNT)


def share(at: str = "") -> Combinable:
    """What of a charge is the patient's to pay: not what an insurer pays, nor what is written off."""
    paid, off = _or_zero(F(f"{at}amt_paid_by_insurance")), _or_zero(F(f"{at}amt_written_off"))
    return whole(at) - paid - off


# -- invoices ---------------------------------------------------------------------------------------------------


def _of_invoice(model: type[models.Model]) -> "models.QuerySet[Any]":
    return model._default_manager.filter(
        practice=OuterRef("practice_id"), invoice=OuterRef("pk"), archived=False
    )


_lines = LateralAggregate(
    "invoiced", lambda: _of_invoice(InvoiceLine), lambda: {"all": _or_zero(Sum(share("charge__")))}
)
_payments = LateralAggregate(
    "received", lambda: _of_invoice(InvoicePayment), lambda: {"all": _or_zero(Sum("amount"))}
)


def total() -> Combinable:
    return _lines.column("all", _AMOUNT)


def received() -> Combinable:
    return _payments.column("all", _AMOUNT)


def balance() -> Combinable:
    """Nothing is owed on a voided invoice; below zero where an insurer has paid after the patient had."""
    return Case(
        When(voided_at__isnull=False, then=Value(0)), default=total() - received(), output_field=_AMOUNT
    )


def _is_at_most(value: Combinable, limit: Combinable) -> Combinable:
    return sql.template("(%s <= %s)", value, limit, output_field=sql.BOOLEAN)


def status() -> Combinable:
    """void, paid or open."""
    return Case(
        When(voided_at__isnull=False, then=sql.Literal("void")),
        When(_is_at_most(total(), received()), then=sql.Literal("paid")),
        default=sql.Literal("open"),
        output_field=models.TextField(),
    )


def number() -> Combinable:
    """What people call an invoice: its id, six digits at least."""
    text = "'INV-' || to_char(%s, 'FM9999999999999000000')"
    return sql.template(text, F("pk"), output_field=sql.TEXT)


# -- subscriptions ----------------------------------------------------------------------------------------------


def next_turn() -> Combinable:
    """The day on which a subscription is to be charged next; null when there is none any more.

    Turns are counted from 0. Months and years are the calendar's: from January 31, the first turn of months is the
    last of February, the second is March 31. (The migrations create the SQL function.)
    """
    counted = (F("start_date"), F("schedule_frequency"), F("billed"))
    day = sql.template("billing_turn(%s, %s, %s)", *counted, output_field=sql.DATE)
    over = Q(end_date__isnull=False) & ~Q(_is_at_most(day, F("end_date")))
    return Case(
        When(Q(archived=True) | over, then=sql.literal(None)), default=day, output_field=models.DateField()
    )
