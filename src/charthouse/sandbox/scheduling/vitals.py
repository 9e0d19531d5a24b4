"""Vitals of synthetic patients, and the practice's groups of vitals."""

from random import Random

from charthouse.domains.scheduling.models import CustomVital, VitalsTagGroup
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.population import ADULT_AGE, AGE_DATE
from charthouse.sandbox.seeder import Seeder

# SNOMED CT codes of the smoking status, most often never smoked.
SMOKING = ("266919005", "266919005", "266919005", "8517006", "449868002", "77176002")
CUSTOM_VITAL = "custom"  # placeholder of the first vital that the practice has defined
# Name, vitals.
GROUPS = (("Weight clinic", ("weight", "height", "bp")), ("Asthma", (CUSTOM_VITAL,)))


def draw_vitals(random: Random, patient: Row) -> Row:
    """Draw the vitals of a visit. Height in inches, weight in pounds, temperature in degrees Fahrenheit."""
    constant = Random(patient["id"])  # noqa: S311 - height and build of a patient stay the same
    around = random.gauss
    age = max(0.1, AGE_DATE.year - int(patient["date_of_birth"][:4]))
    is_adult, is_male = age >= ADULT_AGE, patient["gender"] == "Male"
    growth = min(1.0, 0.29 + 0.71 * age / 17)
    height = growth * constant.gauss(69.5 if is_male else 64, 2.6)
    body_mass_index = constant.gauss(27.5, 4.2) if is_adult else 15.5 + age * 0.35
    weight = max(6.0, body_mass_index * height * height / 703 + around(0, 1.5))
    pressure = constant.gauss(122 if is_adult else 98 + age, 9)
    row: Row = {
        "height": f"{height:.1f}",
        "weight": f"{weight:.1f}",
        "blood_pressure_1": int(around(pressure, 6)),
        "blood_pressure_2": int(around(pressure * 0.64, 4)),
        "temperature": f"{around(98.3, 0.4):.1f}",
        "pulse": int(around(74 if age >= 12 else 96, 7)),
        "respiratory_rate": int(around(15 if age >= 12 else 22, 2)),
        "oxygen_saturation": min(100, int(around(98, 1))),
        "pain": str(max(0, int(around(1, 2)))),
    }
    if age >= 13:
        row["smoking_status"] = SMOKING[int(constant.random() * len(SMOKING))]
    if age < 3:
        row["head_circumference"] = f"{around(18.0, 0.5):.1f}"
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
