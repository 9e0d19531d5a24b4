"""Day sheets: what was charged, credited and paid from day to day. Parameters: reference drchrono/live_only.yaml, which
has their names alone; what they mean, and the rows, are choices: docs/decisions/0121-day-sheets.md."""

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import Q

from charthouse.domains.billing.drchrono_day_filters import (
    Day,
    make_day_filter,
    make_doctors_filter,
    make_number_filter,
    make_word_filter,
    posted,
    received,
    service_day,
    visit_day,
)
from charthouse.domains.billing.drchrono_kinds import make_procedure_type
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.values import READ_ONLY

# Days that rows can be looked up by. The first is the default.
CHARGES_BY: Mapping[str, Day] = {"posted_date": posted, "service_date": service_day("")}
CREDITS_BY: Mapping[str, Day] = {
    "posted_date": posted,
    "check_date": received("check_date"),
    "service_date": service_day("line_item__"),
}
PAYMENTS_BY: Mapping[str, Day] = {
    "posted_date": received("posted_date"),
    "received_date": received("received_date"),
    "service_date": visit_day,
}

CHARGES = {"all": Q(), "insurance": Q(self_pay=False), "self_pay": Q(self_pay=True)}
CREDITS = {"all": Q(), "payments": ~Q(ins_paid=0), "adjustments": ~Q(adjustment=0)}
PAYMENTS = {"all": Q(), "payments": Q(amount__gt=0), "refunds": Q(amount__lt=0)}


def claim_type(visit: str) -> Filter:
    return Filter(
        "claim_type",
        source=f"{visit}__billing_status",
        doc="The billing status of the visit: Bill Insurance, Auto Accident Claim, Worker's Comp Claim…",
    )


def exam_room(visit: str) -> Filter:
    return make_number_filter(
        "examroom_id", source=f"{visit}__exam_room", doc="Index of an exam room of the office."
    )


def days(by: str, kinds: Mapping[str, Day]) -> tuple[Filter, ...]:
    """``start_date``, ``end_date``, and the parameter that says which day of a row they are about."""
    return (
        make_day_filter("start_date", by, kinds, doc="This day or later."),
        make_day_filter("end_date", by, kinds, last=True, doc="This day or earlier."),
        make_word_filter(by, dict.fromkeys(kinds, Q()), doc=f"Which day counts: {', '.join(kinds)}."),
    )


def _show(key: Key) -> Key:
    """A key as a sheet shows it."""
    type = make_procedure_type(blank=True) if key.name == "procedure_type" else key.type
    return replace(key, access=READ_ONLY, type=type)


def sheet(
    path: str,
    of: Resource,
    doc: str,
    names: str,
    *,
    visit: str,
    patient: str,
    office: str,
    by: str,
    kinds: Mapping[str, Day],
    reports: Mapping[str, Q],
    also: Filter,
) -> Resource:
    """Rows of another resource of some days. ``visit`` and ``patient``: paths to them."""
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
        keys=tuple(_show(of.keys_by_name[name]) for name in names.split()),
        filters=(
            *days(by, kinds),
            make_word_filter("report_type", reports, doc=f"Which rows: {', '.join(reports)}."),
            claim_type(visit),
            Filter("patient_id", Reference("patients"), source=patient),
            Filter(office, Reference("offices"), source=f"{visit}__office"),
            exam_room(visit),
            also,
        ),
        example={name: value for name, value in of.example.items() if name in names.split()},
    )


def day_sheets(line_items: Resource, transactions: Resource, payments: Resource) -> list[Resource]:
    return [
        sheet(
            "day_sheet_charges",
            line_items,
            "Charges of some days.",
            "id appointment doctor patient posted_date service_date code procedure_type modifiers quantity price "
            "billed adjustment ins_total pt_paid balance_ins balance_pt balance_total",
            visit="appointment",
            patient="patient",
            office="office_id",
            by="charges_date_type",
            kinds=CHARGES_BY,
            reports=CHARGES,
            also=make_doctors_filter("pg_mode", "doctor"),
        ),
        sheet(
            "day_sheet_credits",
            transactions,
            "What insurers have paid and written off on some days.",
            "id appointment doctor patient line_item posted_date check_date trace_number ins_name ins_paid "
            "adjustment adjustment_group_code adjustment_reason",
            visit="line_item__appointment",
            patient="line_item__patient",
            office="office_id",
            by="credits_date_type",
            kinds=CREDITS_BY,
            reports=CREDITS,
            also=make_doctors_filter("pg_mode", "line_item__doctor"),
        ),
        sheet(
            "day_sheet_patient_payments",
            payments,
            "What patients have paid on some days.",
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
                doc="As older sheets: without payments that are on no charge.",
            ),
        ),
    ]
