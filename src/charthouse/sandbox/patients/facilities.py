"""The laboratories, pharmacies and specialists around a practice, and who goes where."""

from random import Random
from typing import Any

from charthouse.domains.patients.models import Facility, Patient, PatientFacility
from charthouse.domains.patients.models.facilities import LABORATORY, PHARMACY, SPECIALIST
from charthouse.sandbox.patients import population as people
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import PHARMACIES, Setup

LABORATORIES = ("Summit Diagnostics", "Clearwater Labs", "Summit Diagnostics East")
SPECIALISTS = (
    ("Dr. Lena Fuchs", "Cardiology"),
    ("Dr. Omar Haddad", "Endocrinology"),
    ("Dr. Mei Tanaka", "Dermatology"),
)
GO = 4  # one patient of so many goes to them


class Directory:
    """The directory of one practice."""

    def __init__(self, setup: Setup, random: Random) -> None:
        self.setup, self.random = setup, random
        self.laboratories = self._entries(
            LABORATORY, [{"name": name, "company_brand": " ".join(name.split()[:2])} for name in LABORATORIES]
        )
        self.specialists = self._entries(
            SPECIALIST,
            [
                {"name": name, "specialty": specialty, "email": f"office{n}@example.com"}
                for n, (name, specialty) in enumerate(SPECIALISTS, 1)
            ],
        )
        self.ncpdp_ids = [f"99{n:05d}" for n in range(1, len(PHARMACIES) + 1)]
        named = zip(PHARMACIES, self.ncpdp_ids, strict=True)
        self._entries(PHARMACY, [{"name": name, "ncpdp_id": ncpdp_id} for name, ncpdp_id in named])

    def _entries(self, kind: str, rows: list[Row]) -> list[int]:
        for n, row in enumerate(rows, 1):
            town = self.random.choice(self.setup.house.towns)
            row |= {
                "kind": kind,
                "address1": f"{n}00 Main Street",
                "city": town.name,
                "state": town.state,
                "zip_code": town.zip_code,
                "phone": people.phone(self.random, town),
                "fax": people.phone(self.random, town),
            }
        return self.setup.copy(Facility, rows)

    def fill(self) -> None:
        """Where the practice's patients go, as the record has them by now."""
        alias = self.setup.loader.connection.alias
        rows = Patient._default_manager.using(alias).filter(practice_id=self.setup.practice).order_by("pk")
        patients = list(rows.values_list("pk", flat=True))[::GO]
        for n, ncpdp_id in enumerate(self.ncpdp_ids):
            going = rows.filter(pk__in=patients[n :: len(self.ncpdp_ids)])
            going.update(default_pharmacy=ncpdp_id, preferred_pharmacies=[ncpdp_id])
        links: list[dict[str, Any]] = []
        for patient in patients:
            for facilities in (self.laboratories, self.specialists):
                chosen = self.random.sample(facilities, self.random.randint(1, 2))
                links += [
                    {"patient_id": patient, "facility_id": facility, "priority_order": place}
                    for place, facility in enumerate(chosen, 1)
                ]
        self.setup.copy(PatientFacility, links)
