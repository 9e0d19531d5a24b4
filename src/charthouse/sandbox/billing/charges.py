"""What patients owe apart from claims: the catalog of charges, charges of visits, estimates, invoices with payments,
memberships."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

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
from charthouse.sandbox.data.charges import CHARGES, MEMBERSHIP, ChargeSpec
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder

CENT = Decimal("0.01")
CHARGED_INTERVAL = 9  # one visit in so many has a charge
ESTIMATE_INTERVAL = 11  # one patient in so many has an estimate
MEMBER_INTERVAL = 13  # one patient in so many has a membership
VISIT_CHARGES = (0, 0, 1, 2, 3, 4, 6)  # indexes in CHARGES, to draw from
ESTIMATES = (1, 2, 3)
MAX_TURNS = 40  # of a subscription


class Charges(Seeder):
    """The accounts of one practice's patients."""

    stream = "accounts"
    definitions: list[int]

    def finish(self) -> None:
        """Add the catalog, then charges of visits and their invoices, estimates and memberships."""
        rows = [_make_definition(spec, self.context.primary_user) for spec in CHARGES]
        self.definitions = self.copy(ChargeDefinition, rows)
        visits = self.select(Appointment).filter(status="Complete", patient__isnull=False)
        charged = visits.values_list("pk", "patient_id", "office_id", "scheduled_time")
        charges = [self._make_visit_charge(*visit) for visit in charged[::CHARGED_INTERVAL]]
        self.copy(Charge, charges)
        self._add_invoices([charge for charge in charges if not charge.get("voided_at")])
        patients = list(self.select(Patient).values_list("pk", flat=True))
        last_visits = dict(visits.values_list("patient_id", "pk"))
        estimates = [
            self._make_estimate(patient, last_visits.get(patient))
            for patient in patients[::ESTIMATE_INTERVAL]
        ]
        self.copy(Estimate, estimates)
        self._add_memberships(patients[::MEMBER_INTERVAL])

    def _make_priced_row(self, patient: int, index: int, day: date) -> Row:
        """Make the columns that a charge and an estimate have in common. ``index``: in CHARGES."""
        created_at = self.draw_time(day)
        user = self.random.choice(self.context.users)
        spec = CHARGES[index]
        return {
            "patient_id": patient,
            "definition_id": self.definitions[index],
            "owner_id": user,
            "name": spec.name,
            "amount": spec.retail,
            "cpt_code": spec.cpt_code,
            "add_to_insurance_claim": spec.options.get("add_to_insurance_claims", False),
            "transaction_date": day.isoformat(),
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": created_at,
            "updated_at": created_at,
        }

    def _make_visit_charge(self, visit: int, patient: int, office: int, at: datetime) -> Row:
        random = self.random
        row = self._make_priced_row(patient, random.choice(VISIT_CHARGES), at.date())
        row |= {"encounter_id": visit, "office_id": office}
        if row["add_to_insurance_claim"]:
            row |= {"amt_billed_to_insurance": row["amount"], "amt_paid_by_insurance": "30.00"}
        if random.random() < 0.1:
            row |= {"discount_multiplier": "0.9", "notes": "Discount for paying at the visit."}
        if random.random() < 0.05:
            row |= {"voided_at": row["created_at"], "notes": "Charged by mistake."}
        return row

    def _make_estimate(self, patient: int, visit: int | None) -> Row:
        day = self.today - timedelta(days=self.random.randrange(1, 60))
        row = self._make_priced_row(patient, self.random.choice(ESTIMATES), day)
        return row | {
            "encounter_id": visit,
            "expiration_date": (day + timedelta(days=90)).isoformat(),
            "which_insurance_to_bill": "primary" if row["add_to_insurance_claim"] else "",
            "justifying_diagnoses": ["Z23"] if row["add_to_insurance_claim"] else [],
        }

    # -- invoices -----------------------------------------------------------------------------------------------

    def _add_invoices(self, charges: list[Row]) -> None:
        """Invoice two thirds of the charges, those of a patient and month together. Three of four have a payment."""
        by_month: dict[tuple[int, str], list[Row]] = {}
        for charge in charges[: len(charges) * 2 // 3]:
            by_month.setdefault((charge["patient_id"], charge["transaction_date"][:7]), []).append(charge)
        groups = list(by_month.values())
        invoices = [self._make_invoice(group) for group in groups]
        ids = self.copy(Invoice, invoices)
        lines = [
            {"invoice_id": invoice, "charge_id": charge["id"]}
            for invoice, group in zip(ids, groups, strict=True)
            for charge in group
        ]
        self.copy(InvoiceLine, lines)
        payments = [
            self._make_payment(invoice, group)
            for index, (invoice, group) in enumerate(zip(invoices, groups, strict=True))
            if index % 4
        ]
        self.copy(InvoicePayment, payments)

    def _make_invoice(self, charges: list[Row]) -> Row:
        last = max(date.fromisoformat(charge["transaction_date"]) for charge in charges)
        created_at = self.draw_time(last)
        return {
            "patient_id": charges[0]["patient_id"],
            "date": last.isoformat(),
            "due_date": (last + timedelta(days=30)).isoformat(),
            "added_by_id": self.context.primary_user,
            "created_at": created_at,
            "updated_at": created_at,
        }

    def _make_payment(self, invoice: Row, charges: list[Row]) -> Row:
        total = sum((_compute_patient_share(charge) for charge in charges), Decimal(0))
        half = (total / 2).quantize(CENT)
        return {
            "invoice_id": invoice["id"],
            "amount": total if self.random.random() < 0.8 else half,
            "date": invoice["date"],
            "method": self.random.choice(("VISA", "MSTR", "CASH", "CHCK")),
            "added_by_id": self.context.primary_user,
            "created_at": invoice["created_at"],
            "updated_at": invoice["created_at"],
        }

    # -- memberships --------------------------------------------------------------------------------------------

    def _add_memberships(self, patients: list[int]) -> None:
        """Add subscriptions, each with its charges before today. The worker charges the later ones."""
        subscriptions = [self._make_subscription(index, patient) for index, patient in enumerate(patients)]
        self.copy(Subscription, [row for row, _ in subscriptions])
        charges = [
            self._make_priced_row(row["patient_id"], MEMBERSHIP, day)
            | {"subscription_id": row["id"], "period": n, "owner_id": row["owner_id"], "added_by_id": None}
            for row, days in subscriptions
            for n, day in enumerate(days)
        ]
        self.copy(Charge, charges)

    def _make_subscription(self, index: int, patient: int) -> tuple[Row, list[date]]:
        """Make a subscription. Its row, and the days before today on which it was charged."""
        frequency = ("monthly", "monthly", "annually", "weekly")[index % 4]
        start = self.today - timedelta(days=self.random.randrange(3, 120))
        turns = (compute_turn(start, frequency, n) for n in range(MAX_TURNS))
        days = [day for day in turns if day < self.today]
        user = self.random.choice(self.context.users)
        row = {
            "patient_id": patient,
            "definition_id": self.definitions[MEMBERSHIP],
            "owner_id": user,
            "schedule_frequency": frequency,
            "amount": CHARGES[MEMBERSHIP].retail,
            "start_date": start.isoformat(),
            "end_date": days[-1].isoformat() if index % 7 == 3 else None,
            "archived": index % 7 == 5,
            "billed": len(days),
            "added_by_id": user,
            "updated_by_id": user,
            "created_at": self.draw_time(start),
            "updated_at": self.draw_time(days[-1]),
        }
        return row, days


def _make_definition(spec: ChargeSpec, user: int) -> Row:
    return {
        "name": spec.name,
        "name_for_pt_portal": spec.portal_name,
        "nicknames": [spec.portal_name.lower()],
        "category": spec.category,
        "cpt_code": spec.cpt_code,
        "retail": spec.retail,
        "wholesale": spec.wholesale,
        "minutes": spec.minutes,
        "added_by_id": user,
        **spec.options,
    }


def _compute_patient_share(charge: Row) -> Decimal:
    """Return what the patient owes of a charge."""
    amount = Decimal(charge["amount"]) * Decimal(charge.get("discount_multiplier", 1))
    return amount.quantize(CENT, ROUND_HALF_UP) - Decimal(charge.get("amt_paid_by_insurance", 0))


def compute_turn(start: date, frequency: str, n: int) -> date:
    """Return the day of the nth charge of a subscription, as the database function ``billing_turn`` does."""
    if frequency == "weekly":
        return start + timedelta(weeks=n)
    months = start.month - 1 + (n if frequency == "monthly" else 12 * n)
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
