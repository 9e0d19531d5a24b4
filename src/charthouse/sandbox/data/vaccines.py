"""Vaccines that the synthetic practices give. CVX and MVX codes are those of the CDC."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vaccine:
    """A vaccine: its CVX code, the MVX code of its manufacturer, the CPT code that a dose is billed with.

    ``ages``: lowest and highest age in years at which it is given. Cost and price in dollars.
    """

    cvx: str
    name: str
    manufacturer: str
    mvx: str
    cpt: str
    ages: tuple[int, int]
    cost: str
    price: str


VACCINES = (
    Vaccine(
        "158",
        "Influenza, injectable, quadrivalent",
        "Sanofi Pasteur",
        "PMC",
        "90688",
        (0, 120),
        "14.20",
        "28.00",
    ),
    Vaccine("115", "Tdap", "GlaxoSmithKline", "SKB", "90715", (10, 120), "33.10", "62.00"),
    Vaccine("03", "MMR", "Merck and Co., Inc.", "MSD", "90707", (1, 12), "71.40", "110.00"),
    Vaccine("21", "Varicella", "Merck and Co., Inc.", "MSD", "90716", (1, 12), "118.60", "165.00"),
    Vaccine("165", "HPV9", "Merck and Co., Inc.", "MSD", "90651", (9, 26), "205.30", "270.00"),
    Vaccine("187", "Zoster recombinant", "GlaxoSmithKline", "SKB", "90750", (50, 120), "134.70", "190.00"),
    Vaccine(
        "133", "Pneumococcal conjugate PCV 13", "Pfizer, Inc", "PFR", "90670", (0, 5), "142.90", "210.00"
    ),
)
