"""Hooks of the declarations."""

from charthouse.domains.inventory.models import StockItem
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

# SNOMED CT; reference enums.yaml observed_immunity
IMMUNITIES = {
    398102009: "acute poliomyelitis",
    409498004: "anthrax",
    397428000: "diphtheria",
    18624000: "disease due to Rotavirus",
    91428005: "Haemophilus influenzae infection",
    271511000: "hepatitis B immune",
    240532009: "human papillomavirus infection",
    6142004: "influenza",
    52947006: "Japanese encephalitis",
    14189004: "measles",
    23511006: "meningococcal disease",
    36989005: "mumps",
    27836007: "pertussis",
    16814004: "pneumococcal disease",
    14168008: "rabies",
    36653000: "rubella",
    76902006: "tetanus",
    66071002: "viral hepatitis type B",
    4834000: "typhoid fever",
    111852003: "vaccinia",
    38907003: "varicella",
    40468003: "viral hepatitis type A",
    16541001: "yellow fever",
}


@hook(keys=("observed_immunity", "vaccine_inventory"))
def enter(change: Change) -> None:
    """Who enters a record; what it doesn't say of the vaccine, the lot does."""
    immunity = change.values.get("observed_immunity")
    if immunity is not None and immunity not in IMMUNITIES:
        change.add_error("observed_immunity", f'"{immunity}" is not a valid choice.')
    if change.row is not None or change.errors:
        return
    change.columns["entered_by_id"] = change.actor.user
    lot = StockItem.objects.get(practice=change.actor.practice, pk=change.values["vaccine_inventory"])
    for name in ("name", "lot_number", "manufacturer"):
        if name not in change.given:
            change.values[name] = getattr(lot, name)
