"""What a practice has in stock beside vaccines: bottles out of its catalogues, and what is used up."""

from datetime import date, timedelta
from random import Random

from charthouse.domains.inventory.models import StockItem
from charthouse.domains.inventory.stock import PACKAGE_PROPERTIES
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

# Name, maker, form; of no catalogue.
GENERAL = (
    ("Exam gloves, medium", "Summit Supply", "box"),
    ("Urine test strips", "Clearwater", "bottle"),
    ("Elastic bandage 4 in", "Summit Supply", "roll"),
)


def fill(
    setup: Setup, drugs: list[int], supplements: list[int], charge: int, today: date, random: Random
) -> None:
    """Some of the drugs and supplements by their ids, and general things; each is charged as ``charge``."""
    rows: list[Row] = [
        *(_product(f"Samples, drug {n}", "drug_id", drug) for n, drug in enumerate(drugs[:3], 1)),
        *(
            _product(f"Bottles, supplement {n}", "supplement_id", row)
            for n, row in enumerate(supplements[:4], 1)
        ),
        *({"name": name, "manufacturer": maker, "form": form} for name, maker, form in GENERAL),
    ]
    for n, row in enumerate(rows):
        wanted = random.randrange(5, 30)
        package = dict.fromkeys(PACKAGE_PROPERTIES) | {
            "package_form": row.pop("form"),
            "ndc_code": f"00000-{n:04d}-01",
        }
        row |= {
            "kind": StockItem.Kind.ITEM,
            "definition_id": charge,
            "preferred_stock_level": wanted,
            "preferred_restock_level": wanted * 2,
            "original_quantity": random.randrange(2, 60),
            "lot_number": f"L{random.randrange(10_000, 99_999)}",
            "expiry": (today + timedelta(days=random.randrange(60, 900))).isoformat(),
            "package_properties": package,
        }
    rows[-1] |= {"status": "inactive", "discontinued_on": (today - timedelta(days=40)).isoformat()}
    setup.copy(StockItem, rows)


def _product(name: str, column: str, row_id: int) -> Row:
    return {"name": name, "manufacturer": "Northern Naturals", column: row_id, "form": "bottle"}
