"""The inventory in the Cerbo API, which includes DrChrono's lots of vaccines. Source: reference cerbo/objects.yaml,
operations.yaml; docs/decisions/0252-*.md"""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains import limits
from charthouse.domains.inventory import stock
from charthouse.domains.inventory.keys import make_discontinued_key, make_package_property
from charthouse.domains.inventory.models import StockItem
from charthouse.domains.practice.cerbo.keys import PAGES, make_created_key, make_policy
from charthouse.engine.declaration.filters import CONTAINS, Condition, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded


def _match_type() -> Q:
    part, text = BoundParameter("type", models.TextField()), "(position(%s in %s) > 0)"
    kind = Folded(stock.select_product_type())
    return Q(sql.template(text, Folded(part), kind, output_field=sql.BOOLEAN))


def _select_product_id() -> Combinable:
    return Coalesce(F("drug_id"), F("supplement_id"))


def _parse_type(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"type": parse_text(text)}


ITEM: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), REQUIRED),
    Key("nickname", Text(), OPTIONAL),
    Key(
        "linked_product_type",
        Text(choices=(*stock.PRODUCTS, stock.GENERAL)),
        REQUIRED,
        source=Expression(stock.select_product_type),
        nullable=False,
        doc="rxs: a drug in the formulary; plan_other: a supplement; general: neither.",
    ),
    Key(
        "linked_product_id",
        Integer(minimum=1, maximum=2**63 - 1),
        OPTIONAL,
        source=Expression(_select_product_id),
        nullable=True,
        doc="Required unless the type is general.",
    ),
    Key("charge_id", Reference("charge_master"), REQUIRED, source="definition", nullable=False),
    Key("preferred_stock_level", Integer(minimum=0, maximum=limits.MAX_STOCK), REQUIRED),
    Key("preferred_restock_level", Integer(minimum=0, maximum=limits.MAX_STOCK), OPTIONAL),
    Key(
        "current_quantity",
        Integer(maximum=limits.MAX_STOCK),
        REQUIRED,
        source=Expression(stock.select_quantity),
        nullable=False,
        doc="For a vaccine, minus the doses given to patients.",
    ),
    Key("manufacturer", Text(), OPTIONAL),
    Key("lot_number", Text(), OPTIONAL),
    Key(
        "expiration_date",
        Date(),
        OPTIONAL,
        source="expiry",
        doc="Must be in the future.",
        example="2035-05-31",
    ),
    make_discontinued_key(),
    Key(
        "date_discontinued",
        Date(),
        OPTIONAL,
        source="discontinued_on",
        doc="Must not be in the future; marks the item as discontinued.",
        example="2026-01-05",
    ),
    Key("external_identifier", Text(), OPTIONAL),
    Key("location", Text(), OPTIONAL),
    Key(
        "package_properties",
        Object(tuple(make_package_property(name) for name in stock.PACKAGE_PROPERTIES)),
        OPTIONAL,
        doc="Merged field by field; can also be given as package_properties.ndc_code and so on.",
    ),
    make_created_key(),
)

inventory = Resource(
    path="inventory",
    model=StockItem,
    doc="Items in stock; vaccines are DrChrono's lots.",
    methods="GET POST PATCH",
    policy=make_policy("inventory"),
    page_size=PAGES,
    keys=ITEM,
    filters=(
        Condition(
            "type",
            read=_parse_type,
            condition=_match_type,
            doc="Part of linked_product_type, case-insensitive.",
        ),
        Filter("manufacturer", Text(), CONTAINS, doc="Part of the name, case-insensitive."),
        Flag("include_deleted", on_for="true", doc="true (no other value) includes deleted rows."),
        Flag("include_discontinued", on_for="true", doc="true (no other value) includes discontinued rows."),
    ),
    visibility=(
        Visibility(Q(archived=True), shown_by="include_deleted", by_id=True),
        Visibility(~Q(status=stock.ACTIVE), shown_by="include_discontinued", referable=True),
    ),
    checks=(stock.check_item,),
    example={
        "name": "Vitamin D3, bottle",
        "linked_product_type": "general",
        "charge_id": 4,
        "preferred_stock_level": 12,
        "current_quantity": 20,
        "manufacturer": "Northern Naturals",
        "package_properties": {"ndc_code": "00000-0000-00", "package_form": "bottle"},
    },
)

RESOURCES = [inventory]
