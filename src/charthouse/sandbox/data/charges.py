"""The catalog of charges of the synthetic practices."""

from typing import Any, NamedTuple


class ChargeSpec(NamedTuple):
    """An entry of the catalog. ``retail`` and ``wholesale`` in dollars, ``options``: other columns of its row."""

    name: str
    portal_name: str
    category: str
    cpt_code: str
    retail: str
    wholesale: str
    minutes: int | None
    options: dict[str, Any]


CHARGES = (
    ChargeSpec("Self-pay visit, 30 minutes", "Office visit", "Visits", "99213", "145.00", "0.00", 30, {}),
    ChargeSpec(
        "Self-pay visit, 60 minutes", "Long office visit", "Visits", "99215", "260.00", "0.00", 60, {}
    ),
    ChargeSpec(
        "Nutrition counseling", "Nutrition", "Visits", "97802", "90.00", "0.00", 45, {"is_special": True}
    ),
    ChargeSpec(
        "Influenza vaccine",
        "Flu shot",
        "Vaccines",
        "90686",
        "38.00",
        "17.50",
        10,
        {"add_to_insurance_claims": True},
    ),
    ChargeSpec(
        "Vitamin D3, bottle",
        "Vitamin D3",
        "Supplements",
        "",
        "24.00",
        "11.20",
        None,
        {"is_supply": True, "is_taxable": True, "tax_rate": "6.250"},
    ),
    ChargeSpec("Membership", "Membership", "Memberships", "", "85.00", "0.00", None, {}),
    ChargeSpec("Form, completed", "Form", "Office", "", "25.00", "0.00", 10, {}),
    ChargeSpec("House call", "House call", "Visits", "99348", "310.00", "0.00", 90, {"inactive": True}),
)
SUPPLY, MEMBERSHIP = 4, 5  # indexes in CHARGES
