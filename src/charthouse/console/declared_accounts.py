"""The accounts of patients as people of the practice write them; declared like what the APIs show."""

from django.db.models import Q

from charthouse.domains.billing import charging
from charthouse.domains.billing.accounts import ChargeDefinition
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import OPTIONAL, REQUIRED, Boolean, Decimal, Id, Integer, ListOf, Text

BILLING = ("Access Billing",)

RESOURCES = (
    Resource(
        path="charge_definitions",
        model=ChargeDefinition,
        doc="What the practice charges for, as its people set it up.",
        methods="GET POST PATCH DELETE",
        scopes=("settings",),
        permissions=BILLING,
        sharing=ALWAYS,
        owner=None,
        rows=Q(archived=False),
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
)
