"""Day sheets: charges, credits and payments by day.

Reference drchrono/live_only.yaml has the names of the parameters alone. What they mean, and which rows are shown, is
decided in docs/decisions/0121-day-sheets.md.
"""

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import Q

from charthouse.domains.billing.drchrono.day_filters import (
    DayCondition,
    make_day_filter,
    make_doctors_filter,
    make_number_filter,
    make_word_filter,
    match_column_day,
    match_posting_day,
    match_service_day,
    match_visit_day,
)
from charthouse.domains.billing.drchrono.line_items import line_items
from charthouse.domains.billing.drchrono.patient_payments import patient_payments
from charthouse.domains.billing.drchrono.transactions import transactions
from charthouse.domains.billing.drchrono.types import make_procedure_type
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.values import READ_ONLY

# Days that rows are selected by. The first is the default.
CHARGES_BY: Mapping[str, DayCondition] = {
    "posted_date": match_posting_day,
    "service_date": match_service_day(""),
}

CREDITS_BY: Mapping[str, DayCondition] = {
    "posted_date": match_posting_day,
    "check_date": match_column_day("check_date"),
    "service_date": match_service_day("line_item__"),
}

PAYMENTS_BY: Mapping[str, DayCondition] = {
    "posted_date": match_column_day("posted_date"),
    "received_date": match_column_day("received_date"),
    "service_date": match_visit_day,
}

CHARGES = {"all": Q(), "insurance": Q(self_pay=False), "self_pay": Q(self_pay=True)}
CREDITS = {"all": Q(), "payments": ~Q(ins_paid=0), "adjustments": ~Q(adjustment=0)}
PAYMENTS = {"all": Q(), "payments": Q(amount__gt=0), "refunds": Q(amount__lt=0)}


def make_claim_type_filter(visit: str) -> Filter:
    """Return a filter by the billing status of the visit. ``visit``: path to it."""
    return Filter(
        "claim_type",
        source=f"{visit}__billing_status",
        doc="The billing status of the visit: Bill Insurance, Auto Accident Claim, Worker's Comp Claim…",
    )


def make_exam_room_filter(visit: str) -> Filter:
    """Return a filter by the exam room of the visit. ``visit``: path to it."""
    return make_number_filter(
        "examroom_id", source=f"{visit}__exam_room", doc="Index of an exam room in the office."
    )


def make_day_filters(by: str, kinds: Mapping[str, DayCondition]) -> tuple[Filter, ...]:
    """Return ``start_date``, ``end_date``, and the parameter that chooses the day that they compare."""
    return (
        make_day_filter("start_date", by, kinds, doc="On or after this day."),
        make_day_filter("end_date", by, kinds, last=True, doc="On or before this day."),
        make_word_filter(by, dict.fromkeys(kinds, Q()), doc=f"The date to filter by: {', '.join(kinds)}."),
    )


def _adapt_key(key: Key) -> Key:
    """Return a resource's key as a day sheet shows it."""
    type = make_procedure_type(blank=True) if key.name == "procedure_type" else key.type
    return replace(key, access=READ_ONLY, type=type)


def make_sheet(
    path: str,
    of: Resource,
    doc: str,
    names: str,
    *,
    visit: str,
    patient: str,
    office: str,
    by: str,
    kinds: Mapping[str, DayCondition],
    reports: Mapping[str, Q],
    also: Filter,
) -> Resource:
    """Return a resource of the rows of another one, by day. ``visit``, ``patient``: paths to them."""
    return Resource(
        path=path,
        model=of.model,
        doc=doc,
        methods="GET",
        policy=Policy(
            scopes=("billing",),
            permissions=("Access Billing", "Access Patients Payments"),
            sharing="share_patients",
            owner=of.policy.owner,
        ),
        rows=of.rows,
        addition=True,
        keys=tuple(_adapt_key(of.keys_by_name[name]) for name in names.split()),
        filters=(
            *make_day_filters(by, kinds),
            make_word_filter("report_type", reports, doc=f"Rows to include: {', '.join(reports)}."),
            make_claim_type_filter(visit),
            Filter("patient_id", Reference("patients"), source=patient),
            Filter(office, Reference("offices"), source=f"{visit}__office"),
            make_exam_room_filter(visit),
            also,
        ),
        example={name: value for name, value in of.example.items() if name in names.split()},
    )


day_sheet_charges = make_sheet(
    "day_sheet_charges",
    line_items,
    "Charges in a range of days.",
    "id appointment doctor patient posted_date service_date code procedure_type modifiers quantity price "
    "billed adjustment ins_total pt_paid balance_ins balance_pt balance_total",
    visit="appointment",
    patient="patient",
    office="office_id",
    by="charges_date_type",
    kinds=CHARGES_BY,
    reports=CHARGES,
    also=make_doctors_filter("pg_mode", "doctor"),
)

day_sheet_credits = make_sheet(
    "day_sheet_credits",
    transactions,
    "Insurers' payments and write-offs in a range of days.",
    "id appointment doctor patient line_item posted_date check_date trace_number ins_name ins_paid "
    "adjustment adjustment_group_code adjustment_reason",
    visit="line_item__appointment",
    patient="patient",
    office="office_id",
    by="credits_date_type",
    kinds=CREDITS_BY,
    reports=CREDITS,
    also=make_doctors_filter("pg_mode", "line_item__doctor"),
)

day_sheet_patient_payments = make_sheet(
    "day_sheet_patient_payments",
    patient_payments,
    "Patients' payments in a range of days.",
    "id appointment doctor patient line_item posted_date received_date amount payment_method "
    "payment_transaction_type trace_number created_by",
    visit="appointment",
    patient="patient",
    office="office",
    by="charges_date_type",
    kinds=PAYMENTS_BY,
    reports=PAYMENTS,
    also=Flag(
        "legacy",
        condition=lambda: Q(line_item__isnull=False),
        doc="Like older day sheets: omits payments that aren't on a charge.",
    ),
)

RESOURCES = [day_sheet_charges, day_sheet_credits, day_sheet_patient_payments]
