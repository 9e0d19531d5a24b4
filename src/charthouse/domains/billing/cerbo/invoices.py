"""Invoices in the Cerbo API, which writes none. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0250-*.md"""

from typing import Any

from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import (
    Invoice,
    InvoiceLine,
    InvoicePayment,
)
from charthouse.domains.billing.cerbo.keys import NOT_DELETED
from charthouse.domains.billing.keys import make_amount
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY

INVOICE: tuple[Key, ...] = (
    make_object_key("invoice"),
    Key("id", Id(), READ_ONLY),
    Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
    Key(
        "invoice_number",
        Text(),
        READ_ONLY,
        source=Expression(account_sums.select_invoice_number),
        nullable=False,
    ),
    Key("date", Date(), READ_ONLY),
    Key("due_date", Date(), READ_ONLY),
    Key(
        "status",
        Text(choices=account_sums.INVOICE_STATUSES),
        READ_ONLY,
        source=Expression(account_sums.select_status),
        nullable=False,
    ),
    make_amount("total", account_sums.select_total, "The sum of its charges' amount_due."),
    make_amount("amount_paid", account_sums.select_received, "The sum of its payments."),
    make_amount(
        "balance",
        account_sums.select_balance,
        "Amount still due: total minus amount_paid; 0.00 if void.",
    ),
    Key(
        "charges",
        List(
            Object(
                (
                    Key("id", Integer(), READ_ONLY, source="charge_id"),
                    Key("name", Text(), READ_ONLY, source="charge__name"),
                    Key("transaction_date", Date(), READ_ONLY, source="charge__transaction_date"),
                    Key("amount", Decimal(), READ_ONLY, source="charge__amount", doc="Price per unit."),
                    Key("quantity", Measurement(), READ_ONLY, source="charge__quantity"),
                    Key(
                        "discount_multiplier", Measurement(), READ_ONLY, source="charge__discount_multiplier"
                    ),
                    make_amount(
                        "amount_due",
                        lambda: account_sums.select_patient_share("charge__"),
                        "The patient's share: less what insurers pay and what is written off.",
                    ),
                )
            )
        ),
        READ_ONLY,
        source=ChildRows(InvoiceLine, link="invoice"),
    ),
    Key(
        "payments",
        List(
            Object(
                (
                    Key("id", Id(), READ_ONLY),
                    Key("date", Date(), READ_ONLY),
                    Key("amount", Decimal(), READ_ONLY),
                    Key("method", Text(), READ_ONLY),
                    make_created_key(),
                )
            )
        ),
        READ_ONLY,
        source=ChildRows(InvoicePayment, link="invoice"),
    ),
    make_created_key(),
    make_user_key("addedby"),
    make_deleted_key("date_deleted"),
)

_COMMON: dict[str, Any] = {
    "model": Invoice,
    "methods": "GET",
    "page_size": PAGES,
    "rows": NOT_DELETED,
    "keys": INVOICE,
    "example": {"date": "2026-10-05", "status": "open", "total": "145.00", "balance": "145.00"},
    "policy": make_policy("patient_invoices"),
}

invoices = Resource(path="invoices", doc="Invoices of all patients.", lists=False, **_COMMON)

patient_invoices = Resource(
    path="patients/{patient_id}/invoices",
    doc="A patient's invoices.",
    reads=False,
    parents=make_patient_parent(),
    **_COMMON,
)

RESOURCES = [invoices, patient_invoices]
