"""What a charge comes to: sums over what was posted on it, as SQL expressions of a ``LineItem`` row.

Of every charge, whatever was posted and in which order::

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

PASSED_ON = Q(adjustment_group_code="PR")  # to the patient, who owes it then
DENIED = "4"  # X12 CLP02
RANKS = (1, 2, 3)
_AMOUNT: Any = models.DecimalField(max_digits=20, decimal_places=2)


def _find_last(value: Combinable, order: Combinable) -> Combinable:
    """The text of the row that comes last in an order."""
    return sql.template("(array_agg(%s order by %s desc))[1]", value, order, output_field=sql.TEXT)


def _equal(value: Combinable, other: Combinable) -> Combinable:
    return sql.template("(%s = %s)", value, other, output_field=sql.BOOLEAN)


def _posted(model: type[models.Model]) -> "models.QuerySet[Any]":
    return model._default_manager.filter(
        practice=OuterRef("practice_id"), line_item=OuterRef("pk"), archived=False
    )


def _total(amount: str, where: Q | None = None) -> Combinable:
    """0 of no rows."""
    return Coalesce(Sum(amount, filter=where), sql.literal(0), output_field=_AMOUNT)


def _said() -> dict[str, Combinable]:
    """What insurers say of a charge, all of them and each rank."""
    return {
        "paid": _total("ins_paid"),
        "written_off": _total("adjustment", ~PASSED_ON),
        **{f"paid{rank}": _total("ins_paid", Q(ins_name=rank)) for rank in RANKS},
        **{f"passed_on{rank}": _total("adjustment", PASSED_ON & Q(ins_name=rank)) for rank in RANKS},
        "answered": Coalesce(Max("ins_name"), sql.literal(0)),
        "last_status": _find_last(F("claim_status"), F("id")),
    }


_insurers = LateralAggregate("insurers", lambda: _posted(Transaction), _said)
_patient = LateralAggregate("patient", lambda: _posted(PatientPayment), lambda: {"paid": _total("amount")})


def _of_insurers(column: str) -> Combinable:
    return _insurers.column(column, _AMOUNT)


def billed() -> Combinable:
    return Coalesce(F("billed"), Round(F("price") * F("quantity"), 2), output_field=_AMOUNT)


def adjustment() -> Combinable:
    """What is written off."""
    return _of_insurers("written_off")


def insurer_paid(rank: int) -> Combinable:
    return _of_insurers(f"paid{rank}")


def insurers_paid() -> Combinable:
    return _of_insurers("paid")


def patient_paid() -> Combinable:
    return _patient.column("paid", _AMOUNT)


def paid() -> Combinable:
    return insurers_paid() + patient_paid()


def settled() -> Combinable:
    """Paid or written off by insurers."""
    return insurers_paid() + adjustment()


def balance() -> Combinable:
    return billed() - settled() - patient_paid()


def passed_on() -> Combinable:
    """What the last insurer in rank to answer leaves to the patient: a secondary one answers for what the primary
    one has passed on."""
    answered = _insurers.column("answered", models.IntegerField())
    of_rank = [
        When(_equal(answered, sql.literal(rank)), then=_of_insurers(f"passed_on{rank}")) for rank in RANKS
    ]
    return Case(*of_rank, default=sql.literal(0), output_field=_AMOUNT)


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
    last = _insurers.column("last_status", models.TextField())
    return Coalesce(_equal(last, sql.Literal(DENIED)), sql.literal(False))
