"""Prices of the doctors' fee schedules."""

from typing import Any

from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.domains.billing.models import FeeScheduleItem
from charthouse.domains.code_systems import CPT, HCPCS, normalize_code

CUSTOM = "U"
CODE_TYPES = {"C": "CPT", "H": "HCPCS", CUSTOM: "Custom"}  # by procedure type of a line item


def select_fees(practice: int, doctor: int, payer: str) -> "QuerySet[FeeScheduleItem]":
    """Select the entries of a doctor's fee schedules that are in force today: a payer's before the general ones."""
    today = clock.now().date()
    rows = FeeScheduleItem.objects.filter(
        Q(schedule__effective_date=None) | Q(schedule__effective_date__lte=today),
        Q(schedule__ineffective_date=None) | Q(schedule__ineffective_date__gte=today),
        practice=practice,
        schedule__doctor=doctor,
        schedule__payer_id__in={payer, ""},
        schedule__archived=False,
        archived=False,
    )
    return rows.order_by("-schedule__payer_id", "id")


def find_fee(
    practice: int, doctor: int, payer: str, code: str, procedure_type: str
) -> FeeScheduleItem | None:
    """Find the entry of a code, as it was given or in its normal form. ``procedure_type``: a key of CODE_TYPES."""
    codes = {code, normalize_code(code, CPT)}
    return (
        select_fees(practice, doctor, payer)
        .filter(code__in=codes, code_type=CODE_TYPES[procedure_type])
        .first()
    )


def choose_price(fee: FeeScheduleItem, *, is_self_pay: bool) -> Any:
    """Choose the price of an entry that a patient is charged."""
    return (fee.cash_price if is_self_pay else fee.insured_price) or fee.base_price


def find_procedure_type(practice: int, doctor: int, payer: str, code: str) -> str:
    """Find the procedure type of a code: as in the fee schedule, else by its form."""
    codes = {code, normalize_code(code, CPT)}
    rows = select_fees(practice, doctor, payer).filter(code__in=codes, code_type__in=CODE_TYPES.values())
    found = rows.values_list("code_type", flat=True).first()
    if found is not None:
        return next(one for one, name in CODE_TYPES.items() if name == found)
    return "C" if CPT.find_code(code) else "H" if HCPCS.find_code(code) else CUSTOM
