"""The inventory: quantities, low stock, expiry."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from charthouse import clock
from charthouse.console.kit.navigation import DIRECTORY
from charthouse.console.kit.page import Request
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.kit.tables import Badge, Column, TableFilter
from charthouse.domains.inventory import stock


@dataclass(frozen=True, kw_only=True)
class _StockPages(ResourcePages):
    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        found: QuerySet[Any] = super().select_rows(request, **parents).annotate(left=stock.select_quantity())
        return found


def _build_state_badge(row: Any) -> Badge | None:
    if row.status != stock.ACTIVE:
        return Badge("Discontinued")
    if row.expiry is not None and row.expiry <= clock.now().date():
        return Badge("Expired", "red")
    return Badge("Low", "orange") if row.left < row.preferred_stock_level else None


def _filter_by_status(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows if value == "all" else rows.filter(status=stock.ACTIVE)


STOCK = _StockPages(
    "stock_items",
    title="Inventory",
    singular="item",
    about="Items in stock, including vaccines. Each vaccination reduces the remaining doses.",
    url_path="catalogues/inventory",
    group=DIRECTORY,
    icon="package",
    columns=(
        Column("Name", "name", sort="name"),
        Column("Lot", "lot_number", kind="wide"),
        Column("On hand", "left", kind="number"),
        Column("Target", "preferred_stock_level", kind="number"),
        Column("Expires", "expiry", sort="expiry", kind="wide"),
        Column("State", _build_state_badge),
    ),
    labels={
        "definition": "Charge",
        "preferred_stock_level": "Target stock level",
        "preferred_restock_level": "Restock to",
    },
    hints={
        "definition": "Its charge item; required by the Cerbo API.",
        "date_discontinued": "Leave empty for today.",
        "current_quantity": "Quantity on hand.",
    },
    filters=(
        TableFilter(
            name="which",
            label="Which",
            options=(("", "In use"), ("all", "All")),
            apply=_filter_by_status,
        ),
    ),
    search=("name", "nickname", "lot_number"),
    order="name",
)
