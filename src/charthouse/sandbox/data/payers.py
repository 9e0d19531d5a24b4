"""The synthetic payer directory: the public programs of each state, and companies.

Companies and all payer ids are invented, so that no claim made from this data can reach a real insurer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan",
    "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
    "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas",
    "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip

COMPANIES = (
    "Alpine Mutual Health", "Beacon Harbor Health Plan", "Bridgepoint Assurance", "Cascade Employers Trust",
    "Clearwater Health Partners", "Continental Guild Benefits", "Cornerstone Family Health", "Evergreen Health Plan",
    "Fairmont National Life and Health", "First Frontier Insurance", "Golden Plains Health", "Granite State Mutual",
    "Great Basin Health Plan", "Heartland Benefit Administrators", "Keystone Valley Health", "Lakeshore Care Network",
    "Liberty Oak Insurance", "Meridian Crest Health", "Mountain Laurel Health", "Northern Pine Health Cooperative",
    "Pacific Arbor Health", "Palmetto Bay Assurance", "Pioneer Union Health Fund", "Prairie Rose Health Plan",
    "Redwood Coast Medical Plan", "Ridgeline Health", "Silver Birch Senior Advantage", "Summit Range Health Plan",
    "Sunstone Health", "Trailhead Employers Health", "Unity Rivers Health Plan", "Westward Health Alliance",
)  # fmt: skip

WORKERS_COMP = ("Anchor Workers Compensation", "Ironbridge Casualty", "Steadfast Employers Indemnity")


@dataclass(frozen=True)
class Payer:
    """An entry of a payer directory. ``directory``: the ``payer_type`` of the API (emdeon, gateway or ihcfa)."""

    directory: str
    name: str
    payer_id: str
    state: str
    plan_type: str

    def make_row(self) -> dict[str, object]:
        """Return the row of the payer table."""
        return {
            "payer_type": self.directory,
            "payer_name": self.name,
            "payer_id": self.payer_id,
            "state": self.state,
        }


def list_payers() -> Iterator[Payer]:
    """List every entry of the three directories, in a fixed order."""
    for number, name in enumerate(COMPANIES):
        plan_type = ("CI", "HM", "12", "13")[number % 4]
        yield Payer("emdeon", name, f"CH{10 + number:03d}", "", plan_type)
        if number % 2 == 0:
            yield Payer("gateway", name, f"GW{10 + number:03d}", "", plan_type)
    for number, (code, name) in enumerate(STATES.items()):
        yield Payer("emdeon", f"Medicare Part B of {name}", f"MR{100 + number}", code, "MB")
        yield Payer("emdeon", f"{name} Medicaid", f"MD{100 + number}", code, "MC")
    for number, name in enumerate(WORKERS_COMP):
        yield Payer("ihcfa", name, f"WC{10 + number:03d}", "", "WC")
