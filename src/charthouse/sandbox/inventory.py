"""Lots of vaccines in the refrigerator, and who got a dose of which: CVX and MVX codes are the CDC's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from charthouse.domains.inventory.models import (
    InventoryCategory,
    PatientVaccineRecord,
    StockItem,
)
from charthouse.identity.models import User
from charthouse.sandbox.calendar import Calendar, Slot
from charthouse.sandbox.patients.population import BIRTHS, Person, Row
from charthouse.sandbox.practice import Setup

GIVEN_AT = 0.1  # of the visits, those at which a vaccine is given
CATEGORIES = (("Vaccines", "vaccine"), ("Supplies", "product"), ("Injections", "service"))


@dataclass(frozen=True)
class Vaccine:
    """``ages``: the years in which it is given; ``cpt``: what its dose is billed as; cost and price in dollars."""

    cvx: str
    name: str
    maker: str
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


class Vaccines:
    """The vaccines of one practice: a lot of each for each doctor."""

    def __init__(self, setup: Setup, doctors: Sequence[int], calendar: Calendar, random: Random) -> None:
        self.setup, self.calendar, self.random = setup, calendar, random
        users = User.objects.using(setup.loader.connection.alias).filter(practice_id=setup.practice)
        self.users = dict(users.filter(role=User.Role.DOCTOR).values_list("doctor_id", "pk"))
        self.lots = {doctor: self._lots(doctor) for doctor in doctors}

    def _lots(self, doctor: int) -> list[Row]:
        categories = self.setup.copy(
            InventoryCategory,
            [{"doctor_id": doctor, "name": name, "category_type": kind} for name, kind in CATEGORIES],
        )
        rows: list[Row] = [
            {
                "doctor_id": doctor,
                "category_id": categories[0],
                "name": vaccine.name,
                "cvx_code": vaccine.cvx,
                "manufacturer": vaccine.maker,
                "manufacturer_code": vaccine.mvx,
                "lot_number": f"{vaccine.mvx[0]}{self.random.randrange(1000, 9999)}{'ABCD'[doctor % 4]}",
                "expiry": f"{BIRTHS.year + 2}-0{1 + at}-28",
                "original_quantity": 200,
                "cost": vaccine.cost,
                "price": vaccine.price,
                "price_with_tax": vaccine.price,
            }
            for at, vaccine in enumerate(VACCINES)
        ]
        self.setup.copy(StockItem, rows)
        return rows

    def fill(self, people: Sequence[Person], visits: Sequence[tuple[Slot, Row]]) -> None:
        """Doses given to these people at these visits."""
        born = {person.row["id"]: int(person.row["date_of_birth"][:4]) for person in people}
        records = []
        for slot, visit in visits:
            if visit["status"] == "Complete" and self.random.random() < GIVEN_AT:
                age = BIRTHS.year - born[visit["patient_id"]]
                fit = [at for at, vaccine in enumerate(VACCINES) if vaccine.ages[0] <= age <= vaccine.ages[1]]
                records.append(self._record(slot, visit, self.random.choice(fit)))
        self.setup.copy(PatientVaccineRecord, records)

    def _record(self, slot: Slot, visit: Row, at: int) -> Row:
        lot, user = self.lots[visit["doctor_id"]][at], self.users[visit["doctor_id"]]
        moment = (slot.start + timedelta(minutes=slot.minutes // 2)).isoformat()
        return {
            "patient_id": visit["patient_id"],
            "ordering_doctor_id": visit["doctor_id"],
            "vaccine_inventory_id": lot["id"],
            "cvx_code": lot["cvx_code"],
            "cpt_code": VACCINES[at].cpt,
            "name": lot["name"],
            "lot_number": lot["lot_number"],
            "manufacturer": lot["manufacturer"],
            "administered_at_id": visit["office_id"],
            "administered_by_id": user,
            "entered_by_id": user,
            "administered_start": moment,
            "amount": "0.50",
            "units": "mL",
            "route": "SC" if lot["cvx_code"] in ("03", "21") else "IM",
            "site": self.random.choice(("LD", "RD")),
            "completion_status": "CP",
            "funding_eligibility": "V01",
            "record_source": "00",
            "created_at": moment,
            "updated_at": moment,
        }
