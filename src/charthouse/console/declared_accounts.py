"""The accounts of patients as people of the practice write them; declared like what the APIs show."""

from typing import Any

from django.db.models import Q

from charthouse.domains.billing import charging, codes, invoicing, subscribing
from charthouse.domains.billing.accounts import Charge, ChargeDefinition, Estimate, Invoice, Subscription
from charthouse.resource.declare import ALWAYS, Action, Resource
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
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
from charthouse.resource.times import Date

BILLING = ("Access Billing",)
ACCOUNT = (*BILLING, "Show Billing Tab")


def _of_the_practice(permissions: tuple[str, ...], methods: str = "GET POST PATCH DELETE") -> dict[str, Any]:
    """What all of them declare: whoever has the permissions writes the rows of the whole practice."""
    return {
        "methods": methods,
        "scopes": ("settings",),
        "permissions": permissions,
        "sharing": ALWAYS,
        "owner": None,
        "rows": Q(archived=False),
    }


def _priced() -> tuple[Field, ...]:
    return (
        Id("id"),
        Ref("patient", REQUIRED, to="patients"),
        Ref(
            "definition",
            OPTIONAL,
            to="charge_definitions",
            doc="What it is of; or give a name and an amount.",
        ),
        Text("name", OPTIONAL, doc="Left empty, it is the catalogue's."),
        Decimal("amount", OPTIONAL, nullable=True, doc="The price of one; left empty, the catalogue's."),
        Measure("quantity", OPTIONAL, default=1),
        Measure("discount_multiplier", OPTIONAL, default=1, digits=5, places=4, doc="0.9 takes a tenth off."),
        Date("transaction_date", OPTIONAL, nullable=True, doc="Today where it is left empty."),
        Ref("encounter", OPTIONAL, to="clinical_notes"),
        Ref("owner", OPTIONAL, to="users", doc="Who is credited with it."),
        Ref("office", OPTIONAL, to="offices"),
        Boolean("add_to_insurance_claim", OPTIONAL, default=False),
        Text("cpt_code", OPTIONAL),
        Text("cpt_modifiers", OPTIONAL),
        Decimal("amt_billed_to_insurance", OPTIONAL),
        Decimal("amt_paid_by_insurance", OPTIONAL),
        Text("notes", OPTIONAL),
        Text("additional_details", OPTIONAL),
    )


RESOURCES = (
    Resource(
        path="charge_definitions",
        model=ChargeDefinition,
        doc="What the practice charges for, as its people set it up.",
        **_of_the_practice(BILLING),
        fields=(
            Id("id"),
            Text("name", REQUIRED, blank=False),
            Text("name_for_pt_portal", OPTIONAL),
            ListOf("nicknames", OPTIONAL, item=Text("nickname", blank=False, max_length=100), at_most=20),
            Text("category", OPTIONAL),
            Text("cpt_code", OPTIONAL),
            Text("barcode_upc", OPTIONAL),
            Text("description", OPTIONAL),
            Decimal("retail", OPTIONAL, default=0, doc="What a patient pays for one."),
            Decimal("wholesale", OPTIONAL, default=0, doc="What one costs the practice."),
            Boolean("is_taxable", OPTIONAL, default=False),
            Decimal("tax_rate", OPTIONAL, digits=6, places=3, doc="Percent."),
            Integer("minutes", OPTIONAL, minimum=0, maximum=10_000, doc="How long it takes."),
            Boolean("is_special", OPTIONAL, default=False),
            Boolean("is_supply", OPTIONAL, default=False),
            Boolean("add_to_insurance_claims", OPTIONAL, default=False),
            Boolean("inactive", OPTIONAL, default=False, doc="It is charged no more."),
        ),
        checks=(charging.definition_prices,),
        example={"name": "Office visit, 30 minutes", "retail": "145.00"},
    ),
    Resource(
        path="account_charges",
        model=Charge,
        doc="What patients are charged.",
        **_of_the_practice(ACCOUNT),
        fields=(*_priced(), Decimal("amt_written_off", OPTIONAL)),
        checks=(charging.charge,),
        actions=(Action(name="void", doc="Owed no more.", fields=(), run=charging.void),),
        example={"name": "Office visit", "amount": "145.00"},
    ),
    Resource(
        path="account_estimates",
        model=Estimate,
        doc="What things would cost patients.",
        **_of_the_practice(ACCOUNT),
        fields=(
            *_priced(),
            Date("expiration_date", OPTIONAL, doc="The last day on which it can become a charge."),
            Text("which_insurance_to_bill", OPTIONAL, choices=tuple(Estimate.Insurance.values)),
            Date("date_paid_by_insurance", OPTIONAL),
            ListOf(
                "justifying_diagnoses",
                OPTIONAL,
                item=Text("diagnosis", blank=False, max_length=20),
                at_most=12,
                doc="ICD-10 codes.",
            ),
        ),
        checks=(charging.estimate,),
        actions=(Action(name="convert", doc="Make it a charge.", fields=(), run=charging.convert),),
        example={"name": "Office visit", "amount": "145.00"},
    ),
    Resource(
        path="account_invoices",
        model=Invoice,
        doc="What patients are asked to pay.",
        **_of_the_practice(ACCOUNT, "GET POST PATCH"),
        fields=(
            Id("id"),
            Ref("patient", REQUIRED, to="patients"),
            Date("date", OPTIONAL, nullable=True, doc="Today where it is left empty."),
            Date("due_date", OPTIONAL),
            ListOf(
                "charges",
                WRITE_ONLY,
                item=Ref("charge", to="account_charges"),
                stored=False,
                at_most=invoicing.MOST_CHARGES,
                doc="All open ones where none is ticked.",
            ),
        ),
        checks=(invoicing.gather,),
        after=(invoicing.lines,),
        unique={"charge_on_one_invoice": ("charges", "Another invoice has taken one of them.")},
        actions=(
            Action(
                name="pay",
                doc="Take money for it.",
                fields=(
                    Decimal("amount", REQUIRED, stored=False),
                    Text("method", OPTIONAL, stored=False, choices=codes.PAYMENT_METHODS),
                    Date("date", OPTIONAL, stored=False, doc="Today where it is left empty."),
                    Text("reference", OPTIONAL, stored=False, max_length=100),
                ),
                run=invoicing.pay,
            ),
            Action(
                name="take_back",
                doc="Take a payment back.",
                fields=(Integer("payment", REQUIRED, stored=False, minimum=1, maximum=2**63 - 1),),
                run=invoicing.take_back,
            ),
            Action(name="void", doc="Ask for nothing with it.", fields=(), run=invoicing.void),
        ),
        example={"date": "2026-10-05"},
    ),
    Resource(
        path="account_subscriptions",
        model=Subscription,
        doc="What patients are charged again and again.",
        **_of_the_practice(ACCOUNT),
        fields=(
            Id("id"),
            Ref("patient", REQUIRED, to="patients"),
            Ref("definition", REQUIRED, to="charge_definitions"),
            Text("schedule_frequency", REQUIRED, choices=tuple(Subscription.Frequency.values)),
            Decimal("amount", OPTIONAL, nullable=True, doc="Left empty, the catalogue's."),
            Date("start_date", OPTIONAL, nullable=True, doc="Today where it is left empty."),
            Date("end_date", OPTIONAL, doc="Nothing is charged after that day."),
            Ref("owner", OPTIONAL, to="users", doc="Who is credited with its charges."),
            Integer("billed", READ_ONLY),
        ),
        checks=(subscribing.subscribe,),
        actions=(Action(name="end", doc="Charge nothing after today.", fields=(), run=subscribing.end),),
        example={"schedule_frequency": "monthly"},
    ),
)
