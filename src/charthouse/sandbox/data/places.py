"""Towns, streets, employers and facilities of the synthetic practices. Only the towns and their ZIP codes are real."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Town:
    """A town, or the part of it with one ZIP code."""

    name: str
    state: str
    zip_code: str
    area_code: str


FRONT_RANGE = (
    Town("Denver", "CO", "80202", "303"),
    Town("Denver", "CO", "80210", "720"),
    Town("Boulder", "CO", "80301", "303"),
    Town("Boulder", "CO", "80304", "720"),
    Town("Lakewood", "CO", "80226", "303"),
    Town("Arvada", "CO", "80002", "303"),
    Town("Westminster", "CO", "80030", "720"),
    Town("Broomfield", "CO", "80020", "720"),
    Town("Louisville", "CO", "80027", "303"),
    Town("Lafayette", "CO", "80026", "720"),
    Town("Longmont", "CO", "80501", "303"),
    Town("Golden", "CO", "80401", "303"),
    Town("Aurora", "CO", "80012", "720"),
    Town("Englewood", "CO", "80110", "303"),
    Town("Littleton", "CO", "80120", "720"),
    Town("Fort Collins", "CO", "80524", "970"),
)
CASCO_BAY = (
    Town("Portland", "ME", "04101", "207"),
    Town("Portland", "ME", "04103", "207"),
    Town("South Portland", "ME", "04106", "207"),
    Town("Westbrook", "ME", "04092", "207"),
    Town("Falmouth", "ME", "04105", "207"),
    Town("Scarborough", "ME", "04074", "207"),
    Town("Yarmouth", "ME", "04096", "207"),
)

STREETS = tuple(
    f"{name} {kind}"
    for kind in ("St", "Ave", "Dr", "Ln", "Ct", "Rd")
    for name in (
        "Alder", "Aspen", "Birch", "Bluff", "Canyon", "Cedar", "Clover", "Columbine", "Cottonwood", "Elm",
        "Foothill", "Granite", "Harvest", "Hawthorn", "Juniper", "Larkspur", "Maple", "Meadow", "Mesa", "Orchard",
        "Pine", "Prairie", "Quarry", "Ridge", "River", "Spruce", "Summit", "Sunset", "Willow", "Yarrow",
    )
)  # fmt: skip

EMPLOYERS = (
    "Alpenglow Outfitters", "Arbor Credit Union", "Bluebird Bakery", "Canyon Freight", "Cedar Hill School District",
    "City of Westbridge", "Cobalt Software", "Foundry Coffee Roasters", "Granite Peak Construction",
    "Harbor Light Hotels", "Highline Machine Works", "Juniper Farms Co-op", "Larkspur Landscaping",
    "Meadowlark Senior Living", "Northfield Community College", "Prairie Wind Energy", "Redstone Brewing",
    "Ridgeway Hardware", "Silver Fir Insurance Agency", "Summit Auto Body", "Tamarack Foods", "Union Depot Market",
    "Westfork Veterinary Clinic", "Yarrow Books",
)  # fmt: skip

PHARMACIES = ("Foothill Pharmacy", "Corner Drug", "Prairie Apothecary")
LABORATORIES = ("Summit Diagnostics", "Clearwater Labs", "Summit Diagnostics East")
SPECIALISTS = (
    ("Dr. Lena Fuchs", "Cardiology"),
    ("Dr. Omar Haddad", "Endocrinology"),
    ("Dr. Mei Tanaka", "Dermatology"),
)
