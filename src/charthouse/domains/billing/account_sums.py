"""Amounts of charges, balances of invoices and due days of subscriptions, as SQL expressions of their rows."""

from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Round

from charthouse.domains.billing.accounts import InvoiceLine, InvoicePayment
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.lateral import LateralAggregate

INVOICE_STATUSES = ("open", "paid", "void")
_AMOUNT: Any = models.DecimalField(max_digits=20, decimal_places=2)


def _default_zero(column: Combinable) -> Combinable:
    return Coalesce(column, sql.literal(0), output_field=_AMOUNT)


def select_amount(at: str = "") -> Combinable:
    """Return the amount of a charge or an estimate. ``at``: path to it, ending with ``__``."""
    product = F(f"{at}amount") * F(f"{at}quantity") * F(f"{at}discount_multiplier")
    return Round(product, 2, output_field=_AMOUNT)


def select_patient_share(at: str = "") -> Combinable:
    """Return the patient's share of a charge: less what insurers pay and what is written off."""
    paid, off = _default_zero(F(f"{at}amt_paid_by_insurance")), _default_zero(F(f"{at}amt_written_off"))
    return select_amount(at) - paid - off


def _list_invoice_rows(model: type[models.Model]) -> "models.QuerySet[Any]":
    return model._default_manager.filter(
        practice=OuterRef("practice_id"), invoice=OuterRef("pk"), archived=False
    )


_lines = LateralAggregate(
    "invoiced",
    lambda: _list_invoice_rows(InvoiceLine),
    lambda: {"all": _default_zero(Sum(select_patient_share("charge__")))},
)

_payments = LateralAggregate(
    "received", lambda: _list_invoice_rows(InvoicePayment), lambda: {"all": _default_zero(Sum("amount"))}
)


def select_total() -> Combinable:
    """Return the sum of an invoice's charges."""
    return _lines.column("all", _AMOUNT)


def select_received() -> Combinable:
    """Return the sum of an invoice's payments."""
    return _payments.column("all", _AMOUNT)


def select_balance() -> Combinable:
    """Return the balance of an invoice: 0 if voided, negative if an insurer paid after the patient did."""
    return Case(
        When(voided_at__isnull=False, then=Value(0)),
        default=select_total() - select_received(),
        output_field=_AMOUNT,
    )


def _compare(value: Combinable, limit: Combinable) -> Combinable:
    return sql.template("(%s <= %s)", value, limit, output_field=sql.BOOLEAN)


def select_status() -> Combinable:
    """Return the status of an invoice: void, paid or open."""
    return Case(
        When(voided_at__isnull=False, then=sql.Literal("void")),
        When(_compare(select_total(), select_received()), then=sql.Literal("paid")),
        default=sql.Literal("open"),
        output_field=models.TextField(),
    )


def select_invoice_number(path: str = "pk") -> Combinable:
    """Return the number of an invoice: its id with at least six digits. ``path``: to the id."""
    text = "'INV-' || to_char(%s, 'FM9999999999999000000')"
    return sql.template(text, F(path), output_field=sql.TEXT)


def select_next_billing_date() -> Combinable:
    """Return the day of a subscription's next charge; null once it is over.

    Periods are counted from 0. Months and years follow the calendar: from January 31, period 1 is the last
    day of February, period 2 is March 31. The SQL function ``billing_turn`` is created by a migration.
    """
    counted = (F("start_date"), F("schedule_frequency"), F("billed"))
    day = sql.template("billing_turn(%s, %s, %s)", *counted, output_field=sql.DATE)
    over = Q(end_date__isnull=False) & ~Q(_compare(day, F("end_date")))
    return Case(
        When(Q(archived=True) | over, then=sql.literal(None)), default=day, output_field=models.DateField()
    )
