"""What visits have cost and who has paid: charges on completed visits, insurers' answers two weeks later, patients'
payments, eligibility checks before visits, authorizations."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
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
from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.scheduling.models import BillingNote
from charthouse.sandbox.billing.fee_schedules import PRICES, VISITS, Price
from charthouse.sandbox.calendar import Calendar, Slot
from charthouse.sandbox.patients.population import Person, Row
from charthouse.sandbox.scheduling import visit_reasons as reasons

Copy = Callable[[Any, list[Row]], list[int]]
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
ANSWER = timedelta(days=16)  # until an insurer has answered a claim
EXTRAS = ("36415", "81002", "85025", "93000", "90686", "G0008", "FORM")
METHODS = ("VISA", "VISA", "MSTR", "DBIT", "CASH", "CHCK")
NOTES = ("Called the insurer, claim is in process", "Patient asked for a statement", "Sent a corrected claim")
SERVICES = ("30", "98", "98", "88")  # X12 service types that are asked about


class Bills:
    """The money side of one team's visits. Every lot is drawn from the visit's id, so nothing else shifts with it."""

    def __init__(self, copy: Copy, calendar: Calendar, people: Iterable[Person]) -> None:
        self.copy, self.calendar = copy, calendar
        self.people = {person.row["id"]: person for person in people}
        self.made: dict[Any, list[Row]] = {model: [] for model in MODELS}
        self.of_item: list[tuple[Row, Row]] = []  # a charge, and a row that shall have its id
        self.remittances: dict[tuple[int, str, int], Row] = {}
        self.answered: list[tuple[Row, Row]] = []  # a remittance, and a transaction of it

    def bill(self, visits: list[tuple[Slot, Row]], profiles: dict[int, str]) -> None:
        """Charge for the visits, and say so in their rows. ``profiles``: names by id."""
        for slot, visit in visits:
            person = self.people[visit["patient_id"]]
            lot = Random(visit["id"])  # noqa: S311
            if person.coverages and lot.random() < 0.3 and slot.start - timedelta(days=1) < self.calendar.now:
                self.made[EligibilityCheck].append(_check(lot, visit, slot, person))
            if visit["status"] == "Complete":
                self._charge(lot, visit, slot, person, VISITS[profiles[visit["profile_id"]]])
        for person in self.people.values():
            if person.coverages and person.row["id"] % 17 == 0:
                self.made[PatientAuthorization].append(self._authorization(person))

    def write(self) -> None:
        """The rows into their tables, after the visits are there."""
        self.copy(Remittance, list(self.remittances.values()))
        for remittance, row in self.answered:
            row["remittance_id"] = remittance["id"]
        self.copy(LineItem, self.made[LineItem])
        for item, row in self.of_item:
            row["line_item_id"] = item["id"]
        for model in (Transaction, PatientPayment, EligibilityCheck, PatientAuthorization, BillingNote):
            self.copy(model, self.made[model])
        for payment in self.made[PatientPayment]:
            self.made[PaymentLogEntry].append(_logged(payment))
        self.copy(PaymentLogEntry, self.made[PaymentLogEntry])

    # -- a visit ------------------------------------------------------------------------------------------------

    def _charge(self, lot: Random, visit: Row, slot: Slot, person: Person, code: str) -> None:
        child = code == "99396" and slot.start.year - int(person.row["date_of_birth"][:4]) < 18
        codes = ["99392" if child else code, *lot.sample(EXTRAS, lot.choice((0, 0, 1, 1, 2)))]
        posted = slot.start + timedelta(minutes=slot.minutes + 90)
        if "icd10_codes" not in visit:
            visit["icd10_codes"] = _diagnoses(visit, person.row["id"])
        visit["first_billed_date"] = visit["last_billed_date"] = posted.isoformat()
        for place, each in enumerate(codes):
            item = self._item(visit, PRICES[each], posted, person)
            self.made[LineItem].append(item)
            if place and lot.random() < 0.03:
                later = (posted + timedelta(minutes=20)).isoformat()
                item |= {"archived": True, "deleted_at": later, "updated_at": later}
            elif item["self_pay"]:
                self._pay(lot, item, visit, slot, PRICES[each].price, posted)
            elif posted + ANSWER < self.calendar.now:
                self._answer(lot, item, visit, slot, person, copay=place == 0)
        if lot.random() < 0.05:
            self.made[BillingNote].append(
                {"appointment_id": visit["id"], "text": lot.choice(NOTES), **_stamps(posted)}
            )

    def _item(self, visit: Row, price: Price, posted: datetime, person: Person) -> Row:
        self_pay = not person.coverages
        return {
            "appointment_id": visit["id"],
            "doctor_id": visit["doctor_id"],
            "patient_id": visit["patient_id"],
            "code": price.code,
            "procedure_type": price.kind,
            "diagnosis_pointers": [1, 0, 0, 0],
            "modifiers": ["", "", "", ""],
            "price": price.price,
            "allowed": None if self_pay else price.allowed,
            "expected_reimbursement": None if self_pay else price.allowed,
            "self_pay": self_pay,
            "description": price.words,
            "billing_status": "" if self_pay else "In Process Payer",
            **_stamps(posted),
        }

    def _answer(self, lot: Random, item: Row, visit: Row, slot: Slot, person: Person, *, copay: bool) -> None:
        """The insurer pays what it allows less the copay, writes off the rest; now and then it says no."""
        at = slot.start + ANSWER
        allowed = item["allowed"]
        share = min(int(float(person.row.get("copay") or 0)), allowed) if copay else 0
        if lot.random() < 0.05:
            item |= {"billing_status": "ERA Denied", "insurance_status": "Denied"}
            self._say(item, slot, person, at, claim_status="4", adjustment_reason="16")
            return
        item |= {"billing_status": "ERA Received", "insurance_status": "Processed as Primary"}
        self._say(
            item,
            slot,
            person,
            at,
            ins_paid=allowed - share,
            adjustment=item["price"] - allowed,
            adjustment_group_code="CO",
            adjustment_reason="45",
            claim_status="1",
        )
        if share:
            passed: Row = {"adjustment_group_code": "PR", "adjustment_reason": "3", "claim_status": "1"}
            self._say(item, slot, person, at, adjustment=share, **passed)
            second = len(person.coverages) > 1
            if second:
                self._say(
                    item, slot, person, at + timedelta(days=5), rank=2, ins_paid=share, claim_status="2"
                )
            elif lot.random() < 0.8:
                self._pay(lot, item, visit, slot, share, at + timedelta(days=2), kind="COPAY")

    def _say(
        self, item: Row, slot: Slot, person: Person, at: datetime, *, rank: int = 1, **values: Any
    ) -> None:
        if at > self.calendar.now:
            return
        payer = person.coverages[rank - 1]
        remittance = self._remittance(item["doctor_id"], payer, at)
        remittance["total_paid"] += values.get("ins_paid", 0)
        trace = remittance["insurance_payer_trace_number"]
        row = {"ins_name": rank, "trace_number": trace, "check_date": remittance["check_date"]}
        row |= {**values, **_stamps(at)}
        item["updated_at"] = at.isoformat()
        self.made[Transaction].append(row)
        self.of_item.append((item, row))
        self.answered.append((remittance, row))

    def _remittance(self, doctor: int, payer: Row, at: datetime) -> Row:
        """The one that an insurer sends a doctor on a day."""
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
                **_stamps(at),
            }
        return self.remittances[key]

    def _pay(
        self, lot: Random, item: Row, visit: Row, slot: Slot, amount: int, at: datetime, *, kind: str = ""
    ) -> None:
        if at > self.calendar.now or lot.random() < 0.1:
            return
        paid = amount if lot.random() < 0.85 else f"{amount / 2:.2f}"
        row = {
            "doctor_id": visit["doctor_id"],
            "patient_id": visit["patient_id"],
            "appointment_id": visit["id"],
            "amount": paid,
            "payment_method": lot.choice(METHODS),
            "payment_transaction_type": kind,
            "received_date": at.date().isoformat(),
            "posted_date": at.date().isoformat(),
            **_stamps(at),
        }
        item["updated_at"] = at.isoformat()
        self.made[PatientPayment].append(row)
        self.of_item.append((item, row))

    def _authorization(self, person: Person) -> Row:
        today, number = self.calendar.today, person.row["id"]
        first, last = (-20, 160) if number % 2 else (-200, -20)
        return {
            "doctor_id": person.row["doctor_id"],
            "patient_id": number,
            "auth_number": f"AUTH{number:06d}",
            "status": "Approved",
            "specialty": "Physical Therapy",
            "start_date": self.calendar.days[today + first],
            "end_date": self.calendar.days[min(today + last, max(self.calendar.days))],
            "number_of_visits": 12,
            "visits_used": number % 9,
            "procedure_codes": [{"code": "97110", "price": "60.00", "quantity": "2.00"}],
        }


def _stamps(at: datetime) -> Row:
    return {"created_at": at.isoformat(), "updated_at": at.isoformat()}


def _logged(payment: Row) -> Row:
    kept = (
        "doctor_id",
        "patient_id",
        "appointment_id",
        "amount",
        "payment_method",
        "created_at",
        "updated_at",
    )
    return {
        **{name: payment[name] for name in kept},
        "payment_id": payment["id"],
        "action": "C",
        "source": "Console",
    }


def _check(lot: Random, visit: Row, slot: Slot, person: Person) -> Row:
    """The day before a visit the insurer is asked, and nearly always says yes."""
    coverage, row = person.coverages[0], person.row
    asked = slot.start - timedelta(days=1)
    service = lot.choice(SERVICES)
    active = lot.random() < 0.95
    subscriber = {
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "date_of_birth": row["date_of_birth"],
        "gender": row["gender"],
        "member_id": coverage["insurance_id_number"],
        "group_number": coverage.get("insurance_group_number", ""),
        "plan_name": coverage.get("insurance_plan_name", ""),
    }
    benefits = [
        {"eligibility": "1" if active else "6", "service_type": service, "coverage_level": "Individual"}
    ]
    if active and row.get("copay"):
        benefits.append(
            {"eligibility": "B", "service_type": "98", "amount": row["copay"], "in_network": "Yes"}
        )
    return {
        "doctor_id": visit["doctor_id"],
        "patient_id": visit["patient_id"],
        "appointment_id": visit["id"],
        "payer_name": coverage["insurance_company"],
        "eligibility": "1" if active else "6",
        "request_service_type": service,
        "query_date": asked.isoformat(),
        "coverage_subscriber": {name: text for name, text in subscriber.items() if text},
        "coverage_details": {"benefits": benefits},
        **_stamps(asked),
    }


@cache
def _codes() -> dict[str, str]:
    """ICD-10 codes of the reasons that the desk writes."""
    listed = {*reasons.CHRONIC, *reasons.ACUTE, *reasons.CHILDHOOD, *reasons.CHECKUP.values()}
    return {get_icd10_label(code): code for code in sorted(listed)}


def _diagnoses(visit: Row, patient: int) -> list[str]:
    said = visit["reason"].removeprefix("Follow-up: ")
    return [_codes().get(said) or reasons.CHRONIC[patient % len(reasons.CHRONIC)]]
