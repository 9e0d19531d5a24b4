"""Lots of vaccines in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains import limits
from charthouse.domains.inventory import stock
from charthouse.domains.inventory.codes import STOCK_STATUSES
from charthouse.domains.inventory.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.inventory.models import (
    StockItem,
)
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.identity.models import TRIAL_PLAN

inventory_vaccines = Resource(
    path="inventory_vaccines",
    model=StockItem,
    doc="Vaccine lots.",
    rows=Q(kind=StockItem.Kind.VACCINE, archived=False),
    methods="GET POST",
    policy=Policy(
        scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, excluded_plans=(TRIAL_PLAN,), owner="doctor"
    ),
    keys=(
        Key("category", Reference("inventory_categories"), OPTIONAL),
        Key("cost", Decimal(minimum=0)),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("cvx_code", Text(), doc="CVX code of the vaccine."),
        Key(
            "current_quantity",
            Integer(),
            READ_ONLY,
            source=Expression(stock.select_quantity),
            nullable=False,
            doc=(
                "Original quantity minus patients' vaccine records for this lot; negative if more doses "
                "were given than the lot had."
            ),
        ),
        Key("doctor", Reference("doctors"), REQUIRED, nullable=False),
        Key("expiry", Date()),
        Key("id", Id(), READ_ONLY),
        Key("lot_number", Text()),
        Key("manufacturer", Text()),
        Key("manufacturer_code", Text(), REQUIRED, doc="MVX code."),
        Key("name", Text(), REQUIRED),
        Key("original_quantity", Integer(minimum=0, maximum=limits.MAX_STOCK), default=0, doc="Doses."),
        Key("price", Decimal(minimum=0)),
        Key("price_with_tax", Decimal(minimum=0)),
        Key("sales_tax_applicable", Boolean(), default=False),
        Key("status", Text(choices=STOCK_STATUSES), default="active"),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("vaccination_type", Text(), default="standard vaccine"),
        Key("note", Text(multiline=True), addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("cvx_code"),
        Filter("status", Text(choices=STOCK_STATUSES)),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={
        "doctor": 1,
        "name": "Influenza, injectable, quadrivalent",
        "cvx_code": "158",
        "manufacturer": "Sanofi Pasteur",
        "manufacturer_code": "PMC",
        "lot_number": "UT8121",
        "original_quantity": 50,
    },
)

RESOURCES = [inventory_vaccines]
