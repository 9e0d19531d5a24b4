"""What a practice recommends and hands out: its catalogues, and what patients take of them."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from charthouse.domains.medications.models import Drug, PatientSupplement, Supplement
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.identity.models import User
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.data.conditions import LASTING
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

# Name, nicknames, class, vendor's code, dose, how often.
SUPPLEMENTS = (
    ("Vitamin D3 1,000 IU softgel", "D3, cholecalciferol", "Vitamins", "VD1000", "1 softgel", "Once a day"),
    ("Vitamin B12 1,000 mcg tablet", "B12, cobalamin", "Vitamins", "VB1000", "1 tablet", "Once a day"),
    ("Magnesium glycinate 400 mg", "Mag", "Minerals", "MG400", "2 capsules", "At bedtime"),
    ("Iron bisglycinate 25 mg", "Iron", "Minerals", "FE25", "1 capsule", "Every other day"),
    ("Fish oil 1,200 mg softgel", "Omega-3", "Fatty acids", "FO1200", "2 softgels", "Twice a day with meals"),
    ("Psyllium husk powder", "Fiber", "Fiber", "PSY500", "1 teaspoon", "Once a day with water"),
    ("Probiotic, ten strains", "Flora", "Probiotics", "PRO10", "1 capsule", "Once a day"),
)
# Name, product, generic name, strength, form, route.
DRUGS = (
    ("Lisinopril 10 mg tablet", "Zestril", "lisinopril", "10 mg", "tablet", "Oral"),
    ("Metformin 500 mg tablet", "Glucophage", "metformin", "500 mg", "tablet", "Oral"),
    ("Atorvastatin 20 mg tablet", "Lipitor", "atorvastatin", "20 mg", "tablet", "Oral"),
    ("Albuterol inhaler", "Ventolin HFA", "albuterol", "90 mcg", "inhaler", "Inhaled"),
    ("Sertraline 50 mg tablet", "Zoloft", "sertraline", "50 mg", "tablet", "Oral"),
    ("Omeprazole 20 mg capsule", "Prilosec", "omeprazole", "20 mg", "capsule", "Oral"),
    ("Amoxicillin 500 mg capsule", "Amoxil", "amoxicillin", "500 mg", "capsule", "Oral"),
    ("Ibuprofen 600 mg tablet", "Motrin", "ibuprofen", "600 mg", "tablet", "Oral"),
)
RXNORM = {condition.drug[0]: condition.drug[1] for condition in LASTING if condition.drug}
_OF_A_DRUG = ("name", "product_name", "generic_name", "strength", "dose_form", "route")
GONE = ("Ephedra 25 mg tablet", "Ma huang", "Herbs", "EPH25")  # no longer recommended
TAKE = 3  # one patient of so many takes a supplement


class Shelf:
    """The catalogues of one practice."""

    def __init__(self, setup: Setup, calendar: Calendar, random: Random) -> None:
        self.setup, self.random, self.today = setup, random, calendar.monday + timedelta(days=calendar.today)
        rows: list[Row] = [dict(zip(_OF_A_DRUG, drug, strict=True)) for drug in DRUGS]
        for row in rows:
            row |= {"rxnorm": RXNORM.get(row["name"], ""), "is_favorite": row["name"] in RXNORM}
        self.drugs = dict(zip((row["name"] for row in rows), setup.copy(Drug, rows), strict=True))
        self.supplements = setup.copy(
            Supplement,
            [
                {
                    "name": name,
                    "nicknames": nicknames,
                    "kind": kind,
                    "vendor_code": code,
                    "code": code,
                    "inactive": name == GONE[0],
                }
                for name, nicknames, kind, code, *_ in (*SUPPLEMENTS, GONE)
            ],
        )

    def _rows(self, model: Any) -> Any:
        rows = model._default_manager.using(self.setup.loader.connection.alias)
        return rows.filter(practice_id=self.setup.practice).order_by("pk")

    def _moment(self, days: int) -> str:
        day = self.today - timedelta(days=days)
        at = datetime.combine(day, time(15), tzinfo=UTC) + timedelta(minutes=self.random.randrange(0, 360, 5))
        return at.isoformat()

    def fill(self) -> None:
        """What the practice's patients take of it, as the record has them by now."""
        patients = list(self._rows(Patient).values_list("pk", flat=True))
        self.users = list(self._rows(User).values_list("pk", flat=True))
        self.setup.copy(PatientSupplement, [self._taken(patient) for patient in patients[::TAKE]])
        asked = [self._asked(patient) for patient in patients[1 : TAKE * 8 : TAKE]]
        self.setup.copy(PortalRequest, sorted(asked, key=lambda row: row["created_at"]))

    def _taken(self, patient: int) -> Row:
        random = self.random
        which = random.randrange(len(SUPPLEMENTS))
        began = random.randrange(60, 700)
        made = self._moment(began)
        user = random.choice(self.users)
        row = {
            "patient_id": patient,
            "supplement_id": self.supplements[which],
            "dose": SUPPLEMENTS[which][4],
            "frequency": SUPPLEMENTS[which][5],
            "start_date": made[:10],
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": made,
            "updated_at": made,
        }
        if random.random() < 0.2:
            stopped = self._moment(random.randrange(1, 59))
            row |= {
                "discontinued_at": stopped,
                "discontinued_note": "No longer needed.",
                "updated_at": stopped,
            }
        return row

    def _asked(self, patient: int) -> Row:
        """A request of the portal that waits for staff."""
        which = self.random.randrange(len(SUPPLEMENTS))
        made = self._moment(self.random.randrange(1, 6))
        return {
            "patient_id": patient,
            "request_type": "supplement",
            "title": SUPPLEMENTS[which][0],
            "notes": "My sister takes this.",
            "payload": {"supplement_id": self.supplements[which]},
            "created_at": made,
            "updated_at": made,
        }
