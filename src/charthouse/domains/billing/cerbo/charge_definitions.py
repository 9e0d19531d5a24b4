"""The catalogue of charges in the Cerbo API. Source: reference cerbo/objects.yaml; docs/decisions/0250-*.md"""

from charthouse.domains.billing.accounts import (
    ChargeDefinition,
)
from charthouse.domains.billing.cerbo.keys import NOT_DELETED, cast_text
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_object_key,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Decimal, Text
from charthouse.engine.declaration.values import READ_ONLY

charge_definitions = Resource(
    path="charge_master",
    model=ChargeDefinition,
    doc="Charges that the practice offers, with prices.",
    methods="GET",
    policy=make_policy("charges"),
    page_size=PAGES,
    rows=NOT_DELETED,
    keys=(
        make_object_key("charge_definition"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("name_for_pt_portal", Text(), READ_ONLY),
        Key("nicknames", List(Text()), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("category", Text(), READ_ONLY),
        Key("cpt_code", Text(), READ_ONLY),
        Key("barcode_upc", Text(), READ_ONLY),
        Key("retail", Decimal(), READ_ONLY, doc="Price per unit for a patient."),
        Key("wholesale", Decimal(), READ_ONLY, doc="Cost per unit for the practice."),
        Key(
            "tax_rate",
            Text(),
            READ_ONLY,
            source=Expression(cast_text("tax_rate")),
            nullable=True,
            doc="Percent.",
        ),
        Key(
            "time_required",
            Text(),
            READ_ONLY,
            source=Expression(cast_text("minutes")),
            nullable=True,
            doc="Minutes.",
        ),
        Key("is_special", Boolean(), READ_ONLY),
        Key("is_supply", Boolean(), READ_ONLY),
        Key("is_taxable", Boolean(), READ_ONLY),
        Key("inactive", Boolean(), READ_ONLY),
        Key("add_to_insurance_claims", Boolean(), READ_ONLY),
        make_user_key("addedby", as_text=True),
        make_created_key(),
    ),
    example={"name": "Office visit, 30 minutes", "cpt_code": "99213", "retail": "145.00"},
)

RESOURCES = [charge_definitions]
