"""Billing profiles, fee schedules and the accounts of patients, as the console writes them."""

from typing import Any

from django.db.models import Q

from charthouse.console.resources.declaring import (
    declare_doctor_setup,
    make_doctor_key,
)
from charthouse.domains.billing import charges, codes, invoices, subscriptions
from charthouse.domains.billing.accounts import Charge, ChargeDefinition, Estimate, Invoice, Subscription
from charthouse.domains.billing.codes import FEE_CODE_TYPES
from charthouse.domains.billing.models import BillingProfile, FeeSchedule, FeeScheduleItem
from charthouse.domains.limits import make_order_check
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import THE_ROW, Operation, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY

BILLING = ("Access Billing",)


ACCOUNT = (*BILLING, "Show Billing Tab")


CODE_KEYS = (Key("code", Text(), REQUIRED), Key("price", Text()), Key("quantity", Text()))


def _declare_practice_rows(
    permissions: tuple[str, ...], methods: str = "GET POST PATCH DELETE"
) -> dict[str, Any]:
    """Make the arguments of a resource whose rows belong to the whole practice."""
    return {
        "methods": methods,
        "rows": Q(archived=False),
        "policy": Policy(scopes=("settings",), permissions=permissions, sharing=ALWAYS, owner=None),
    }


def _make_charge_keys() -> tuple[Key, ...]:
    """Make the keys that charges and estimates share."""
    return (
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "definition",
            Reference("charge_definitions"),
            OPTIONAL,
            doc="Choose a charge item, or enter a name and an amount.",
        ),
        Key("name", Text(), OPTIONAL, doc="Leave empty to use the charge item's."),
        Key(
            "amount",
            Decimal(),
            OPTIONAL,
            nullable=True,
            doc="Price each. Leave empty to use the charge item's.",
        ),
        Key("quantity", Measurement(places=2), OPTIONAL, default=1),
        Key(
            "discount_multiplier",
            Measurement(digits=5, places=4),
            OPTIONAL,
            default=1,
            doc="For example, 0.9 is 10% off.",
        ),
        Key("transaction_date", Date(), OPTIONAL, nullable=True, doc="Leave empty for today."),
        Key("encounter", Reference("clinical_notes"), OPTIONAL),
        Key("owner", Reference("users"), OPTIONAL, doc="The provider who is credited with it."),
        Key("office", Reference("offices"), OPTIONAL),
        Key("add_to_insurance_claim", Boolean(), OPTIONAL, default=False),
        Key("cpt_code", Text(), OPTIONAL),
        Key("cpt_modifiers", Text(), OPTIONAL),
        Key("amt_billed_to_insurance", Decimal(), OPTIONAL),
        Key("amt_paid_by_insurance", Decimal(), OPTIONAL),
        Key("notes", Text(multiline=True), OPTIONAL),
        Key("additional_details", Text(multiline=True), OPTIONAL),
    )


@hook()
def keep_hidden_code_values(change: Change) -> None:
    """Keep the values of a code that the form does not ask, such as modifiers and pointers."""
    asked = {field.name for field in CODE_KEYS}
    for name in ("cpt_codes", "hcpcs_codes"):
        if change.row is not None and change.values.get(name):
            rest = {
                item.get("code"): {key: value for key, value in item.items() if key not in asked}
                for item in getattr(change.row, name)
            }
            change.set(name, [rest.get(item["code"], {}) | item for item in change.values[name]])


RESOURCES = (
    declare_doctor_setup(
        "code_sets",
        BillingProfile,
        "share_billing_profiles",
        make_doctor_key(),
        Key("name", Text(), REQUIRED),
        Key("cpt_codes", List(Object(CODE_KEYS, open=True)), OPTIONAL),
        Key("hcpcs_codes", List(Object(CODE_KEYS, open=True)), OPTIONAL),
        Key("icd10_codes", List(Text())),
        permissions=("Access Billing",),
        checks=(keep_hidden_code_values,),
        example={"name": "Annual physical"},
    ),
    declare_doctor_setup(
        "price_lists",
        FeeSchedule,
        "share_fee_schedule",
        make_doctor_key(),
        Key("plan_name", Text()),
        Key("payer_id", Text()),
        Key("effective_date", Date()),
        Key("ineffective_date", Date()),
        permissions=("Access Billing",),
        checks=(make_order_check(("effective_date", "ineffective_date")),),
        example={"plan_name": "Self-pay"},
    ),
    declare_doctor_setup(
        "prices",
        FeeScheduleItem,
        "share_fee_schedule",
        Key("schedule", Reference("price_lists"), REQUIRED),
        Key("code", Text(), REQUIRED),
        Key("code_type", Text(choices=FEE_CODE_TYPES), OPTIONAL, default="CPT"),
        Key("description", Text(multiline=True)),
        Key("base_price", Decimal(minimum=0), OPTIONAL),
        Key("insured_price", Decimal(minimum=0), OPTIONAL),
        Key("cash_price", Decimal(minimum=0), OPTIONAL),
        Key("allowed_amount", Decimal(minimum=0), OPTIONAL),
        Key("office", Reference("offices")),
        owner="schedule__doctor",
        permissions=("Access Billing",),
        example={"code": "99213", "base_price": "145.00"},
    ),
    Resource(
        path="charge_definitions",
        model=ChargeDefinition,
        doc="What the practice charges for.",
        **_declare_practice_rows(BILLING),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key("name_for_pt_portal", Text(), OPTIONAL),
            Key("nicknames", List(Text(max_length=100, blank=False), max_items=20), OPTIONAL),
            Key("category", Text(), OPTIONAL),
            Key("cpt_code", Text(), OPTIONAL),
            Key("barcode_upc", Text(), OPTIONAL),
            Key("description", Text(multiline=True), OPTIONAL),
            Key("retail", Decimal(), OPTIONAL, default=0, doc="What a patient pays for one."),
            Key("wholesale", Decimal(), OPTIONAL, default=0, doc="What one costs the practice."),
            Key("is_taxable", Boolean(), OPTIONAL, default=False),
            Key("tax_rate", Decimal(digits=6, places=3, minimum=0, maximum=100), OPTIONAL, doc="Percent."),
            Key("minutes", Integer(minimum=0, maximum=10_000), OPTIONAL, doc="How long it takes."),
            Key("is_special", Boolean(), OPTIONAL, default=False),
            Key("is_supply", Boolean(), OPTIONAL, default=False),
            Key("add_to_insurance_claims", Boolean(), OPTIONAL, default=False),
            Key("inactive", Boolean(), OPTIONAL, default=False, doc="No longer charged."),
        ),
        checks=(charges.check_definition_prices,),
        example={"name": "Office visit, 30 minutes", "retail": "145.00"},
    ),
    Resource(
        path="account_charges",
        model=Charge,
        doc="What patients are charged.",
        **_declare_practice_rows(ACCOUNT),
        keys=(*_make_charge_keys(), Key("amt_written_off", Decimal(), OPTIONAL)),
        checks=(charges.check_charge,),
        operations=(
            Operation(
                name="void", method="POST", doc="No longer owed.", keys=(), run=charges.void, answer=THE_ROW
            ),
        ),
        example={"name": "Office visit", "amount": "145.00"},
    ),
    Resource(
        path="account_estimates",
        model=Estimate,
        doc="Estimated charges of patients.",
        **_declare_practice_rows(ACCOUNT),
        keys=(
            *_make_charge_keys(),
            Key("expiration_date", Date(), OPTIONAL, doc="The last day on which it can become a charge."),
            Key("which_insurance_to_bill", Text(choices=tuple(Estimate.Insurance.values)), OPTIONAL),
            Key("date_paid_by_insurance", Date(past=True), OPTIONAL),
            Key(
                "justifying_diagnoses",
                List(Text(max_length=20, blank=False), max_items=12),
                OPTIONAL,
                doc="ICD-10 codes.",
            ),
        ),
        checks=(charges.check_estimate,),
        operations=(
            Operation(
                name="convert",
                method="POST",
                doc="Convert it to a charge.",
                keys=(),
                run=charges.convert,
                answer=THE_ROW,
            ),
        ),
        example={"name": "Office visit", "amount": "145.00"},
    ),
    Resource(
        path="account_invoices",
        model=Invoice,
        doc="What patients are asked to pay.",
        **_declare_practice_rows(ACCOUNT, "GET POST PATCH"),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("patient", Reference("patients"), REQUIRED),
            Key("date", Date(), OPTIONAL, nullable=True, doc="Leave empty for today."),
            Key("due_date", Date(), OPTIONAL),
            Key(
                "charges",
                List(Reference("account_charges"), max_items=invoices.MAX_CHARGES),
                WRITE_ONLY,
                source=UNSTORED,
                doc="If none is checked, all open charges.",
            ),
        ),
        checks=(invoices.check_invoice,),
        after=(invoices.create_lines,),
        unique={"charge_on_one_invoice": ("charges", "Another invoice has taken one of them.")},
        operations=(
            Operation(
                name="pay",
                method="POST",
                doc="Take a payment.",
                keys=(
                    Key("amount", Decimal(), REQUIRED, source=UNSTORED),
                    Key("method", Text(choices=codes.PAYMENT_METHODS), OPTIONAL, source=UNSTORED),
                    Key("date", Date(), OPTIONAL, source=UNSTORED, doc="Leave empty for today."),
                    Key("reference", Text(max_length=100), OPTIONAL, source=UNSTORED),
                ),
                run=invoices.record_payment,
                answer=THE_ROW,
            ),
            Operation(
                name="void_payment",
                method="POST",
                doc="Void a payment.",
                keys=(Key("payment", Integer(minimum=1, maximum=2**63 - 1), REQUIRED, source=UNSTORED),),
                run=invoices.reverse_payment,
                answer=THE_ROW,
            ),
            Operation(
                name="void",
                method="POST",
                doc="Void it.",
                keys=(),
                run=invoices.void,
                answer=THE_ROW,
            ),
        ),
        example={"date": "2026-10-05"},
    ),
    Resource(
        path="account_subscriptions",
        model=Subscription,
        doc="Recurring charges of patients.",
        **_declare_practice_rows(ACCOUNT),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("patient", Reference("patients"), REQUIRED),
            Key("definition", Reference("charge_definitions"), REQUIRED),
            Key("schedule_frequency", Text(choices=tuple(Subscription.Frequency.values)), REQUIRED),
            Key("amount", Decimal(), OPTIONAL, nullable=True, doc="Leave empty to use the charge item's."),
            Key("start_date", Date(), OPTIONAL, nullable=True, doc="Leave empty for today."),
            Key("end_date", Date(), OPTIONAL, doc="Nothing is charged after that day."),
            Key("owner", Reference("users"), OPTIONAL, doc="The provider who is credited with its charges."),
            Key("billed", Integer(), READ_ONLY),
        ),
        checks=(subscriptions.check_subscription,),
        operations=(
            Operation(
                name="end",
                method="POST",
                doc="End it today.",
                keys=(),
                run=subscriptions.end_subscription,
                answer=THE_ROW,
            ),
        ),
        example={"schedule_frequency": "monthly"},
    ),
)
