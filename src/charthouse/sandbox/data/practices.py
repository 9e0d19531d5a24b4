"""The two practices of the sandbox: their offices, staff and apps, before anything has happened there."""

from dataclasses import dataclass

from charthouse.identity.models import RIGHTS, SHARING
from charthouse.identity.permission_presets import PRESETS
from charthouse.sandbox.data.featured_patients import FEATURED_PATIENTS, FeaturedPatient
from charthouse.sandbox.data.places import CASCO_BAY, FRONT_RANGE, Town


@dataclass(frozen=True)
class StaffSpec:
    """A staff member with their job title and permissions."""

    title: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class OfficeSpec:
    """An office and the names of its exam rooms. ``town``: index in the towns of the practice."""

    name: str
    address: str
    town: int
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class AppSpec:
    """An OAuth app. It may request every scope, and has ``rights`` in addition.

    ``hourly_limit``: calls an hour, None for no limit. ``second_limit``: calls a second.
    """

    name: str
    hourly_limit: int | None
    rights: tuple[str, ...] = ()
    second_limit: int | None = None


@dataclass(frozen=True)
class PracticeSpec:
    """A practice. ``ages``: lowest and highest age of its patients in years. ``visits_per_patient``: mean number of
    appointments within the calendar. ``patient_count``: patients of its own doctors, the first of them ``featured``."""

    name: str
    timezone: str
    towns: tuple[Town, ...]
    specialties: tuple[str, ...]
    offices: tuple[OfficeSpec, ...]
    staff: tuple[StaffSpec, ...]
    apps: tuple[AppSpec, ...]
    sharing: tuple[str, ...]
    ages: tuple[int, int]
    visits_per_patient: float
    patient_count: int
    featured: tuple[FeaturedPatient, ...] = ()


MANAGER = StaffSpec("Office manager", PRESETS["Manager"])
BILLER = StaffSpec("Biller", PRESETS["Biller"])
NURSE = StaffSpec("Nurse", PRESETS["Nurse"])
RECEPTIONIST = StaffSpec("Front desk", PRESETS["Front desk"])
ROOMS = ("Exam room 1", "Exam room 2", "Exam room 3", "Procedure room")

PRACTICES = (
    PracticeSpec(
        name="Alder Creek Family Medicine",
        timezone="US/Mountain",
        towns=FRONT_RANGE,
        specialties=("Family Medicine", "Internal Medicine", "Family Medicine"),
        offices=(
            OfficeSpec("Alder Creek Denver", "1620 Columbine St", 0, ROOMS),
            OfficeSpec("Alder Creek Boulder", "2775 Canyon Rd", 2, ROOMS),
        ),
        staff=(MANAGER, BILLER, NURSE, RECEPTIONIST),
        apps=(
            AppSpec("Sandbox app, 500 calls an hour", 500, RIGHTS, 9),
            AppSpec("Sandbox app, no limit", None, RIGHTS),
        ),
        sharing=SHARING,
        ages=(1, 94),
        visits_per_patient=8.0,
        patient_count=300,
        featured=FEATURED_PATIENTS,
    ),
    PracticeSpec(
        name="Casco Bay Pediatrics",
        timezone="US/Eastern",
        towns=CASCO_BAY,
        specialties=("Pediatrics",),
        offices=(OfficeSpec("Casco Bay Portland", "84 Granite St", 0, ROOMS[:2]),),
        staff=(MANAGER, RECEPTIONIST),
        apps=(AppSpec("Sandbox app of the second practice", 500),),
        sharing=(),
        ages=(0, 18),
        visits_per_patient=6.0,
        patient_count=40,
    ),
)

# Office of each weekday from Monday, as an index, by the doctor's position in the practice. Indexes wrap around.
OFFICE_ROTATION = ((0, 1, 0, 1, 0), (1, 0, 1, 0, 1), (0, 0, 1, 1, 0))
