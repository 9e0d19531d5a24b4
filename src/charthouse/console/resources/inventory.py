"""The inventory and its categories, as the console writes them."""

from django.db.models import Q

from charthouse.console.resources.declaring import (
    declare_doctor_setup,
    make_doctor_key,
)
from charthouse.domains.inventory import stock
from charthouse.domains.inventory.keys import make_discontinued_key, make_package_property
from charthouse.domains.inventory.models import InventoryCategory, StockItem
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED


@hook(keys=("drug", "supplement"))
def check_one_product(change: Change) -> None:
    """Check that an item is a drug or a supplement, not both."""
    if change.operation != "delete" and change.get("drug") and change.get("supplement"):
        change.add_error("supplement", "It is a drug or a supplement, not both.")


RESOURCES = (
    declare_doctor_setup(
        "stock_categories",
        InventoryCategory,
        "share_inventory",
        make_doctor_key(),
        Key("name", Text(), REQUIRED),
        Key("category_type", Text()),
        permissions=("Access Clinical Notes",),
        example={"name": "Vaccines"},
    ),
    Resource(
        path="stock_items",
        model=StockItem,
        doc="What is in stock; lots of vaccines come in under Vaccine stock.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("settings",), permissions=("Access Clinical Notes",), sharing=ALWAYS, owner=None
        ),
        rows=Q(archived=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(), REQUIRED),
            Key("nickname", Text(), OPTIONAL),
            Key("drug", Reference("formulary"), OPTIONAL),
            Key("supplement", Reference("supplement_list"), OPTIONAL),
            Key("definition", Reference("charge_definitions"), OPTIONAL),
            Key(
                "current_quantity",
                Integer(),
                REQUIRED,
                source=Expression(stock.select_quantity),
                nullable=False,
            ),
            Key("preferred_stock_level", Integer(minimum=0), OPTIONAL, default=0),
            Key("preferred_restock_level", Integer(minimum=0), OPTIONAL),
            Key("manufacturer", Text(), OPTIONAL),
            Key("lot_number", Text(), OPTIONAL),
            Key("expiration_date", Date(), OPTIONAL, source="expiry"),
            make_discontinued_key(),
            Key("date_discontinued", Date(), OPTIONAL, source="discontinued_on"),
            Key("external_identifier", Text(), OPTIONAL),
            Key("location", Text(), OPTIONAL),
            Key(
                "package_properties",
                Object(tuple(map(make_package_property, stock.PACKAGE_PROPERTIES))),
                OPTIONAL,
            ),
        ),
        checks=(check_one_product, stock.check_item),
        example={"name": "Vitamin D3, bottle", "current_quantity": 20},
    ),
)
