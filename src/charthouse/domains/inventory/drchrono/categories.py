"""Categories of stock in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.inventory.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.inventory.models import (
    InventoryCategory,
)
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.identity.models import TRIAL_PLAN

inventory_categories = Resource(
    path="inventory_categories",
    model=InventoryCategory,
    doc="Categories of stock items.",
    methods="GET",
    policy=Policy(
        scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, excluded_plans=(TRIAL_PLAN,), owner="doctor"
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("category_type", Text(choices=("vaccine", "product", "service")), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={"doctor": 1, "name": "Childhood vaccines", "category_type": "vaccine", "archived": False},
)

RESOURCES = [inventory_categories]
