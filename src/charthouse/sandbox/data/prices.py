"""Prices of the synthetic practices. Descriptions are this project's own, not those of the code sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """The price of a procedure in dollars. ``procedure_type``: C for a CPT code, H for HCPCS, U for a code of the
    practice. ``allowed``: the most that insurers pay."""

    code: str
    procedure_type: str
    description: str
    price: int
    allowed: int


PRICES = {
    price.code: price
    for price in (
        Price("99203", "C", "First visit", 190, 118),
        Price("99211", "C", "Nurse visit", 45, 24),
        Price("99213", "C", "Return visit", 145, 92),
        Price("99214", "C", "Longer return visit", 205, 131),
        Price("99392", "C", "Well child visit", 165, 109),
        Price("99396", "C", "Yearly check-up", 235, 142),
        Price("36415", "C", "Blood draw", 18, 8),
        Price("81002", "C", "Urine dipstick", 15, 4),
        Price("85025", "C", "Blood count", 32, 11),
        Price("93000", "C", "Heart tracing", 75, 19),
        Price("90686", "C", "Flu vaccine", 40, 22),
        Price("G0008", "H", "Giving the flu vaccine", 35, 25),
        Price("FORM", "U", "Filling in a form", 25, 0),
    )
}
# Code by the name of an appointment profile.
VISIT_CODES = {
    "Annual physical": "99396",
    "New patient": "99203",
    "Established patient": "99214",
    "Sick visit": "99213",
    "Follow-up": "99213",
    "Nurse visit": "99211",
}
CODE_TYPES = {"C": "CPT", "H": "HCPCS", "U": "Custom"}
