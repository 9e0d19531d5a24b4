"""Vitals of synthetic patients, and the practice's groups of vitals."""

from datetime import date
from random import Random

from charthouse.domains.scheduling.models import CustomVital, VitalsTagGroup
from charthouse.sandbox.data.growth import HEAD, LENGTH, WEIGHT, interpolate
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import ADULT_AGE, PatientRecord, is_child
from charthouse.sandbox.seeder import Seeder

# SNOMED CT codes of the smoking status, most often never smoked.
NEVER_SMOKED, FORMER_SMOKER, DAILY_SMOKER, SMOKER = "266919005", "8517006", "449868002", "77176002"
SMOKING = (NEVER_SMOKED, NEVER_SMOKED, NEVER_SMOKED, FORMER_SMOKER, DAILY_SMOKER, SMOKER)
FORMER_SMOKERS = ("J44.9", "I25.10")  # ICD-10-CM codes of conditions after which one has stopped
CENTIMETERS, KILOGRAMS = 2.54, 0.45359237  # of an inch, of a pound
CUSTOM_VITAL = "custom"  # placeholder of the first vital that the practice has defined
# Name, vitals.
GROUPS = (("Weight clinic", ("weight", "height", "bp")), ("Asthma", (CUSTOM_VITAL,)))


def draw_vitals(random: Random, patient: PatientRecord, day: date) -> Row:
    """Draw the vitals of a visit. Height in inches, weight in pounds, temperature in degrees Fahrenheit."""
    around, age = random.gauss, patient.get_age(day)
    build = Random(patient.row["id"])  # noqa: S311 - height and build of a patient stay the same
    if age >= ADULT_AGE:
        row = _draw_adult_size(random, build, patient, day)
        pressure = build.gauss(120, 5)
    else:
        row = _draw_child_size(random, build, patient.row["gender"], age)
        pressure = build.gauss(88 + 1.8 * age, 4)
    pressure = patient.get_course("systolic", day) or pressure
    row |= {
        "blood_pressure_1": int(around(pressure, 4)),
        "blood_pressure_2": int(around(pressure * 0.62, 3)),
        "temperature": f"{around(98.3, 0.4):.1f}",
        "pulse": int(around(74 if age >= 12 else 128 - 3.5 * age, 6)),
        "respiratory_rate": int(around(15 if age >= 12 else 30 - age, 1.5)),
        "oxygen_saturation": min(100, int(around(94 if patient.has_condition("J44.9", day) else 98, 0.8))),
    }
    if age >= 4:
        row["pain"] = str(max(0, int(around(1, 2))))
    if age >= 13:
        row["smoking_status"] = get_smoking_status(patient)
    return row


def get_smoking_status(patient: PatientRecord) -> str:
    """Return the SNOMED CT code of a patient's smoking status, which follows from the id."""
    if any(each.condition.code in FORMER_SMOKERS for each in patient.conditions):
        return FORMER_SMOKER
    if any(each.condition.began is not None for each in patient.conditions):  # pregnant
        return NEVER_SMOKED
    return SMOKING[patient.row["id"] * 7 % len(SMOKING)] if not is_child(patient.row) else NEVER_SMOKED


def _draw_adult_size(random: Random, build: Random, patient: PatientRecord, day: date) -> Row:
    height = build.gauss(69.5 if patient.row["gender"] == "Male" else 64, 2.6)
    index = max(18.5, build.gauss(26, 3))
    lowest = max((each.condition.body_mass_index for each in patient.conditions), default=0)
    if lowest:
        index = max(lowest, lowest + index - 26)
    gained = patient.get_course("weight", day) or 0
    weight = index * height * height / 703 + gained + random.gauss(0, 1.2)
    return {"height": f"{height:.1f}", "weight": f"{weight:.1f}"}


def _draw_child_size(random: Random, build: Random, gender: str, age: float) -> Row:
    """Draw the size of a child, who follows a curve of their own beside the median."""
    months, curve = age * 12, build.gauss(0, 1)
    height = interpolate(LENGTH, gender, months) * (1 + 0.03 * curve) / CENTIMETERS
    weight = interpolate(WEIGHT, gender, months) * (1 + 0.08 * curve) / KILOGRAMS
    row = {"height": f"{height:.1f}", "weight": f"{weight * random.gauss(1, 0.006):.1f}"}
    if age < 3:
        row["head_circumference"] = (
            f"{interpolate(HEAD, gender, months) * (1 + 0.01 * curve) / CENTIMETERS:.1f}"
        )
    return row


class VitalsGroups(Seeder):
    """The practice's groups of vitals, set up by its primary user. They draw no random numbers."""

    def finish(self) -> None:
        """Add the groups."""
        vital = self.select(CustomVital).values_list("pk", flat=True).first()
        user = self.context.primary_user
        rows = [
            {
                "name": name,
                "included_fields": [str(vital) if field == CUSTOM_VITAL else field for field in fields],
                "added_by_id": user,
                "updated_by_id": user,
            }
            for name, fields in GROUPS
        ]
        self.copy(VitalsTagGroup, rows)
