"""Charges, payments and insurers' answers as DrChrono shows them. Facts: reference drchrono/resources.yaml,
nested.yaml; sums: ``ledger``."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains.billing import actions, drchrono_additions, drchrono_settings, ledger
from charthouse.domains.billing.codes import LINE_ITEM_STATUSES, PAYMENT_METHODS, PAYMENT_TYPES
from charthouse.domains.billing.drchrono_day_sheets import day_sheets
from charthouse.domains.billing.drchrono_day_totals import day_sheet_totals
from charthouse.domains.billing.drchrono_kinds import (
    POINTER,
    VISIT,
    ZONE,
    make_list_of_four,
    make_procedure_type,
    make_utc_day,
)
from charthouse.domains.billing.models import (
    LineItem,
    PatientPayment,
    PaymentLogEntry,
    Transaction,
    no_modifiers,
)
from charthouse.domains.patients.models import Coverage
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

BILLING = ("Access Billing", "Show Billing Tab")


def _sum(name: str, of: Callable[[], Combinable], doc: str) -> Key:
    """A sum that the database makes of what was posted."""
    return Key(
        name,
        Decimal(),
        READ_ONLY,
        source=Expression(lambda: sql.format_truncated(of())),
        nullable=False,
        doc=doc,
    )


def _service_date() -> Combinable:
    day = sql.template("(%s)::date", sql.to_wall_clock(F(VISIT), F(ZONE)), output_field=sql.DATE)
    return Coalesce(F("service_date"), day)


line_items = Resource(
    path="line_items",
    model=LineItem,
    doc="Charges for services at visits; every balance is the sum of what was posted on them.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="doctor"),
    rows=Q(archived=False),
    keys=(
        _sum("adjustment", ledger.adjustment, "Written off."),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("allowed", Decimal(), doc="Allowed by the insurer."),
        _sum(
            "balance_ins", ledger.insurance_balance, "Insurers' part: not yet paid, written off or passed on."
        ),
        _sum(
            "balance_pt", ledger.patient_balance, "The patient's part: passed on by insurers, or self-paid."
        ),
        _sum("balance_total", ledger.balance, "Billed less written off less paid."),
        Key(
            "billed",
            Decimal(),
            source=Expression(lambda: sql.format_truncated(ledger.billed()), column="billed"),
            nullable=False,
            doc="Default: price times quantity.",
        ),
        Key("billing_status", Text(choices=LINE_ITEM_STATUSES), READ_ONLY),
        Key("code", Text(), REQUIRED, example="99213"),
        Key("denied_flag", Boolean(), READ_ONLY, source=Expression(ledger.denied), nullable=False),
        Key(
            "diagnosis_pointers",
            make_list_of_four(POINTER, fill=0),
            REQUIRED,
            example=[1, 0, 0, 0],
            doc="Places in the visit's diagnoses, from 1. An ICD-10 code in the place of one is added to them.",
        ),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        _sum("ins1_paid", lambda: ledger.insurer_paid(1), "Paid by the primary insurer."),
        _sum("ins2_paid", lambda: ledger.insurer_paid(2), "Paid by the secondary insurer."),
        _sum("ins3_paid", lambda: ledger.insurer_paid(3), "Paid by the tertiary insurer."),
        _sum("ins_total", ledger.insurers_paid, "Paid by all insurers."),
        Key("insurance_status", Text(), READ_ONLY, doc="Status/Adj Type of the billing screen."),
        Key(
            "modifiers",
            make_list_of_four(Text(max_length=5), fill=""),
            default=no_modifiers,
            example=["25", "", "", ""],
        ),
        _sum("paid_total", ledger.paid, "Paid by insurers and the patient."),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("price", Decimal(), REQUIRED),
        Key("procedure_type", make_procedure_type(), REQUIRED),
        _sum("pt_paid", ledger.patient_paid, "Paid by the patient."),
        Key("quantity", Decimal(), default=1),
        Key("units", Text(), READ_ONLY),
        Key("posted_date", Timestamp(), READ_ONLY, source="created_at"),
        Key("updated_at", Timestamp(), READ_ONLY, doc="Moves with every payment on it as well."),
        Key(
            "service_date",
            Date(),
            source=Expression(_service_date, column="service_date"),
            doc="Default: the day of the visit.",
        ),
        Key("description", Text(), READ_ONLY, doc="From the doctor's fee schedule."),
        Key(
            "expected_reimbursement",
            Decimal(),
            READ_ONLY,
            doc="From the fee schedule of the patient's payer.",
        ),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("patient", Reference("patients")),
        Filter("service_date", Date(), OnDay(ZONE), source=VISIT, doc="Day of the visit."),
        make_utc_day("posted_date", source="created_at", doc="Posted on this UTC day."),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    checks=(actions.charge,),
    events=plain_events("LINE_ITEM_CREATE", "LINE_ITEM_MODIFY", "LINE_ITEM_DELETE"),
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
        rows.values_list(
            sql.json_object(payer_name=F("insurance_company"), payer_id=F("insurance_payer_id"))
        )[:1]
    )


def _of_item(name: str, to: str) -> Key:
    return Key(name, Reference(to), READ_ONLY, source=f"line_item__{name}")


transactions = Resource(
    path="transactions",
    model=Transaction,
    doc="What insurers have paid on charges, taken off them, or passed on to the patient.",
    methods="GET",
    policy=Policy(
        scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="line_item__doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("adjustment", Decimal(), READ_ONLY),
        Key(
            "adjustment_group_code",
            Text(),
            READ_ONLY,
            doc="X12 CAS01: CO, CR, OA, PI, or PR (the patient owes it).",
        ),
        Key("adjustment_reason", Text(), READ_ONLY, doc="X12 claim adjustment reason code."),
        _of_item("appointment", "appointments"),
        Key("check_date", Date(), READ_ONLY),
        Key("claim_status", Text(), READ_ONLY, doc="X12 CLP02."),
        Key("created_at", Timestamp(), READ_ONLY),
        _of_item("doctor", "doctors"),
        Key("id", Id(), READ_ONLY),
        Key("ins_paid", Decimal(), READ_ONLY),
        Key(
            "ins_name",
            Integer(minimum=1, maximum=3),
            READ_ONLY,
            doc="1 primary, 2 secondary, 3 tertiary insurer.",
        ),
        Key("line_item", Reference("line_items"), READ_ONLY),
        _of_item("patient", "patients"),
        Key("posted_date", Timestamp(), READ_ONLY, source="created_at"),
        Key("trace_number", Text(), READ_ONLY, doc="Check number."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key(
            "insurance",
            Object((Key("payer_name", Text(), READ_ONLY), Key("payer_id", Text(), READ_ONLY))),
            READ_ONLY,
            source=Expression(_insurance),
            addition=True,
        ),
    ),
    filters=(
        Filter("appointment", Reference("appointments"), source="line_item__appointment"),
        Filter("line_item", Reference("line_items")),
        make_utc_day("posted_date", source="created_at"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="line_item__doctor", addition=True),
    ),
    events=plain_events(delete="LINE_ITEM_TRANSACTION_DELETE"),
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
    policy=Policy(
        scopes=("billing:patient-payment",),
        permissions=(*BILLING, "Access Patients Payments"),
        sharing="share_patients",
        owner="doctor",
    ),
    rows=Q(archived=False),
    keys=(
        Key("appointment", Reference("appointments"), doc="Default: the line item's."),
        Key("amount", Decimal(), REQUIRED, doc="Not zero; a refund is negative whatever sign it comes with."),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            doc="Default: the line item's, else the appointment's, else the patient's.",
        ),
        Key("id", Id(), READ_ONLY),
        Key("line_item", Reference("line_items")),
        Key("notes", Text()),
        Key("patient", Reference("patients"), REQUIRED),
        Key("payment_transaction_type", Text(choices=PAYMENT_TYPES), default=""),
        Key("payment_method", Text(choices=PAYMENT_METHODS)),
        Key("posted_date", Date(), READ_ONLY, doc="The doctor's day."),
        Key("received_date", Date()),
        Key("trace_number", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("posted_date", Date(), OnDay(), addition=True),
    ),
    checks=(actions.pay,),
    after=(actions.paid,),
    events=plain_events(
        "CASH_PAYMENT_CREATE", "CASH_PAYMENT_MODIFY", "CASH_PAYMENT_DELETE", own="create modify"
    ),
    example={"patient": 12, "line_item": 1, "amount": "25.00", "payment_method": "VISA"},
)

patient_payment_log = Resource(
    path="patient_payment_log",
    model=PaymentLogEntry,
    doc="What was done to patients' payments, and how they then stood.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="doctor"),
    keys=(
        Key("patient", Reference("patients"), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("amount", Decimal(), READ_ONLY),
        Key("payment_method", Text(choices=PAYMENT_METHODS), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        Key(
            "action",
            Text(choices=PaymentLogEntry.Action.values),
            READ_ONLY,
            doc="C created, U updated, D deleted, F filled, A filled by itself.",
        ),
        Key("source", Text(), READ_ONLY, doc="The door it came through."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("id", Id(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
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
