"""Hooks of vaccine records."""

from charthouse.domains.inventory.codes import IMMUNITIES
from charthouse.domains.inventory.models import StockItem
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("observed_immunity", "vaccine_inventory"))
def complete_record(change: Change) -> None:
    """Set who enters a record; copy name, lot number and manufacturer from the lot unless they are given."""
    immunity = change.values.get("observed_immunity")
    if immunity is not None and immunity not in IMMUNITIES:
        change.add_error("observed_immunity", f'"{immunity}" is not a valid choice.')
    if change.row is not None or change.errors:
        return
    change.set_columns(entered_by_id=change.actor.user)
    lot = StockItem.objects.get(practice=change.actor.practice, pk=change.values["vaccine_inventory"])
    for name in ("name", "lot_number", "manufacturer"):
        if name not in change.given:
            change.set(name, getattr(lot, name))


@hook(keys=("administered_start", "next_dose_date"))
def check_next_dose(change: Change) -> None:
    """Refuse a next dose before this one."""
    if change.operation == "delete" or not change.changes("administered_start", "next_dose_date"):
        return
    given, following = change.get("administered_start"), change.get("next_dose_date")
    if given is not None and following is not None and following < given.date():
        change.add_error("next_dose_date", "This can't be before administered_start.")
