"""The inventory as people of the practice write it; declared like what the APIs show."""

from django.db.models import Q

from charthouse.domains.inventory import stock
from charthouse.domains.inventory.cerbo_stock import discontinued, package
from charthouse.domains.inventory.models import StockItem
from charthouse.resource.change import Change
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import OPTIONAL, REQUIRED, Id, Integer, Ref, Text
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date


def _one_product(change: Change) -> None:
    if change.operation != "delete" and change.get("drug") and change.get("supplement"):
        change.wrong("supplement", "It is a drug or a supplement, not both.")


RESOURCES = (
    Resource(
        path="stock_items",
        model=StockItem,
        doc="What is in stock; lots of vaccines come in under Vaccine stock.",
        methods="GET POST PATCH DELETE",
        scopes=("settings",),
        permissions=("Access Clinical Notes",),
        sharing=ALWAYS,
        owner=None,
        rows=Q(archived=False),
        fields=(
            Id("id"),
            Text("name", REQUIRED),
            Text("nickname", OPTIONAL),
            Ref("drug", OPTIONAL, to="formulary"),
            Ref("supplement", OPTIONAL, to="supplement_list"),
            Ref("definition", OPTIONAL, to="charge_definitions"),
            Integer("current_quantity", REQUIRED, stored=False, computed=stock.left, nullable=False),
            Integer("preferred_stock_level", OPTIONAL, minimum=0, default=0),
            Integer("preferred_restock_level", OPTIONAL, minimum=0),
            Text("manufacturer", OPTIONAL),
            Text("lot_number", OPTIONAL),
            Date("expiration_date", OPTIONAL, source="expiry"),
            discontinued(),
            Date("date_discontinued", OPTIONAL, source="discontinued_on"),
            Text("external_identifier", OPTIONAL),
            Text("location", OPTIONAL),
            Embedded("package_properties", OPTIONAL, fields=tuple(map(package, stock.PACKAGE))),
        ),
        checks=(_one_product, stock.item),
        example={"name": "Vitamin D3, bottle", "current_quantity": 20},
    ),
)
