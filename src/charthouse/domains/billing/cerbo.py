"""Charges, estimates, invoices and subscriptions as Cerbo shows them, which writes none of them. Facts: reference
cerbo/objects.yaml, operations.yaml; docs/decisions/0250-*.md, 0251-*.md"""

from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.billing import sums
from charthouse.domains.billing.accounts import (
    Charge,
    ChargeDefinition,
    Estimate,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Subscription,
)
from charthouse.domains.billing.cerbo_keys import DAYS, as_text, priced, sum_of
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, deleted, tag
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import PageSize, Parent, Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY

PAGES = PageSize(100, 100, 100)
_THERE = Q(archived=False)
_WITH_DELETED = Flag("include_deleted", doc="Deleted ones as well.")
_DELETED = Visibility(Q(archived=True), shown_by="include_deleted", by_id=True)

charge_definitions = Resource(
    path="charge_master",
    model=ChargeDefinition,
    doc="What the practice charges for, and its prices.",
    methods="GET",
    policy=common("charges"),
    page_size=PAGES,
    rows=_THERE,
    keys=(
        tag("charge_definition"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("name_for_pt_portal", Text(), READ_ONLY),
        Key("nicknames", List(Text()), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("category", Text(), READ_ONLY),
        Key("cpt_code", Text(), READ_ONLY),
        Key("barcode_upc", Text(), READ_ONLY),
        Key("retail", Decimal(), READ_ONLY, doc="What a patient pays for one."),
        Key("wholesale", Decimal(), READ_ONLY, doc="What one costs the practice."),
        Key(
            "tax_rate",
            Text(),
            READ_ONLY,
            source=Expression(as_text("tax_rate")),
            nullable=True,
            doc="Percent.",
        ),
        Key(
            "time_required",
            Text(),
            READ_ONLY,
            source=Expression(as_text("minutes")),
            nullable=True,
            doc="Minutes.",
        ),
        Key("is_special", Boolean(), READ_ONLY),
        Key("is_supply", Boolean(), READ_ONLY),
        Key("is_taxable", Boolean(), READ_ONLY),
        Key("inactive", Boolean(), READ_ONLY),
        Key("add_to_insurance_claims", Boolean(), READ_ONLY),
        by("addedby", as_text=True),
        created(),
    ),
    example={"name": "Office visit, 30 minutes", "cpt_code": "99213", "retail": "145.00"},
)

# -- charges and estimates --------------------------------------------------------------------------------------

_EXAMPLE: dict[str, Any] = {"name": "Office visit, 30 minutes", "amount": "145.00", "quantity": 1}
CHARGE: tuple[Key, ...] = (
    *priced("charge", "pk", Key("amt_written_off", Decimal(), READ_ONLY)),
    Key(
        "is_voided",
        Boolean(),
        READ_ONLY,
        source=Expression(
            lambda: models.ExpressionWrapper(Q(voided_at__isnull=False), output_field=models.BooleanField())
        ),
        nullable=False,
    ),
    Key("date_voided", Timestamp(spaced=True), READ_ONLY, source="voided_at"),
)

charges = Resource(
    path="charges",
    model=Charge,
    doc="The charges of all patients.",
    methods="GET",
    policy=common("charges"),
    page_size=PAGES,
    keys=CHARGE,
    filters=(*DAYS, _WITH_DELETED),
    visibility=_DELETED,
    events=plain_events("charge.created", "charge.modified", "charge.deleted", own="create modify delete"),
    example=_EXAMPLE,
)

patient_charges = Resource(
    path="patients/{patient_id}/charges",
    model=Charge,
    doc="The charges of a patient.",
    methods="GET",
    policy=common("charges"),
    reads=False,
    page_size=PAGES,
    parents=below_patient(),
    rows=_THERE,
    keys=CHARGE,
    filters=DAYS,
    example=_EXAMPLE,
)

# An encounter of the patient: one of another patient is not there.
_BELOW_ENCOUNTER = (
    *below_patient(),
    Parent("encounter_id", to="patients/{patient_id}/encounters", source="encounter"),
)

encounter_charges = Resource(
    path="patients/{patient_id}/encounters/{encounter_id}/charges",
    model=Charge,
    doc="The charges of an encounter.",
    methods="GET",
    policy=common("charges"),
    reads=False,
    page_size=PAGES,
    parents=_BELOW_ENCOUNTER,
    rows=_THERE,
    keys=CHARGE,
    example=_EXAMPLE,
)

_OF_ESTIMATES: dict[str, Any] = {
    "model": Estimate,
    "methods": "GET",
    "page_size": PAGES,
    "rows": _THERE,
    "keys": (
        *priced(
            "estimate",
            "converted_id",
            Key("date_paid_by_insurance", Date(), READ_ONLY),
            Key("justifying_diagnoses", List(Text()), READ_ONLY, doc="ICD-10 codes."),
            Key("which_insurance_to_bill", Text(), READ_ONLY, doc="primary, secondary, tertiary, or empty."),
        ),
        Key("expiration_date", Date(), READ_ONLY, doc="The last day on which it can become a charge."),
        Key(
            "converted_tp_patient_charge_id",
            Reference("charges", as_text=True),
            READ_ONLY,
            source="converted",
            doc="The charge that it became.",
        ),
    ),
    "example": _EXAMPLE,
    "policy": common("patient_charges"),
}

estimates = Resource(
    path="patients/{patient_id}/estimates",
    doc="What things would cost a patient.",
    parents=below_patient(),
    filters=DAYS,
    **_OF_ESTIMATES,
)

encounter_estimates = Resource(
    path="patients/{patient_id}/encounters/{encounter_id}/estimates",
    doc="What was estimated at an encounter.",
    reads=False,
    parents=_BELOW_ENCOUNTER,
    **_OF_ESTIMATES,
)

# -- invoices ---------------------------------------------------------------------------------------------------

INVOICE: tuple[Key, ...] = (
    tag("invoice"),
    Key("id", Id(), READ_ONLY),
    Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
    Key("invoice_number", Text(), READ_ONLY, source=Expression(sums.number), nullable=False),
    Key("date", Date(), READ_ONLY),
    Key("due_date", Date(), READ_ONLY),
    Key("status", Text(choices=sums.STATUSES), READ_ONLY, source=Expression(sums.status), nullable=False),
    sum_of("total", sums.total, "The sum of its charges' amount_due."),
    sum_of("amount_paid", sums.received, "The sum of its payments."),
    sum_of(
        "balance", sums.balance, "What is still to be paid: total less amount_paid; 0.00 where it is void."
    ),
    Key(
        "charges",
        List(
            Object(
                (
                    Key("id", Integer(), READ_ONLY, source="charge_id"),
                    Key("name", Text(), READ_ONLY, source="charge__name"),
                    Key("transaction_date", Date(), READ_ONLY, source="charge__transaction_date"),
                    Key("amount", Decimal(), READ_ONLY, source="charge__amount", doc="The price of one."),
                    Key("quantity", Measurement(), READ_ONLY, source="charge__quantity"),
                    Key(
                        "discount_multiplier", Measurement(), READ_ONLY, source="charge__discount_multiplier"
                    ),
                    sum_of(
                        "amount_due",
                        lambda: sums.share("charge__"),
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
                    created(),
                )
            )
        ),
        READ_ONLY,
        source=ChildRows(InvoicePayment, link="invoice"),
    ),
    created(),
    by("addedby"),
    deleted("date_deleted"),
)
_OF_INVOICES: dict[str, Any] = {
    "model": Invoice,
    "methods": "GET",
    "page_size": PAGES,
    "rows": _THERE,
    "keys": INVOICE,
    "example": {"date": "2026-10-05", "status": "open", "total": "145.00", "balance": "145.00"},
    "policy": common("patient_invoices"),
}

invoices = Resource(path="invoices", doc="What patients were asked to pay.", lists=False, **_OF_INVOICES)

patient_invoices = Resource(
    path="patients/{patient_id}/invoices",
    doc="What a patient was asked to pay.",
    reads=False,
    parents=below_patient(),
    **_OF_INVOICES,
)

# -- subscriptions ----------------------------------------------------------------------------------------------

_OF_SUBSCRIPTIONS: dict[str, Any] = {
    "model": Subscription,
    "methods": "GET",
    "reads": False,
    "page_size": PAGES,
    "visibility": Visibility(Q(archived=True), shown_by="include_deleted"),
    "keys": (
        tag("subscription"),
        Key("id", Id(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("subscription_charge_id", Reference("charge_master"), READ_ONLY, source="definition"),
        Key(
            "charge_owner_user_id",
            Integer(),
            READ_ONLY,
            source="owner_id",
            doc="Who is credited with its charges.",
        ),
        Key("schedule_frequency", Text(choices=tuple(Subscription.Frequency.values)), READ_ONLY),
        Key("amount", Decimal(), READ_ONLY, doc="What each charge comes to."),
        Key("start_date", Date(), READ_ONLY),
        Key(
            "next_billing_date",
            Date(),
            READ_ONLY,
            source=Expression(sums.next_turn),
            doc="By the calendar from the start: a monthly one of January 31 is charged at the end of February. "
            "Null once it is over.",
        ),
        Key("end_date", Date(), READ_ONLY, doc="Nothing is charged after that day."),
        Key("is_deleted", Boolean(), READ_ONLY, source="archived"),
        deleted("date_deleted"),
        created(),
        by("addedby"),
    ),
    "example": {"schedule_frequency": "monthly", "amount": "85.00", "start_date": "2026-01-31"},
    "policy": common("patient_subscriptions"),
}
_NARROWED: tuple[Filter, ...] = (
    Filter("schedule_frequency", Text(choices=tuple(Subscription.Frequency.values))),
    Filter("subscription_charge_id", Reference("charge_master"), source="definition"),
    Filter("charge_owner_user_id", Reference("users"), source="owner"),
)

subscriptions = Resource(
    path="patients/subscriptions",
    doc="What patients are charged again and again.",
    filters=(_WITH_DELETED, *_NARROWED),
    **_OF_SUBSCRIPTIONS,
)

patient_subscriptions = Resource(
    path="patients/{patient_id}/subscriptions",
    doc="What a patient is charged again and again.",
    parents=below_patient(),
    filters=(_WITH_DELETED,),
    **_OF_SUBSCRIPTIONS,
)

RESOURCES = [
    charge_definitions,
    charges,
    patient_charges,
    encounter_charges,
    estimates,
    encounter_estimates,
    invoices,
    patient_invoices,
    subscriptions,
    patient_subscriptions,
]
