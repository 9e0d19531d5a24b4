"""What patients of a practice owe beside claims: a catalogue of charges, what was charged at visits, estimates,
invoices and what was paid on them, memberships."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from charthouse.domains.billing.accounts import (
    Charge,
    ChargeDefinition,
    Estimate,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Subscription,
)
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity.models import User
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

# Name, name at the portal, category, CPT code, price, cost, minutes, what it is.
CATALOGUE: tuple[tuple[str, str, str, str, str, str, int | None, dict[str, Any]], ...] = (
    ("Self-pay visit, 30 minutes", "Office visit", "Visits", "99213", "145.00", "0.00", 30, {}),
    ("Self-pay visit, 60 minutes", "Long office visit", "Visits", "99215", "260.00", "0.00", 60, {}),
    ("Nutrition counseling", "Nutrition", "Visits", "97802", "90.00", "0.00", 45, {"is_special": True}),
    (
        "Influenza vaccine",
        "Flu shot",
        "Vaccines",
        "90686",
        "38.00",
        "17.50",
        10,
        {"add_to_insurance_claims": True},
    ),
    (
        "Vitamin D3, bottle",
        "Vitamin D3",
        "Supplements",
        "",
        "24.00",
        "11.20",
        None,
        {"is_supply": True, "is_taxable": True, "tax_rate": "6.250"},
    ),
    ("Membership", "Membership", "Memberships", "", "85.00", "0.00", None, {}),
    ("Form, completed", "Form", "Office", "", "25.00", "0.00", 10, {}),
    ("House call", "House call", "Visits", "99348", "310.00", "0.00", 90, {"inactive": True}),
)
SUPPLY, MEMBERSHIP = 4, 5  # places in the catalogue
CENT = Decimal("0.01")
CHARGED = 9  # of so many visits one was charged by itself
ESTIMATED = 11  # of so many patients one has an estimate
MEMBERS = 13  # of so many patients one has a membership


class Accounts:
    """The accounts of one practice."""

    def __init__(self, setup: Setup, calendar: Calendar, random: Random) -> None:
        self.setup, self.random = setup, random
        self.today: date = calendar.monday + timedelta(days=calendar.today)
        self.users = list(self._rows(User).values_list("pk", flat=True))
        self.definitions = setup.copy(ChargeDefinition, [self._definition(*entry) for entry in CATALOGUE])

    def _rows(self, model: Any) -> Any:
        rows = model._default_manager.using(self.setup.loader.connection.alias)
        return rows.filter(practice_id=self.setup.practice).order_by("pk")

    def _definition(
        self,
        name: str,
        portal: str,
        category: str,
        code: str,
        retail: str,
        wholesale: str,
        minutes: int | None,
        kind: Row,
    ) -> Row:
        return {
            "name": name,
            "name_for_pt_portal": portal,
            "nicknames": [portal.lower()],
            "category": category,
            "cpt_code": code,
            "retail": retail,
            "wholesale": wholesale,
            "minutes": minutes,
            "added_by_id": self.users[0],
            **kind,
        }

    def fill(self) -> None:
        visits = self._rows(Appointment).filter(status="Complete", patient__isnull=False)
        charged = list(visits.values_list("pk", "patient_id", "office_id", "scheduled_time"))[::CHARGED]
        charges = [self._at_visit(*visit) for visit in charged]
        self.setup.copy(Charge, charges)
        self._invoices([charge for charge in charges if not charge.get("voided_at")])
        patients = list(self._rows(Patient).values_list("pk", flat=True))
        seen = dict(visits.values_list("patient_id", "pk"))  # the last visit of each
        estimates = [self._estimate(patient, seen.get(patient)) for patient in patients[::ESTIMATED]]
        self.setup.copy(Estimate, estimates)
        self._memberships(patients[::MEMBERS])

    def _moment(self, day: date) -> str:
        at = datetime.combine(day, time(15), tzinfo=UTC) + timedelta(minutes=self.random.randrange(0, 360, 5))
        return at.isoformat()

    def _priced(self, patient: int, which: int, day: date) -> Row:
        """A charge or an estimate of something out of the catalogue."""
        made = self._moment(day)
        user = self.random.choice(self.users)
        name, _, _, code, retail, *_, kind = CATALOGUE[which]
        return {
            "patient_id": patient,
            "definition_id": self.definitions[which],
            "owner_id": user,
            "name": name,
            "amount": retail,
            "cpt_code": code,
            "add_to_insurance_claim": kind.get("add_to_insurance_claims", False),
            "transaction_date": day.isoformat(),
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": made,
            "updated_at": made,
        }

    def _at_visit(self, visit: int, patient: int, office: int, at: datetime) -> Row:
        random = self.random
        row = self._priced(patient, random.choice((0, 0, 1, 2, 3, 4, 6)), at.date())
        row |= {"encounter_id": visit, "office_id": office}
        if row["add_to_insurance_claim"]:
            row |= {"amt_billed_to_insurance": row["amount"], "amt_paid_by_insurance": "30.00"}
        if random.random() < 0.1:
            row |= {"discount_multiplier": "0.9", "notes": "Discount for paying at the visit."}
        if random.random() < 0.05:
            row |= {"voided_at": row["created_at"], "notes": "Charged by mistake."}
        return row

    def _invoices(self, charges: list[Row]) -> None:
        """Two thirds of what was charged has been asked for, a patient's charges of a month together; most is paid."""
        together: dict[tuple[int, str], list[Row]] = {}
        for charge in charges[: len(charges) * 2 // 3]:
            together.setdefault((charge["patient_id"], charge["transaction_date"][:7]), []).append(charge)
        lots = list(together.values())
        invoices = []
        for lot in lots:
            last = max(date.fromisoformat(charge["transaction_date"]) for charge in lot)
            made = self._moment(last)
            invoices.append(
                {
                    "patient_id": lot[0]["patient_id"],
                    "date": last.isoformat(),
                    "due_date": (last + timedelta(days=30)).isoformat(),
                    "added_by_id": self.users[0],
                    "created_at": made,
                    "updated_at": made,
                }
            )
        ids = self.setup.copy(Invoice, invoices)
        lines = [
            {"invoice_id": row_id, "charge_id": charge["id"]}
            for row_id, lot in zip(ids, lots, strict=True)
            for charge in lot
        ]
        self.setup.copy(InvoiceLine, lines)
        self.setup.copy(
            InvoicePayment,
            [
                self._payment(row_id, lot, invoice)
                for at, (row_id, lot, invoice) in enumerate(zip(ids, lots, invoices, strict=True))
                if at % 4
            ],
        )

    def _payment(self, invoice: int, lot: list[Row], row: Row) -> Row:
        share = sum((_share(charge) for charge in lot), Decimal(0))
        half = (share / 2).quantize(CENT)
        return {
            "invoice_id": invoice,
            "amount": share if self.random.random() < 0.8 else half,
            "date": row["date"],
            "method": self.random.choice(("VISA", "MSTR", "CASH", "CHCK")),
            "added_by_id": self.users[0],
            "created_at": row["created_at"],
            "updated_at": row["created_at"],
        }

    def _estimate(self, patient: int, visit: int | None) -> Row:
        day = self.today - timedelta(days=self.random.randrange(1, 60))
        row = self._priced(patient, self.random.choice((1, 2, 3)), day)
        return row | {
            "encounter_id": visit,
            "expiration_date": (day + timedelta(days=90)).isoformat(),
            "which_insurance_to_bill": "primary" if row["add_to_insurance_claim"] else "",
            "justifying_diagnoses": ["Z23"] if row["add_to_insurance_claim"] else [],
        }

    # -- memberships --------------------------------------------------------------------------------------------

    def _memberships(self, patients: list[int]) -> None:
        """Each with the charges that it has made by now."""
        made = [self._membership(at, patient) for at, patient in enumerate(patients)]
        ids = self.setup.copy(Subscription, [row for row, _ in made])
        charges = [
            self._priced(row["patient_id"], MEMBERSHIP, day)
            | {"subscription_id": row_id, "period": n, "owner_id": row["owner_id"], "added_by_id": None}
            for row_id, (row, days) in zip(ids, made, strict=True)
            for n, day in enumerate(days)
        ]
        self.setup.copy(Charge, charges)

    def _membership(self, at: int, patient: int) -> tuple[Row, list[date]]:
        """A subscription and the days on which it was charged: those before today, the worker charges the rest."""
        frequency = ("monthly", "monthly", "annually", "weekly")[at % 4]
        start = self.today - timedelta(days=self.random.randrange(3, 120))
        days = [day for n in range(40) if (day := turn(start, frequency, n)) < self.today]
        user = self.random.choice(self.users)
        row = {
            "patient_id": patient,
            "definition_id": self.definitions[MEMBERSHIP],
            "owner_id": user,
            "schedule_frequency": frequency,
            "amount": CATALOGUE[MEMBERSHIP][4],
            "start_date": start.isoformat(),
            "end_date": days[-1].isoformat() if at % 7 == 3 else None,
            "archived": at % 7 == 5,
            "billed": len(days),
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": self._moment(start),
            "updated_at": self._moment(days[-1]),
        }
        return row, days


def _share(charge: Row) -> Decimal:
    """What of a charge is the patient's."""
    whole = Decimal(charge["amount"]) * Decimal(charge.get("discount_multiplier", 1))
    return whole.quantize(CENT, ROUND_HALF_UP) - Decimal(charge.get("amt_paid_by_insurance", 0))


def turn(start: date, frequency: str, n: int) -> date:
    """The day of a subscription's turn, as the database reckons it."""
    if frequency == "weekly":
        return start + timedelta(weeks=n)
    months = start.month - 1 + (n if frequency == "monthly" else 12 * n)
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
