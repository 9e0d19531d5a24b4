"""The inventory as Cerbo shows it, with DrChrono's lots of vaccines in it. Facts: reference cerbo/objects.yaml,
operations.yaml; docs/decisions/0252-*.md"""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable, ExpressionWrapper, Func
from django.db.models.functions import Coalesce

from charthouse.domains.inventory import stock
from charthouse.domains.inventory.models import StockItem
from charthouse.domains.practice.cerbo_keys import common, created
from charthouse.resource.declare import Hidden, PageSize, Resource
from charthouse.resource.fields import (
    ABSENT,
    OPTIONAL,
    REQUIRED,
    Boolean,
    Field,
    Id,
    Integer,
    Ref,
    Text,
    plain_text,
)
from charthouse.resource.filters import Contains, Flag, Where
from charthouse.resource.nested import Embedded
from charthouse.resource.sql import Slot
from charthouse.resource.times import Date

_AMOUNT = (r"(\d{1,9}(\.\d{1,2})?)?", "12.50")
# Members of package_properties that aren't any text: pattern and example.
_KINDS: dict[str, tuple[str, Any]] = {
    "charge_per_dose": _AMOUNT,
    "charge_per_dispense": _AMOUNT,
    "cost_per_dose": _AMOUNT,
    "patient_information_url": (r"(https?://\S{1,1990})?", "https://leaflets.example.com/flu"),
}


def package(name: str) -> Text:
    """A member of ``package_properties``."""
    pattern, example = _KINDS.get(name, ("", ABSENT))
    return Text(name, OPTIONAL, max_length=2000, pattern=pattern, example=example)


def discontinued() -> Boolean:
    return Boolean(
        "discontinued",
        OPTIONAL,
        stored=False,
        computed=_discontinued,
        nullable=False,
        default=False,
        doc="It goes with date_discontinued: today where no day is given.",
    )


class _Holds(Func):
    template = "(position(upper(%(expressions)s)) > 0)"
    arg_joiner = ") in upper("
    conditional = True
    output_field = models.BooleanField()


def _of_type() -> Q:
    return Q(_Holds(Slot("type", models.TextField()), stock.product_type()))


def _product() -> Combinable:
    return Coalesce(F("drug_id"), F("supplement_id"))


def _discontinued() -> Combinable:
    return ExpressionWrapper(~Q(status=stock.ACTIVE), output_field=models.BooleanField())


def _type(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"type": plain_text(text)}


ITEM: tuple[Field, ...] = (
    Id("id"),
    Text("name", REQUIRED),
    Text("nickname", OPTIONAL),
    Text(
        "linked_product_type",
        REQUIRED,
        stored=False,
        computed=stock.product_type,
        nullable=False,
        choices=(*stock.PRODUCTS, stock.GENERAL),
        doc="rxs: a drug of the formulary; plan_other: a supplement; general: neither.",
    ),
    Integer(
        "linked_product_id",
        OPTIONAL,
        stored=False,
        computed=_product,
        nullable=True,
        minimum=1,
        maximum=2**63 - 1,
        doc="Needed unless the type is general.",
    ),
    Ref("charge_id", REQUIRED, source="definition", to="charge_master", nullable=False),
    Integer("preferred_stock_level", REQUIRED, minimum=0),
    Integer("preferred_restock_level", OPTIONAL, minimum=0),
    Integer(
        "current_quantity",
        REQUIRED,
        stored=False,
        computed=stock.left,
        nullable=False,
        doc="Of a vaccine, less what patients were given.",
    ),
    Text("manufacturer", OPTIONAL),
    Text("lot_number", OPTIONAL),
    Date("expiration_date", OPTIONAL, source="expiry", doc="In the future.", example="2035-05-31"),
    discontinued(),
    Date(
        "date_discontinued",
        OPTIONAL,
        source="discontinued_on",
        doc="Not in the future; says that it is discontinued.",
        example="2026-01-05",
    ),
    Text("external_identifier", OPTIONAL),
    Text("location", OPTIONAL),
    Embedded(
        "package_properties",
        OPTIONAL,
        fields=tuple(package(name) for name in stock.PACKAGE),
        doc="Merged key by key; may also be given as package_properties.ndc_code and so on.",
    ),
    created(),
)

inventory = Resource(
    path="inventory",
    model=StockItem,
    doc="What is in stock; vaccines are DrChrono's lots.",
    methods="GET POST PATCH",
    **common("inventory"),
    page_size=PageSize(100, 100, 100),
    fields=ITEM,
    filters=(
        Where("type", read=_type, condition=_of_type, doc="A part of linked_product_type, in any case."),
        Contains("manufacturer", doc="A part of it, in any case."),
        Flag("include_deleted", on_for="true", doc="true, and nothing else: deleted ones as well."),
        Flag("include_discontinued", on_for="true", doc="true, and nothing else: discontinued ones as well."),
    ),
    hidden=(
        Hidden(Q(archived=True), unless="include_deleted", by_id=True),
        Hidden(~Q(status=stock.ACTIVE), unless="include_discontinued", usable=True),
    ),
    checks=(stock.item,),
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
