"""What a charge comes to: sums over what was posted on it, as SQL expressions of a ``LineItem`` row.

Of every charge, whatever was posted and in which order::

    (pt_paid + balance_pt) + (ins_total + balance_ins) + adjustment = billed
"""

from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Coalesce, Round

from charthouse.domains.billing.models import PatientPayment, Transaction
from charthouse.resource import sql

PASSED_ON = Q(adjustment_group_code="PR")  # to the patient, who owes it then
DENIED = "4"  # X12 CLP02
_AMOUNT: Any = models.DecimalField(max_digits=20, decimal_places=2)


class _Total(Func):
    """Sum of a subquery's rows; 0 of none."""

    template = "coalesce(sum(%(expressions)s), 0)"
    output_field = _AMOUNT


def _total(model: type[models.Model], amount: Combinable, where: Q) -> Combinable:
    rows = model._default_manager.filter(
        where, practice=OuterRef("practice_id"), line_item=OuterRef("pk"), archived=False
    )
    return Subquery(sql.ungrouped(rows.order_by().values_list(_Total(amount))), output_field=_AMOUNT)


def _insurers(amount: Combinable, where: Q = Q()) -> Combinable:  # noqa: B008
    return _total(Transaction, amount, where)


def billed() -> Combinable:
    return Coalesce(F("billed"), Round(F("price") * F("quantity"), 2), output_field=_AMOUNT)


def adjustment() -> Combinable:
    """What is written off."""
    return _insurers(F("adjustment"), ~PASSED_ON)


def insurer_paid(rank: int) -> Combinable:
    return _insurers(F("ins_paid"), Q(ins_name=rank))


def insurers_paid() -> Combinable:
    return _insurers(F("ins_paid"))


def patient_paid() -> Combinable:
    return _total(PatientPayment, F("amount"), Q())


def paid() -> Combinable:
    return insurers_paid() + patient_paid()


def settled() -> Combinable:
    """Paid or written off by insurers."""
    off = Case(When(PASSED_ON, then=Value(0)), default=F("adjustment"), output_field=_AMOUNT)
    return _insurers(F("ins_paid") + off)


def balance() -> Combinable:
    return billed() - settled() - patient_paid()


def passed_on() -> Combinable:
    """What the last insurer in rank to answer leaves to the patient: a secondary one answers for what the primary
    one has passed on."""
    rows = Transaction.objects.filter(
        practice=OuterRef("practice_id"), line_item=OuterRef("pk"), archived=False
    ).values("ins_name")
    of_rank = rows.annotate(total=Sum("adjustment", filter=PASSED_ON)).order_by("-ins_name").values("total")
    return Coalesce(Subquery(of_rank[:1]), Value(0), output_field=_AMOUNT)


def patient_balance() -> Combinable:
    """What insurers have passed on, or all that is left where none is asked, less what is paid."""
    owed = passed_on() - patient_paid()
    return Case(When(self_pay=True, then=balance()), default=owed, output_field=_AMOUNT)


def insurance_balance() -> Combinable:
    """What no insurer has yet paid, written off or passed on."""
    open_ = billed() - settled() - passed_on()
    return Case(When(self_pay=True, then=Value(0)), default=open_, output_field=_AMOUNT)


def denied() -> Combinable:
    """Whether the last word of an insurer is no."""
    rows = Transaction.objects.filter(
        practice=OuterRef("practice_id"), line_item=OuterRef("pk"), archived=False
    )
    last = Subquery(rows.order_by("-id").values("claim_status")[:1])
    return Coalesce(_Equal(last, DENIED), sql.constant(False))


class _Equal(Func):
    arg_joiner = " = "
    template = "(%(expressions)s)"
    output_field = models.BooleanField()

    def __init__(self, left: Combinable, right: str) -> None:
        super().__init__(left, sql.Text(right))
