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
from charthouse.resource.declare import Hidden, PageSize, Parent, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    READ_ONLY,
    Boolean,
    Decimal,
    Field,
    Id,
    Integer,
    ListOf,
    Measure,
    Ref,
    Text,
)
from charthouse.resource.filters import Filter, Flag, Is, RefIs
from charthouse.resource.nested import Many
from charthouse.resource.times import Date, Moment

PAGES = PageSize(100, 100, 100)
_THERE = Q(archived=False)
_WITH_DELETED = Flag("include_deleted", doc="Deleted ones as well.")
_DELETED = Hidden(Q(archived=True), unless="include_deleted", by_id=True)

charge_definitions = Resource(
    path="charge_master",
    model=ChargeDefinition,
    doc="What the practice charges for, and its prices.",
    methods="GET",
    **common("charges"),
    page_size=PAGES,
    rows=_THERE,
    fields=(
        tag("charge_definition"),
        Id("id", as_text=True),
        Text("name", READ_ONLY),
        Text("name_for_pt_portal", READ_ONLY),
        ListOf("nicknames", READ_ONLY, item=Text("nickname")),
        Text("description", READ_ONLY),
        Text("category", READ_ONLY),
        Text("cpt_code", READ_ONLY),
        Text("barcode_upc", READ_ONLY),
        Decimal("retail", READ_ONLY, doc="What a patient pays for one."),
        Decimal("wholesale", READ_ONLY, doc="What one costs the practice."),
        Text("tax_rate", READ_ONLY, computed=as_text("tax_rate"), nullable=True, doc="Percent."),
        Text("time_required", READ_ONLY, computed=as_text("minutes"), nullable=True, doc="Minutes."),
        Boolean("is_special", READ_ONLY),
        Boolean("is_supply", READ_ONLY),
        Boolean("is_taxable", READ_ONLY),
        Boolean("inactive", READ_ONLY),
        Boolean("add_to_insurance_claims", READ_ONLY),
        by("addedby", as_text=True),
        created(),
    ),
    example={"name": "Office visit, 30 minutes", "cpt_code": "99213", "retail": "145.00"},
)

# -- charges and estimates --------------------------------------------------------------------------------------

_EXAMPLE: dict[str, Any] = {"name": "Office visit, 30 minutes", "amount": "145.00", "quantity": 1}
CHARGE: tuple[Field, ...] = (
    *priced("charge", "pk", Decimal("amt_written_off", READ_ONLY)),
    Boolean(
        "is_voided",
        READ_ONLY,
        computed=lambda: models.ExpressionWrapper(
            Q(voided_at__isnull=False), output_field=models.BooleanField()
        ),
        nullable=False,
    ),
    Moment("date_voided", READ_ONLY, source="voided_at"),
)

charges = Resource(
    path="charges",
    model=Charge,
    doc="The charges of all patients.",
    methods="GET",
    **common("charges"),
    page_size=PAGES,
    fields=CHARGE,
    filters=(*DAYS, _WITH_DELETED),
    hidden=_DELETED,
    events=plain("charge.created", "charge.modified", "charge.deleted", ours="create modify delete"),
    example=_EXAMPLE,
)

patient_charges = Resource(
    path="patients/{patient_id}/charges",
    model=Charge,
    doc="The charges of a patient.",
    methods="GET",
    reads=False,
    **common("charges"),
    page_size=PAGES,
    parents=below_patient(),
    rows=_THERE,
    fields=CHARGE,
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
    reads=False,
    **common("charges"),
    page_size=PAGES,
    parents=_BELOW_ENCOUNTER,
    rows=_THERE,
    fields=CHARGE,
    example=_EXAMPLE,
)

_OF_ESTIMATES: dict[str, Any] = {
    "model": Estimate,
    "methods": "GET",
    **common("patient_charges"),
    "page_size": PAGES,
    "rows": _THERE,
    "fields": (
        *priced(
            "estimate",
            "converted_id",
            Date("date_paid_by_insurance", READ_ONLY),
            ListOf("justifying_diagnoses", READ_ONLY, item=Text("diagnosis"), doc="ICD-10 codes."),
            Text("which_insurance_to_bill", READ_ONLY, doc="primary, secondary, tertiary, or empty."),
        ),
        Date("expiration_date", READ_ONLY, doc="The last day on which it can become a charge."),
        Ref(
            "converted_tp_patient_charge_id",
            READ_ONLY,
            source="converted",
            to="charges",
            as_text=True,
            doc="The charge that it became.",
        ),
    ),
    "example": _EXAMPLE,
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

INVOICE: tuple[Field, ...] = (
    tag("invoice"),
    Id("id"),
    Ref("patient_id", READ_ONLY, source="patient", to="patients"),
    Text("invoice_number", READ_ONLY, computed=sums.number, nullable=False),
    Date("date", READ_ONLY),
    Date("due_date", READ_ONLY),
    Text("status", READ_ONLY, computed=sums.status, choices=sums.STATUSES, nullable=False),
    sum_of("total", sums.total, "The sum of its charges' amount_due."),
    sum_of("amount_paid", sums.received, "The sum of its payments."),
    sum_of(
        "balance", sums.balance, "What is still to be paid: total less amount_paid; 0.00 where it is void."
    ),
    Many(
        "charges",
        READ_ONLY,
        to=InvoiceLine,
        link="invoice",
        fields=(
            Integer("id", READ_ONLY, source="charge_id"),
            Text("name", READ_ONLY, source="charge__name"),
            Date("transaction_date", READ_ONLY, source="charge__transaction_date"),
            Decimal("amount", READ_ONLY, source="charge__amount", doc="The price of one."),
            Measure("quantity", READ_ONLY, source="charge__quantity"),
            Measure("discount_multiplier", READ_ONLY, source="charge__discount_multiplier"),
            sum_of(
                "amount_due",
                lambda: sums.share("charge__"),
                "The patient's share: less what insurers pay and what is written off.",
            ),
        ),
    ),
    Many(
        "payments",
        READ_ONLY,
        to=InvoicePayment,
        link="invoice",
        fields=(
            Id("id"),
            Date("date", READ_ONLY),
            Decimal("amount", READ_ONLY),
            Text("method", READ_ONLY),
            created(),
        ),
    ),
    created(),
    by("addedby"),
    deleted("date_deleted"),
)
_OF_INVOICES: dict[str, Any] = {
    "model": Invoice,
    "methods": "GET",
    **common("patient_invoices"),
    "page_size": PAGES,
    "rows": _THERE,
    "fields": INVOICE,
    "example": {"date": "2026-10-05", "status": "open", "total": "145.00", "balance": "145.00"},
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
    **common("patient_subscriptions"),
    "page_size": PAGES,
    "hidden": Hidden(Q(archived=True), unless="include_deleted"),
    "fields": (
        tag("subscription"),
        Id("id"),
        Ref("patient_id", READ_ONLY, source="patient", to="patients"),
        Ref("subscription_charge_id", READ_ONLY, source="definition", to="charge_master"),
        Integer(
            "charge_owner_user_id", READ_ONLY, source="owner_id", doc="Who is credited with its charges."
        ),
        Text("schedule_frequency", READ_ONLY, choices=tuple(Subscription.Frequency.values)),
        Decimal("amount", READ_ONLY, doc="What each charge comes to."),
        Date("start_date", READ_ONLY),
        Date(
            "next_billing_date",
            READ_ONLY,
            computed=sums.next_turn,
            doc="By the calendar from the start: a monthly one of January 31 is charged at the end of February. "
            "Null once it is over.",
        ),
        Date("end_date", READ_ONLY, doc="Nothing is charged after that day."),
        Boolean("is_deleted", READ_ONLY, source="archived"),
        deleted("date_deleted"),
        created(),
        by("addedby"),
    ),
    "example": {"schedule_frequency": "monthly", "amount": "85.00", "start_date": "2026-01-31"},
}
_NARROWED: tuple[Filter, ...] = (
    Is("schedule_frequency", choices=tuple(Subscription.Frequency.values)),
    RefIs("subscription_charge_id", source="definition", to="charge_master"),
    RefIs("charge_owner_user_id", source="owner", to="users"),
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
