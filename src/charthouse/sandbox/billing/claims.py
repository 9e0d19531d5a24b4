"""Line items of completed visits, the insurers' remittances two weeks later, payments of patients, eligibility checks
and authorizations."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from charthouse.domains.billing.models import (
    EligibilityCheck,
    LineItem,
    PatientAuthorization,
    PatientPayment,
    PaymentLogEntry,
    Remittance,
    Transaction,
)
from charthouse.domains.scheduling.models import BillingNote
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.prices import PRICES, VISIT_CODES, Price
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.scheduling.visit_reasons import list_topics

MODELS = (
    LineItem,
    Transaction,
    PatientPayment,
    PaymentLogEntry,
    Remittance,
    EligibilityCheck,
    PatientAuthorization,
    BillingNote,
)
ADJUDICATION_TIME = timedelta(days=16)  # from the visit to the insurer's remittance
SECONDARY_DELAY = timedelta(days=5)  # from the remittance of the primary insurer to that of the secondary
ADDITIONAL_CODES = ("36415", "81002", "85025", "93000", "90686", "G0008", "FORM")
METHODS = ("VISA", "VISA", "MSTR", "DBIT", "CASH", "CHCK")
NOTES = ("Called the insurer, claim is in process", "Patient asked for a statement", "Sent a corrected claim")
SERVICE_TYPES = ("30", "98", "98", "88")  # of X12, for eligibility checks
PAYMENT_LOG_COLUMNS = (
    "doctor_id",
    "patient_id",
    "appointment_id",
    "amount",
    "payment_method",
    "created_at",
    "updated_at",
)


class Claims:
    """The claims of a batch of patients.

    Random numbers follow from the id of each visit, so that a change here changes no rows of other tables.
    """

    def __init__(self, context: PracticeContext, patients: Iterable[PatientRecord]) -> None:
        self.copy, self.calendar = context.copy, context.calendar
        self.patients = {patient.row["id"]: patient for patient in patients}
        self.rows: dict[Any, list[Row]] = {model: [] for model in MODELS}
        self.remittances: dict[tuple[int, str, int], Row] = {}  # by doctor, payer id, day
        # Rows that get the id of the first when it is known: (line item, row), (remittance, transaction).
        self.of_line_items: list[tuple[Row, Row]] = []
        self.of_remittances: list[tuple[Row, Row]] = []

    def bill(self, visits: Sequence[Visit], profiles: dict[int, str]) -> None:
        """Make the rows, and set the billing columns of the visits. ``profiles``: names of the profiles by id."""
        for visit in visits:
            patient = self.patients[visit.row["patient_id"]]
            random = Random(visit.row["id"])  # noqa: S311
            asked_at = visit.slot.start - timedelta(days=1)
            if patient.coverages and random.random() < 0.3 and asked_at < self.calendar.now:
                self.rows[EligibilityCheck].append(_make_check(random, visit, patient))
            if visit.row["status"] == "Complete":
                code = VISIT_CODES[profiles[visit.row["profile_id"]]]
                VisitBill(self, random, visit, patient).bill(code)
        for patient in self.patients.values():
            if patient.coverages and patient.row["id"] % 17 == 0:
                self.rows[PatientAuthorization].append(self._make_authorization(patient))

    def write(self) -> None:
        """Load the rows. The visits must have been loaded before."""
        self.copy(Remittance, list(self.remittances.values()))
        for remittance, row in self.of_remittances:
            row["remittance_id"] = remittance["id"]
        self.copy(LineItem, self.rows[LineItem])
        for item, row in self.of_line_items:
            row["line_item_id"] = item["id"]
        for model in (Transaction, PatientPayment, EligibilityCheck, PatientAuthorization, BillingNote):
            self.copy(model, self.rows[model])
        self.copy(PaymentLogEntry, [_make_log_entry(payment) for payment in self.rows[PatientPayment]])

    def get_remittance(self, doctor: int, payer: Row, at: datetime) -> Row:
        """Return the remittance that a payer sends to a doctor on a day."""
        key = (doctor, payer["insurance_payer_id"], at.toordinal())
        if key not in self.remittances:
            day = at.date().isoformat()
            self.remittances[key] = {
                "doctor_id": doctor,
                "insurance_payer_name": payer["insurance_company"],
                "insurance_payer_id": payer["insurance_payer_id"],
                "insurance_payer_trace_number": f"EFT{at.toordinal()}{len(self.remittances):05d}",
                "payment_method": "ACH",
                "total_paid": 0,
                "check_date": day,
                "deposit_date": day,
                "posted_date": day,
                **_make_stamps(at),
            }
        return self.remittances[key]

    def _make_authorization(self, patient: PatientRecord) -> Row:
        """Make an authorization, a current one for patients of odd ids, else one that has expired."""
        dates, today, number = self.calendar.dates, self.calendar.today, patient.row["id"]
        first, last = (-20, 160) if number % 2 else (-200, -20)
        return {
            "doctor_id": patient.row["doctor_id"],
            "patient_id": number,
            "auth_number": f"AUTH{number:06d}",
            "status": "Approved",
            "specialty": "Physical Therapy",
            "start_date": dates[today + first],
            "end_date": dates[min(today + last, max(dates))],
            "number_of_visits": 12,
            "visits_used": number % 9,
            "procedure_codes": [{"code": "97110", "price": "60.00", "quantity": "2.00"}],
        }


class VisitBill:
    """The bill of one completed visit."""

    def __init__(self, claims: Claims, random: Random, visit: Visit, patient: PatientRecord) -> None:
        self.claims, self.random, self.patient = claims, random, patient
        self.slot, self.visit, self.diagnoses = visit.slot, visit.row, list_topics(patient, visit)
        self.now = claims.calendar.now

    def bill(self, code: str) -> None:
        """Make the line items of the visit, the first of which has this code, and what has been paid of them."""
        random, visit = self.random, self.visit
        age = self.slot.start.year - int(self.patient.row["date_of_birth"][:4])
        is_child_checkup = code == "99396" and age < 18
        additional = random.sample(ADDITIONAL_CODES, random.choice((0, 0, 1, 1, 2)))
        posted_at = self.slot.start + timedelta(minutes=self.slot.minutes + 90)
        if "icd10_codes" not in visit:
            visit["icd10_codes"] = self.diagnoses
        visit["first_billed_date"] = visit["last_billed_date"] = posted_at.isoformat()
        for index, of_item in enumerate(["99392" if is_child_checkup else code, *additional]):
            self._add_item(PRICES[of_item], posted_at, is_first=index == 0)
        if random.random() < 0.05:
            self.claims.rows[BillingNote].append(
                {"appointment_id": visit["id"], "text": random.choice(NOTES), **_make_stamps(posted_at)}
            )

    def _add_item(self, price: Price, posted_at: datetime, *, is_first: bool) -> None:
        item = self._make_item(price, posted_at)
        self.claims.rows[LineItem].append(item)
        if not is_first and self.random.random() < 0.03:
            deleted_at = (posted_at + timedelta(minutes=20)).isoformat()
            item |= {"archived": True, "deleted_at": deleted_at, "updated_at": deleted_at}
        elif item["self_pay"]:
            self._add_payment(item, price.price, posted_at)
        elif posted_at + ADJUDICATION_TIME < self.now:
            self._adjudicate(item, has_copay=is_first)

    def _make_item(self, price: Price, posted_at: datetime) -> Row:
        visit = self.visit
        is_self_pay = not self.patient.coverages
        return {
            "appointment_id": visit["id"],
            "doctor_id": visit["doctor_id"],
            "patient_id": visit["patient_id"],
            "code": price.code,
            "procedure_type": price.procedure_type,
            "diagnosis_pointers": [1, 0, 0, 0],
            "modifiers": ["", "", "", ""],
            "price": price.price,
            "allowed": None if is_self_pay else price.allowed,
            "expected_reimbursement": None if is_self_pay else price.allowed,
            "self_pay": is_self_pay,
            "description": price.description,
            "billing_status": "" if is_self_pay else "In Process Payer",
            **_make_stamps(posted_at),
        }

    def _adjudicate(self, item: Row, *, has_copay: bool) -> None:
        """Add the insurer's transactions: a denial, or the allowed amount less the copay and an adjustment."""
        at = self.slot.start + ADJUDICATION_TIME
        allowed = item["allowed"]
        copay = min(int(float(self.patient.row.get("copay") or 0)), allowed) if has_copay else 0
        if self.random.random() < 0.05:
            item |= {"billing_status": "ERA Denied", "insurance_status": "Denied"}
            self._add_transaction(item, at, claim_status="4", adjustment_reason="16")
            return
        item |= {"billing_status": "ERA Received", "insurance_status": "Processed as Primary"}
        self._add_transaction(
            item,
            at,
            ins_paid=allowed - copay,
            adjustment=item["price"] - allowed,
            adjustment_group_code="CO",
            adjustment_reason="45",
            claim_status="1",
        )
        if copay:
            self._add_transaction(
                item,
                at,
                adjustment=copay,
                adjustment_group_code="PR",
                adjustment_reason="3",
                claim_status="1",
            )
            self._settle_copay(item, copay, at)

    def _settle_copay(self, item: Row, copay: int, at: datetime) -> None:
        """Add the transaction of the secondary insurer, or where there is none, the patient's payment."""
        if len(self.patient.coverages) > 1:
            self._add_transaction(item, at + SECONDARY_DELAY, rank=2, ins_paid=copay, claim_status="2")
        elif self.random.random() < 0.8:
            self._add_payment(item, copay, at + timedelta(days=2), payment_type="COPAY")

    def _add_transaction(self, item: Row, at: datetime, *, rank: int = 1, **columns: Any) -> None:
        """Add a transaction of the insurer of this rank, unless its time is yet to come."""
        if at > self.now:
            return
        claims = self.claims
        remittance = claims.get_remittance(item["doctor_id"], self.patient.coverages[rank - 1], at)
        remittance["total_paid"] += columns.get("ins_paid", 0)
        row = {
            "patient_id": item["patient_id"],
            "ins_name": rank,
            "trace_number": remittance["insurance_payer_trace_number"],
            "check_date": remittance["check_date"],
            **columns,
            **_make_stamps(at),
        }
        item["updated_at"] = at.isoformat()
        claims.rows[Transaction].append(row)
        claims.of_line_items.append((item, row))
        claims.of_remittances.append((remittance, row))

    def _add_payment(self, item: Row, amount: int, at: datetime, *, payment_type: str = "") -> None:
        """Add a payment of the patient, of all or half of the amount; some don't pay."""
        if at > self.now or self.random.random() < 0.1:
            return
        visit = self.visit
        row = {
            "doctor_id": visit["doctor_id"],
            "patient_id": visit["patient_id"],
            "appointment_id": visit["id"],
            "amount": amount if self.random.random() < 0.85 else f"{amount / 2:.2f}",
            "payment_method": self.random.choice(METHODS),
            "payment_transaction_type": payment_type,
            "received_date": at.date().isoformat(),
            "posted_date": at.date().isoformat(),
            **_make_stamps(at),
        }
        item["updated_at"] = at.isoformat()
        self.claims.rows[PatientPayment].append(row)
        self.claims.of_line_items.append((item, row))


def _make_stamps(at: datetime) -> Row:
    return {"created_at": at.isoformat(), "updated_at": at.isoformat()}


def _make_log_entry(payment: Row) -> Row:
    return {
        **{name: payment[name] for name in PAYMENT_LOG_COLUMNS},
        "payment_id": payment["id"],
        "action": "C",
        "source": "Console",
    }


def _make_check(random: Random, visit: Visit, patient: PatientRecord) -> Row:
    """Make the eligibility check of the day before a visit. The coverage is nearly always active."""
    coverage, row = patient.coverages[0], patient.row
    asked_at = visit.slot.start - timedelta(days=1)
    service_type = random.choice(SERVICE_TYPES)
    is_active = random.random() < 0.95
    eligibility = "1" if is_active else "6"
    subscriber = {
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "date_of_birth": row["date_of_birth"],
        "gender": row["gender"],
        "member_id": coverage["insurance_id_number"],
        "group_number": coverage.get("insurance_group_number", ""),
        "plan_name": coverage.get("insurance_plan_name", ""),
    }
    benefits = [{"eligibility": eligibility, "service_type": service_type, "coverage_level": "Individual"}]
    if is_active and row.get("copay"):
        copay = {"eligibility": "B", "service_type": "98", "amount": row["copay"], "in_network": "Yes"}
        benefits.append(copay)
    return {
        "doctor_id": visit.row["doctor_id"],
        "patient_id": visit.row["patient_id"],
        "appointment_id": visit.row["id"],
        "payer_name": coverage["insurance_company"],
        "eligibility": eligibility,
        "request_service_type": service_type,
        "query_date": asked_at.isoformat(),
        "coverage_subscriber": {name: text for name, text in subscriber.items() if text},
        "coverage_details": {"benefits": benefits},
        **_make_stamps(asked_at),
    }
