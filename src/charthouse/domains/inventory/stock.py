"""Quantity, status and product of stock items, for both APIs and the console: SQL expressions and hooks."""

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
# Cerbo's word for a type of product → column, and model of the catalogue.
PRODUCTS: dict[str, tuple[str, Any]] = {"rxs": ("drug_id", Drug), "plan_other": ("supplement_id", Supplement)}
PACKAGE_PROPERTIES = (
    *("ndc_code", "generic_for", "charge_per_dose", "charge_per_dispense", "cost_per_dose"),
    *("patient_information_url", "package_form", "product_code", "description"),
)


def select_quantity() -> Combinable:
    """Return the quantity received less the vaccinations from it."""
    given = PatientVaccineRecord._default_manager.filter(
        practice=OuterRef("practice_id"), vaccine_inventory=OuterRef("pk"), archived=False
    )
    count = Subquery(sql.ungroup(given.order_by().values_list(Count("pk"))))
    return F("original_quantity") - Coalesce(count, 0)


def select_product_type() -> Combinable:
    """Return Cerbo's word for the type of product."""
    whens = [
        When(**{f"{column}__isnull": False}, then=sql.Literal(word)) for word, (column, _) in PRODUCTS.items()
    ]
    return Case(*whens, default=sql.Literal(GENERAL))


@hook(keys=("current_quantity", "date_discontinued", "discontinued", "expiration_date", "package_properties"))
def check_item(change: Change) -> None:
    """Check and complete a stock item before it is written. What the Cerbo API creates is no vaccine."""
    if change.operation == "delete":
        return
    if change.row is None:
        change.set_columns(kind=StockItem.Kind.ITEM)
    _set_product(change)
    _set_quantity(change)
    _check_expiry(change)
    _set_discontinuation(change)
    _merge_package(change)


def _set_product(change: Change) -> None:
    """Set the product from its type and id, which must be in the catalogue of the type."""
    if "linked_product_type" not in change.values and "linked_product_id" not in change.values:
        return
    old_type, old_id = get_product(change.row)
    new_type = change.values.get("linked_product_type", old_type)
    chosen = change.values.get("linked_product_id")
    if "linked_product_id" not in change.given and new_type == old_type:
        chosen = old_id
    if new_type == GENERAL:
        if chosen is not None:
            change.add_error("linked_product_id", "What is general has no product.")
    elif chosen is None:
        change.add_error("linked_product_id", f"This field is required where the type is {new_type}.")
    elif (new_type, chosen) != (old_type, old_id):
        found = PRODUCTS[new_type][1].objects.filter(
            practice=change.actor.practice, pk=chosen, archived=False
        )
        if not found.exists():
            change.add_error("linked_product_id", describe_missing_row(chosen))
    for word, (column, _) in PRODUCTS.items():
        change.set_columns(**{column: chosen if word == new_type else None})


def get_product(row: StockItem | None) -> tuple[str, int | None]:
    """Return type and id of the product."""
    for word, (column, _) in PRODUCTS.items():
        if row is not None and (found := getattr(row, column)) is not None:
            return word, found
    return GENERAL, None


def _set_quantity(change: Change) -> None:
    """Set the quantity received from the current quantity and what was given."""
    quantity = change.values.get("current_quantity")
    if quantity is None:
        return
    given = 0
    if change.row is not None:
        records = PatientVaccineRecord.objects.filter(practice=change.actor.practice, archived=False)
        given = records.filter(vaccine_inventory=change.row).count()
    received = quantity + given
    if quantity < 0 and (change.row is None or received != change.row.original_quantity):
        change.add_error("current_quantity", "Ensure this value is greater than or equal to 0.")
    elif received >= 2**31:
        change.add_error("current_quantity", "That is too many.")
    else:
        change.set_columns(original_quantity=received)


def _check_expiry(change: Change) -> None:
    """Reject a new expiration date that is not in the future."""
    expires = change.values.get("expiration_date")
    if expires is not None and change.changes("expiration_date") and expires <= clock.now().date():
        change.add_error("expiration_date", "This has to be in the future.")


def _set_discontinuation(change: Change) -> None:
    """Keep status and day of discontinuation consistent: either implies the other."""
    was_discontinued = change.row is not None and change.row.status != ACTIVE
    day = change.values.get("date_discontinued") if "date_discontinued" in change.given else None
    is_discontinued = (
        change.values["discontinued"]
        if "discontinued" in change.given
        else was_discontinued or day is not None
    )
    today = clock.now().date()
    if day is not None and not is_discontinued:
        change.add_error("date_discontinued", "It is not discontinued.")
    elif day is not None and day > today:
        change.add_error("date_discontinued", "This can't be in the future.")
    if is_discontinued and not was_discontinued:
        change.set_columns(status=INACTIVE)
        change.set("date_discontinued", day or today)
    elif was_discontinued and not is_discontinued:
        change.set_columns(status=ACTIVE)
        change.set("date_discontinued", None)
    elif not is_discontinued:
        change.keep("date_discontinued")


def _merge_package(change: Change) -> None:
    """Merge the package properties by key; null removes them all."""
    given = change.values.get("package_properties", ABSENT)
    if given is ABSENT:
        return
    before = (change.row.package_properties if change.row is not None else None) or {}
    merged = {**before, **(given or {})} if given is not None else {}
    properties = {name: merged.get(name) or None for name in PACKAGE_PROPERTIES}
    change.set("package_properties", properties if any(properties.values()) else None)
