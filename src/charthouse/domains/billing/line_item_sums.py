"""Sums of what was posted on a line item, as SQL expressions of a ``LineItem`` row.

Of every line item, whatever was posted and in which order::

    (pt_paid + balance_pt) + (ins_total + balance_ins) + adjustment = billed
"""

from typing import Any

from django.db import models
from django.db.models import Case, F, Max, OuterRef, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Round

from charthouse.domains.billing.models import PatientPayment, Transaction
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.lateral import LateralAggregate

PASSED_ON = Q(adjustment_group_code="PR")  # to the patient
DENIED = "4"  # X12 CLP02
RANKS = (1, 2, 3)
_AMOUNT: Any = models.DecimalField(max_digits=20, decimal_places=2)


def _select_last(value: Combinable, order: Combinable) -> Combinable:
    """Return the value of the last row in an order, as text."""
    return sql.template("(array_agg(%s order by %s desc))[1]", value, order, output_field=sql.TEXT)


def _compare(value: Combinable, other: Combinable) -> Combinable:
    return sql.template("(%s = %s)", value, other, output_field=sql.BOOLEAN)


def _list_posted(model: type[models.Model]) -> "models.QuerySet[Any]":
    return model._default_manager.filter(
        practice=OuterRef("practice_id"), line_item=OuterRef("pk"), archived=False
    )


def _sum_amount(amount: str, where: Q | None = None) -> Combinable:
    """Return the sum of a column; 0 without rows."""
    return Coalesce(Sum(amount, filter=where), sql.literal(0), output_field=_AMOUNT)


def _sum_transactions() -> dict[str, Combinable]:
    """Return the sums of a line item's transactions, in all and by rank of the insurer."""
    return {
        "paid": _sum_amount("ins_paid"),
        "written_off": _sum_amount("adjustment", ~PASSED_ON),
        **{f"paid{rank}": _sum_amount("ins_paid", Q(ins_name=rank)) for rank in RANKS},
        **{f"passed_on{rank}": _sum_amount("adjustment", PASSED_ON & Q(ins_name=rank)) for rank in RANKS},
        "answered": Coalesce(Max("ins_name"), sql.literal(0)),
        "last_status": _select_last(F("claim_status"), F("id")),
    }


_insurers = LateralAggregate("insurers", lambda: _list_posted(Transaction), _sum_transactions)

_patient = LateralAggregate(
    "patient", lambda: _list_posted(PatientPayment), lambda: {"paid": _sum_amount("amount")}
)


def _select_insurers(column: str) -> Combinable:
    return _insurers.column(column, _AMOUNT)


def select_billed() -> Combinable:
    """Return the amount billed."""
    return Coalesce(F("billed"), Round(F("price") * F("quantity"), 2), output_field=_AMOUNT)


def select_adjustment() -> Combinable:
    """Return the amount written off."""
    return _select_insurers("written_off")


def select_paid_by_insurer(rank: int) -> Combinable:
    """Return the amount paid by the insurer of a rank."""
    return _select_insurers(f"paid{rank}")


def select_paid_by_insurers() -> Combinable:
    """Return the amount paid by all insurers."""
    return _select_insurers("paid")


def select_paid_by_patient() -> Combinable:
    """Return the amount paid by the patient."""
    return _patient.column("paid", _AMOUNT)


def select_paid() -> Combinable:
    """Return the amount paid."""
    return select_paid_by_insurers() + select_paid_by_patient()


def select_settled() -> Combinable:
    """Return the amount paid or written off by insurers."""
    return select_paid_by_insurers() + select_adjustment()


def select_balance() -> Combinable:
    """Return the amount billed less what is settled and paid."""
    return select_billed() - select_settled() - select_paid_by_patient()


def select_passed_on() -> Combinable:
    """Return the amount that the last insurer in rank to answer leaves to the patient: a secondary insurer
    answers for what the primary one has passed on."""
    answered = _insurers.column("answered", models.IntegerField())
    of_rank = [
        When(_compare(answered, sql.literal(rank)), then=_select_insurers(f"passed_on{rank}"))
        for rank in RANKS
    ]
    return Case(*of_rank, default=sql.literal(0), output_field=_AMOUNT)


def select_patient_balance() -> Combinable:
    """Return the amount passed on to the patient, or all if self-paid, less what the patient paid."""
    balance = select_passed_on() - select_paid_by_patient()
    return Case(When(self_pay=True, then=select_balance()), default=balance, output_field=_AMOUNT)


def select_insurance_balance() -> Combinable:
    """Return the amount that insurers have not yet paid, written off or passed on."""
    open_ = select_billed() - select_settled() - select_passed_on()
    return Case(When(self_pay=True, then=Value(0)), default=open_, output_field=_AMOUNT)


def select_denied() -> Combinable:
    """Return whether the last transaction of an insurer is a denial."""
    last = _insurers.column("last_status", models.TextField())
    return Coalesce(_compare(last, sql.Literal(DENIED)), sql.literal(False))
