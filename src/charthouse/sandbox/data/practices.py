"""The two practices as they are set up before anyone comes: people who work there, places, apps."""

from dataclasses import dataclass

from charthouse.identity.models import PERMISSIONS, RIGHTS, SHARING
from charthouse.sandbox.data.places import CASCO_BAY, FRONT_RANGE, Town
from charthouse.sandbox.oauth_apps import App


@dataclass(frozen=True)
class Post:
    """A staff member: what they do and may do."""

    title: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """An office and its exam rooms; ``town`` counts in the practice's towns."""

    name: str
    address: str
    town: int
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class House:
    """``ages`` of the patients in years; ``visits`` a patient makes in the calendar's time, on average."""

    name: str
    zone: str
    towns: tuple[Town, ...]
    specialties: tuple[str, ...]
    places: tuple[Place, ...]
    staff: tuple[Post, ...]
    apps: tuple[App, ...]
    sharing: tuple[str, ...]
    ages: tuple[int, int]
    visits: float
    patients: int


MANAGER = Post(
    "Office manager",
    (
        "Access Billing",
        "Access Message Center",
        "Access Scheduling",
        "Manage Patients",
        "Settings",
        "Show Billing Tab",
    ),
)
BILLER = Post("Biller", ("Access Billing", "Access Patients Payments", "Manage Patients", "Show Billing Tab"))
DESK = Post("Front desk", ("Access Scheduling",))
ROOMS = ("Exam room 1", "Exam room 2", "Exam room 3", "Procedure room")

HOUSES = (
    House(
        name="Alder Creek Family Medicine",
        zone="US/Mountain",
        towns=FRONT_RANGE,
        specialties=("Family Medicine", "Internal Medicine", "Family Medicine"),
        places=(
            Place("Alder Creek Denver", "1620 Columbine St", 0, ROOMS),
            Place("Alder Creek Boulder", "2775 Canyon Rd", 2, ROOMS),
        ),
        staff=(MANAGER, BILLER, DESK),
        apps=(
            App("Sandbox app, 500 calls an hour", 500, RIGHTS, 9),
            App("Sandbox app, no limit", None, RIGHTS),
        ),
        sharing=SHARING,
        ages=(1, 94),
        visits=8.0,
        patients=300,
    ),
    House(
        name="Casco Bay Pediatrics",
        zone="US/Eastern",
        towns=CASCO_BAY,
        specialties=("Pediatrics",),
        places=(Place("Casco Bay Portland", "84 Granite St", 0, ROOMS[:2]),),
        staff=(MANAGER,),
        apps=(App("Sandbox app of the second practice", 500),),
        sharing=(),
        ages=(0, 18),
        visits=6.0,
        patients=40,
    ),
)
ALL_PERMISSIONS = PERMISSIONS

# Work days at each office, by the doctor's place in the list; with one office, always there.
ROTA = ((0, 1, 0, 1, 0), (1, 0, 1, 0, 1), (0, 0, 1, 1, 0))
