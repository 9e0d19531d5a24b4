"""Charges, payments and insurers' answers as DrChrono shows them. Facts: reference drchrono/resources.yaml,
nested.yaml; sums: ``ledger``."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Coalesce

from charthouse.domains.billing import actions, drchrono_additions, drchrono_settings, ledger
from charthouse.domains.billing.codes import LINE_ITEM_STATUSES, PAYMENT_METHODS, PAYMENT_TYPES
from charthouse.domains.billing.drchrono_day_sheets import day_sheets
from charthouse.domains.billing.drchrono_day_totals import day_sheet_totals
from charthouse.domains.billing.drchrono_kinds import (
    VISIT,
    ZONE,
    ListOfFour,
    Pointer,
    ProcedureType,
    UtcDay,
)
from charthouse.domains.billing.models import (
    LineItem,
    PatientPayment,
    PaymentLogEntry,
    Transaction,
    no_modifiers,
)
from charthouse.domains.patients.models import Coverage
from charthouse.resource import sql
from charthouse.resource.declare import Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import READ_ONLY, REQUIRED, Boolean, Decimal, Id, Integer, Ref, Text
from charthouse.resource.filters import DateIs, RefIs, Since
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date, Timestamp

BILLING = ("Access Billing", "Show Billing Tab")


def _sum(name: str, of: Callable[[], Combinable], doc: str) -> Decimal:
    """A sum that the database makes of what was posted."""
    return Decimal(name, READ_ONLY, computed=lambda: sql.Truncated(of()), nullable=False, doc=doc)


class _Day(Func):
    """The day of a wall clock's time."""

    template = "(%(expressions)s)::date"
    output_field = models.DateField()


def _service_date() -> Combinable:
    return Coalesce(F("service_date"), _Day(sql.WallClock(F(VISIT), F(ZONE))))


line_items = Resource(
    path="line_items",
    model=LineItem,
    doc="Charges for services at visits; every balance is the sum of what was posted on them.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        _sum("adjustment", ledger.adjustment, "Written off."),
        Ref("appointment", REQUIRED, to="appointments"),
        Decimal("allowed", doc="Allowed by the insurer."),
        _sum(
            "balance_ins", ledger.insurance_balance, "Insurers' part: not yet paid, written off or passed on."
        ),
        _sum(
            "balance_pt", ledger.patient_balance, "The patient's part: passed on by insurers, or self-paid."
        ),
        _sum("balance_total", ledger.balance, "Billed less written off less paid."),
        Decimal(
            "billed",
            computed=lambda: sql.Truncated(ledger.billed()),
            nullable=False,
            doc="Default: price times quantity.",
        ),
        Text("billing_status", READ_ONLY, choices=LINE_ITEM_STATUSES),
        Text("code", REQUIRED, example="99213"),
        Boolean("denied_flag", READ_ONLY, computed=ledger.denied, nullable=False),
        ListOfFour(
            "diagnosis_pointers",
            REQUIRED,
            item=Pointer("pointer"),
            empty=0,
            example=[1, 0, 0, 0],
            doc="Places in the visit's diagnoses, from 1. An ICD-10 code in the place of one is added to them.",
        ),
        Ref("doctor", REQUIRED, to="doctors"),
        Id("id"),
        _sum("ins1_paid", lambda: ledger.insurer_paid(1), "Paid by the primary insurer."),
        _sum("ins2_paid", lambda: ledger.insurer_paid(2), "Paid by the secondary insurer."),
        _sum("ins3_paid", lambda: ledger.insurer_paid(3), "Paid by the tertiary insurer."),
        _sum("ins_total", ledger.insurers_paid, "Paid by all insurers."),
        Text("insurance_status", READ_ONLY, doc="Status/Adj Type of the billing screen."),
        ListOfFour(
            "modifiers",
            item=Text("modifier", max_length=5),
            empty="",
            default=no_modifiers,
            example=["25", "", "", ""],
        ),
        _sum("paid_total", ledger.paid, "Paid by insurers and the patient."),
        Ref("patient", READ_ONLY, to="patients"),
        Decimal("price", REQUIRED),
        ProcedureType("procedure_type", REQUIRED, choices=("CPT(C)", "HCPCS(H)", "Custom(U)")),
        _sum("pt_paid", ledger.patient_paid, "Paid by the patient."),
        Decimal("quantity", default=1),
        Text("units", READ_ONLY),
        Timestamp("posted_date", READ_ONLY, source="created_at"),
        Timestamp("updated_at", READ_ONLY, doc="Moves with every payment on it as well."),
        Date("service_date", computed=_service_date, doc="Default: the day of the visit."),
        Text("description", READ_ONLY, doc="From the doctor's fee schedule."),
        Decimal("expected_reimbursement", READ_ONLY, doc="From the fee schedule of the patient's payer."),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        RefIs("doctor", to="doctors"),
        RefIs("office", source="appointment__office", to="offices"),
        RefIs("patient", to="patients"),
        DateIs("service_date", source=VISIT, zone=ZONE, doc="Day of the visit."),
        UtcDay("posted_date", source="created_at", doc="Posted on this UTC day."),
        Since("since"),
    ),
    checks=(actions.charge,),
    events=plain("LINE_ITEM_CREATE", "LINE_ITEM_MODIFY", "LINE_ITEM_DELETE"),
    example={
        "appointment": 5001,
        "doctor": 1,
        "code": "99213",
        "procedure_type": "CPT(C)",
        "diagnosis_pointers": [1, 0, 0, 0],
        "modifiers": ["25", "", "", ""],
        "price": "145.00",
        "quantity": "1.00",
    },
)


def _insurance() -> Combinable:
    """The patient's insurer of the transaction's rank, as it is now."""
    rows = Coverage.objects.filter(
        practice=OuterRef("practice_id"),
        patient=OuterRef("line_item__patient_id"),
        rank=OuterRef("ins_name"),
        archived=False,
    )
    return Subquery(
        rows.values_list(sql.Json(payer_name=F("insurance_company"), payer_id=F("insurance_payer_id")))[:1]
    )


def _of_item(name: str, to: str) -> Ref:
    return Ref(name, READ_ONLY, source=f"line_item__{name}", to=to)


transactions = Resource(
    path="transactions",
    model=Transaction,
    doc="What insurers have paid on charges, taken off them, or passed on to the patient.",
    methods="GET",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="line_item__doctor",
    rows=Q(archived=False),
    fields=(
        Decimal("adjustment", READ_ONLY),
        Text(
            "adjustment_group_code", READ_ONLY, doc="X12 CAS01: CO, CR, OA, PI, or PR (the patient owes it)."
        ),
        Text("adjustment_reason", READ_ONLY, doc="X12 claim adjustment reason code."),
        _of_item("appointment", "appointments"),
        Date("check_date", READ_ONLY),
        Text("claim_status", READ_ONLY, doc="X12 CLP02."),
        Timestamp("created_at", READ_ONLY),
        _of_item("doctor", "doctors"),
        Id("id"),
        Decimal("ins_paid", READ_ONLY),
        Integer(
            "ins_name", READ_ONLY, minimum=1, maximum=3, doc="1 primary, 2 secondary, 3 tertiary insurer."
        ),
        Ref("line_item", READ_ONLY, to="line_items"),
        _of_item("patient", "patients"),
        Timestamp("posted_date", READ_ONLY, source="created_at"),
        Text("trace_number", READ_ONLY, doc="Check number."),
        Timestamp("updated_at", READ_ONLY),
        Embedded(
            "insurance",
            READ_ONLY,
            addition=True,
            computed=_insurance,
            fields=(Text("payer_name", READ_ONLY), Text("payer_id", READ_ONLY)),
        ),
    ),
    filters=(
        RefIs("appointment", source="line_item__appointment", to="appointments"),
        RefIs("line_item", to="line_items"),
        UtcDay("posted_date", source="created_at"),
        Since("since"),
        RefIs("doctor", source="line_item__doctor", to="doctors", addition=True),
    ),
    events=plain(delete="LINE_ITEM_TRANSACTION_DELETE"),
    example={
        "line_item": 1,
        "ins_name": 1,
        "ins_paid": "80.00",
        "adjustment": "45.00",
        "adjustment_group_code": "CO",
        "adjustment_reason": "45",
        "claim_status": "1",
        "trace_number": "EFT-204417",
    },
)

patient_payments = Resource(
    path="patient_payments",
    model=PatientPayment,
    doc="Money from patients, and back to them: amounts of refunds are negative.",
    methods="GET POST",
    scopes=("billing:patient-payment",),
    permissions=(*BILLING, "Access Patients Payments"),
    sharing="share_patients",
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Ref("appointment", to="appointments", doc="Default: the line item's."),
        Decimal("amount", REQUIRED, doc="Not zero; a refund is negative whatever sign it comes with."),
        Timestamp("created_at", READ_ONLY),
        Ref("created_by", READ_ONLY, to="users"),
        Ref(
            "doctor",
            to="doctors",
            doc="Default: the line item's, else the appointment's, else the patient's.",
        ),
        Id("id"),
        Ref("line_item", to="line_items"),
        Text("notes"),
        Ref("patient", REQUIRED, to="patients"),
        Text("payment_transaction_type", choices=PAYMENT_TYPES, default=""),
        Text("payment_method", choices=PAYMENT_METHODS),
        Date("posted_date", READ_ONLY, doc="The doctor's day."),
        Date("received_date"),
        Text("trace_number"),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        RefIs("patient", to="patients"),
        Since("since"),
        DateIs("posted_date", addition=True),
    ),
    checks=(actions.pay,),
    after=(actions.paid,),
    events=plain("CASH_PAYMENT_CREATE", "CASH_PAYMENT_MODIFY", "CASH_PAYMENT_DELETE", ours="create modify"),
    example={"patient": 12, "line_item": 1, "amount": "25.00", "payment_method": "VISA"},
)

patient_payment_log = Resource(
    path="patient_payment_log",
    model=PaymentLogEntry,
    doc="What was done to patients' payments, and how they then stood.",
    methods="GET",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="doctor",
    fields=(
        Ref("patient", READ_ONLY, to="patients"),
        Ref("doctor", READ_ONLY, to="doctors"),
        Ref("appointment", READ_ONLY, to="appointments"),
        Decimal("amount", READ_ONLY),
        Text("payment_method", READ_ONLY, choices=PAYMENT_METHODS),
        Ref("created_by", READ_ONLY, to="users"),
        Text(
            "action",
            READ_ONLY,
            choices=PaymentLogEntry.Action.values,
            doc="C created, U updated, D deleted, F filled, A filled by itself.",
        ),
        Text("source", READ_ONLY, doc="The door it came through."),
        Timestamp("updated_at", READ_ONLY),
        Id("id", addition=True),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        RefIs("office", source="appointment__office", to="offices"),
        Since("since"),
    ),
    example={"patient": 12, "amount": "25.00", "payment_method": "VISA", "action": "C", "source": "API"},
)

_DAY_SHEETS = day_sheets(line_items, transactions, patient_payments)

RESOURCES: list[Any] = [
    line_items,
    transactions,
    patient_payments,
    patient_payment_log,
    *drchrono_settings.RESOURCES,
    *drchrono_additions.RESOURCES,
    *_DAY_SHEETS,
]
FUNCTIONS = [day_sheet_totals(*_DAY_SHEETS)]
