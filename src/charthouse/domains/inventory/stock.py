"""What is in stock, whichever door it is written through: how much is left, what is discontinued, what it is. Hooks of
the declarations, by the wire's names."""

from typing import Any

from django.db.models import Case, Count, F, OuterRef, Subquery, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse import clock
from charthouse.domains.inventory.models import PatientVaccineRecord, StockItem
from charthouse.domains.medications.models import Drug, Supplement
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.values import ABSENT, describe_missing_row
from charthouse.engine.sql import expressions as sql

ACTIVE, INACTIVE = "active", "inactive"
GENERAL = "general"
# Cerbo's word for a kind of product → column, and the catalogue that it is out of.
PRODUCTS: dict[str, tuple[str, Any]] = {"rxs": ("drug_id", Drug), "plan_other": ("supplement_id", Supplement)}
PACKAGE = (
    *("ndc_code", "generic_for", "charge_per_dose", "charge_per_dispense", "cost_per_dose"),
    *("patient_information_url", "package_form", "product_code", "description"),
)


def left() -> Combinable:
    """What came in less the vaccinations that name it."""
    given = PatientVaccineRecord._default_manager.filter(
        practice=OuterRef("practice_id"), vaccine_inventory=OuterRef("pk"), archived=False
    )
    count = Subquery(sql.ungroup(given.order_by().values_list(Count("pk"))))
    return F("original_quantity") - Coalesce(count, 0)


def product_type() -> Combinable:
    whens = [
        When(**{f"{column}__isnull": False}, then=sql.Literal(word)) for word, (column, _) in PRODUCTS.items()
    ]
    return Case(*whens, default=sql.Literal(GENERAL))


@hook(keys=("current_quantity", "date_discontinued", "discontinued", "expiration_date", "package_properties"))
def item(change: Change) -> None:
    """Before something in stock is written. What the API doesn't call a vaccine is none."""
    if change.operation == "delete":
        return
    if change.row is None:
        change.columns["kind"] = StockItem.Kind.ITEM
    _product(change)
    _quantity(change)
    _expiry(change)
    _discontinued(change)
    _package(change)


def _product(change: Change) -> None:
    """Which product it is. The id has to be one of the type's catalogue."""
    if "linked_product_type" not in change.values and "linked_product_id" not in change.values:
        return
    was_type, was_id = linked(change.row)
    kind = change.values.get("linked_product_type", was_type)
    chosen = change.values.get("linked_product_id")
    if "linked_product_id" not in change.given and kind == was_type:
        chosen = was_id
    if kind == GENERAL:
        if chosen is not None:
            change.add_error("linked_product_id", "What is general has no product.")
    elif chosen is None:
        change.add_error("linked_product_id", f"This field is required where the type is {kind}.")
    elif (kind, chosen) != (was_type, was_id):
        found = PRODUCTS[kind][1].objects.filter(practice=change.actor.practice, pk=chosen, archived=False)
        if not found.exists():
            change.add_error("linked_product_id", describe_missing_row(chosen))
    for word, (column, _) in PRODUCTS.items():
        change.columns[column] = chosen if word == kind else None


def linked(row: StockItem | None) -> tuple[str, int | None]:
    """The type and the id of its product."""
    for word, (column, _) in PRODUCTS.items():
        if row is not None and (found := getattr(row, column)) is not None:
            return word, found
    return GENERAL, None


def _quantity(change: Change) -> None:
    """What is there is what came in less what was given, so what came in follows."""
    wanted = change.values.get("current_quantity")
    if wanted is None:
        return
    given = 0
    if change.row is not None:
        records = PatientVaccineRecord.objects.filter(practice=change.actor.practice, archived=False)
        given = records.filter(vaccine_inventory=change.row).count()
    came_in = wanted + given
    if wanted < 0 and (change.row is None or came_in != change.row.original_quantity):
        change.add_error("current_quantity", "Ensure this value is greater than or equal to 0.")
    elif came_in >= 2**31:
        change.add_error("current_quantity", "That is too many.")
    else:
        change.columns["original_quantity"] = came_in


def _expiry(change: Change) -> None:
    expires = change.values.get("expiration_date")
    if expires is not None and change.changes("expiration_date") and expires <= clock.now().date():
        change.add_error("expiration_date", "This has to lie in the future.")


def _discontinued(change: Change) -> None:
    """The day goes with the flag: either says the other."""
    was = change.row is not None and change.row.status != ACTIVE
    day = change.values.get("date_discontinued") if "date_discontinued" in change.given else None
    now = change.values["discontinued"] if "discontinued" in change.given else was or day is not None
    today = clock.now().date()
    if day is not None and not now:
        change.add_error("date_discontinued", "It is not discontinued.")
    elif day is not None and day > today:
        change.add_error("date_discontinued", "This may not lie in the future.")
    if now and not was:
        change.columns["status"] = INACTIVE
        change.values["date_discontinued"] = day or today
    elif was and not now:
        change.columns["status"] = ACTIVE
        change.values["date_discontinued"] = None
    elif not now:
        change.values.pop("date_discontinued", None)


def _package(change: Change) -> None:
    """Merged key by key with what is there; null for all of it takes it away."""
    given = change.values.get("package_properties", ABSENT)
    if given is ABSENT:
        return
    before = (change.row.package_properties if change.row is not None else None) or {}
    merged = {**before, **(given or {})} if given is not None else {}
    told = {name: merged.get(name) or None for name in PACKAGE}
    change.values["package_properties"] = told if any(told.values()) else None
