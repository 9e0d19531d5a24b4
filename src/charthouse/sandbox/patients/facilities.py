"""The laboratories, pharmacies and specialists that a practice knows, and which patients go to them."""

from charthouse.domains.patients.models import Facility, Patient, PatientFacility
from charthouse.domains.patients.models.facilities import LABORATORY, PHARMACY, SPECIALIST
from charthouse.sandbox.data.places import LABORATORIES, PHARMACIES, SPECIALISTS
from charthouse.sandbox.loader import Row
from charthouse.sandbox.people import draw_phone
from charthouse.sandbox.seeder import Seeder

PATIENT_INTERVAL = 4  # one patient in so many goes to the facilities
NCPDP_IDS = [f"99{number:05d}" for number in range(1, len(PHARMACIES) + 1)]


class Facilities(Seeder):
    """The facilities of one practice."""

    stream = "directory"

    def finish(self) -> None:
        """Add the facilities, and link patients to them."""
        laboratories = self._add(
            LABORATORY, [{"name": name, "company_brand": " ".join(name.split()[:2])} for name in LABORATORIES]
        )
        specialists = self._add(
            SPECIALIST,
            [
                {"name": name, "specialty": specialty, "email": f"office{number}@example.com"}
                for number, (name, specialty) in enumerate(SPECIALISTS, 1)
            ],
        )
        pharmacies = zip(PHARMACIES, NCPDP_IDS, strict=True)
        self._add(PHARMACY, [{"name": name, "ncpdp_id": ncpdp_id} for name, ncpdp_id in pharmacies])
        patients = list(self.select(Patient).values_list("pk", flat=True))[::PATIENT_INTERVAL]
        self._set_pharmacies(patients)
        self._link(patients, (laboratories, specialists))

    def _add(self, kind: str, rows: list[Row]) -> list[int]:
        for number, row in enumerate(rows, 1):
            town = self.random.choice(self.context.spec.towns)
            row |= {
                "kind": kind,
                "address1": f"{number}00 Main Street",
                "city": town.name,
                "state": town.state,
                "zip_code": town.zip_code,
                "phone": draw_phone(self.random, town),
                "fax": draw_phone(self.random, town),
            }
        return self.copy(Facility, rows)

    def _set_pharmacies(self, patients: list[int]) -> None:
        for index, ncpdp_id in enumerate(NCPDP_IDS):
            rows = self.select(Patient).filter(pk__in=patients[index :: len(NCPDP_IDS)])
            rows.update(default_pharmacy=ncpdp_id, preferred_pharmacies=[ncpdp_id])

    def _link(self, patients: list[int], facilities: tuple[list[int], ...]) -> None:
        """Link each patient to one or two facilities of each kind."""
        links: list[Row] = []
        for patient in patients:
            for of_kind in facilities:
                chosen = self.random.sample(of_kind, self.random.randint(1, 2))
                links += [
                    {"patient_id": patient, "facility_id": facility, "priority_order": priority}
                    for priority, facility in enumerate(chosen, 1)
                ]
        self.copy(PatientFacility, links)
