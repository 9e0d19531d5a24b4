"""Stock of the practices: lots of vaccines with the doses given of them, supplies, samples of drugs and supplements."""

from collections.abc import Sequence
from datetime import timedelta

from charthouse.domains.billing.accounts import ChargeDefinition
from charthouse.domains.inventory.models import InventoryCategory, PatientVaccineRecord, StockItem
from charthouse.domains.inventory.stock import PACKAGE_PROPERTIES
from charthouse.domains.medications.models import Drug, Supplement
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.data.charges import SUPPLY
from charthouse.sandbox.data.vaccines import VACCINES
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import AGE_DATE, PatientRecord
from charthouse.sandbox.seeder import Seeder

VACCINATION_SHARE = 0.1  # of completed visits
CATEGORIES = (("Vaccines", "vaccine"), ("Supplies", "product"), ("Injections", "service"))
SUBCUTANEOUS = ("03", "21")  # CVX codes; the other vaccines are intramuscular
# Name, manufacturer, form of the package.
SUPPLIES = (
    ("Exam gloves, medium", "Summit Supply", "box"),
    ("Urine test strips", "Clearwater", "bottle"),
    ("Elastic bandage 4 in", "Summit Supply", "roll"),
)


class Vaccines(Seeder):
    """The vaccines of one practice: a lot of each for each doctor, and the doses that patients have been given."""

    stream = "vaccines"
    lots: dict[int, list[Row]]

    def set_up(self) -> None:
        """Add categories and lots of each doctor."""
        self.lots = {doctor: self._add_lots(doctor) for doctor in self.team.doctors}

    def _add_lots(self, doctor: int) -> list[Row]:
        categories = self.copy(
            InventoryCategory,
            [{"doctor_id": doctor, "name": name, "category_type": kind} for name, kind in CATEGORIES],
        )
        rows: list[Row] = [
            {
                "doctor_id": doctor,
                "category_id": categories[0],
                "name": vaccine.name,
                "cvx_code": vaccine.cvx,
                "manufacturer": vaccine.manufacturer,
                "manufacturer_code": vaccine.mvx,
                "lot_number": f"{vaccine.mvx[0]}{self.random.randrange(1000, 9999)}{'ABCD'[doctor % 4]}",
                "expiry": f"{AGE_DATE.year + 2}-0{month}-28",
                "original_quantity": 200,
                "cost": vaccine.cost,
                "price": vaccine.price,
                "price_with_tax": vaccine.price,
            }
            for month, vaccine in enumerate(VACCINES, 1)
        ]
        self.copy(StockItem, rows)
        return rows

    def add_batch(self, patients: Sequence[PatientRecord], visits: Sequence[Visit]) -> None:
        """Add the doses given to these patients, each vaccine once."""
        by_id = {patient.row["id"]: patient for patient in patients}
        records: list[Row] = []
        given: set[tuple[int, int]] = set()  # patient, index of the vaccine
        for visit in visits:
            if visit.row["status"] == "Complete" and self.random.random() < VACCINATION_SHARE:
                number = visit.row["patient_id"]
                age = int(by_id[number].get_age(visit.date))
                fitting = [
                    index
                    for index, vaccine in enumerate(VACCINES)
                    if vaccine.ages[0] <= age <= vaccine.ages[1] and (number, index) not in given
                ]
                if fitting:
                    index = self.random.choice(fitting)
                    given.add((number, index))
                    records.append(self._make_record(visit, index))
        self.copy(PatientVaccineRecord, records)

    def _make_record(self, visit: Visit, index: int) -> Row:
        """Make the record of a dose. ``index``: of the vaccine in VACCINES."""
        slot, row = visit.slot, visit.row
        lot, user = self.lots[row["doctor_id"]][index], self.context.doctor_users[row["doctor_id"]]
        given_at = (slot.start + timedelta(minutes=slot.minutes // 2)).isoformat()
        return {
            "patient_id": row["patient_id"],
            "ordering_doctor_id": row["doctor_id"],
            "vaccine_inventory_id": lot["id"],
            "cvx_code": lot["cvx_code"],
            "cpt_code": VACCINES[index].cpt,
            "name": lot["name"],
            "lot_number": lot["lot_number"],
            "manufacturer": lot["manufacturer"],
            "administered_at_id": row["office_id"],
            "administered_by_id": user,
            "entered_by_id": user,
            "administered_start": given_at,
            "amount": "0.50",
            "units": "mL",
            "route": "SC" if lot["cvx_code"] in SUBCUTANEOUS else "IM",
            "site": self.random.choice(("LD", "RD")),
            "completion_status": "CP",
            "funding_eligibility": "V01",
            "record_source": "00",
            "created_at": given_at,
            "updated_at": given_at,
        }


class Stock(Seeder):
    """The stock of one practice apart from vaccines, the last item of which has been discontinued."""

    stream = "stock"

    def finish(self) -> None:
        """Add samples of some drugs and supplements, and supplies. All are charged as the supply of the catalog."""
        drugs = self.select(Drug).values_list("pk", flat=True)[:3]
        supplements = self.select(Supplement).values_list("pk", flat=True)[:4]
        charge = self.select(ChargeDefinition).values_list("pk", flat=True)[SUPPLY]
        rows: list[Row] = [
            *(_make_product(f"Samples, drug {n}", "drug_id", drug) for n, drug in enumerate(drugs, 1)),
            *(
                _make_product(f"Bottles, supplement {n}", "supplement_id", supplement)
                for n, supplement in enumerate(supplements, 1)
            ),
            *(
                {"name": name, "manufacturer": manufacturer, "form": form}
                for name, manufacturer, form in SUPPLIES
            ),
        ]
        for index, row in enumerate(rows):
            self._complete(row, index, charge)
        discontinued_on = self.context.get_day(-40).isoformat()
        rows[-1] |= {"status": "inactive", "discontinued_on": discontinued_on}
        self.copy(StockItem, rows)

    def _complete(self, row: Row, index: int, charge: int) -> None:
        """Set the columns that every item has. The form goes into the properties of the package."""
        random = self.random
        level = random.randrange(5, 30)
        package = dict.fromkeys(PACKAGE_PROPERTIES)
        package |= {"package_form": row.pop("form"), "ndc_code": f"00000-{index:04d}-01"}
        row |= {
            "kind": StockItem.Kind.ITEM,
            "definition_id": charge,
            "preferred_stock_level": level,
            "preferred_restock_level": level * 2,
            "original_quantity": random.randrange(2, 60),
            "lot_number": f"L{random.randrange(10_000, 99_999)}",
            "expiry": self.context.get_day(random.randrange(60, 900)).isoformat(),
            "package_properties": package,
        }


def _make_product(name: str, column: str, row_id: int) -> Row:
    return {"name": name, "manufacturer": "Northern Naturals", column: row_id, "form": "bottle"}
