"""A billed visit, for tests of billing."""

from decimal import Decimal
from typing import Any

import httpx

from charthouse.domains.billing import postings
from charthouse.domains.patients.models import Coverage, Patient
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import Calendar

SUMS = (
    *(
        "adjustment",
        "balance_ins",
        "balance_pt",
        "balance_total",
        "billed",
        "ins1_paid",
        "ins2_paid",
        "ins3_paid",
    ),
    *("ins_total", "paid_total", "pt_paid"),
)


class BillingClient(Calendar):
    """A doctor with an insured patient and a visit of that patient."""

    def __init__(self, *, insured: bool = True, **options: Any) -> None:
        super().__init__(**options)
        if insured:
            with tenancy.within(self.clinic.id):
                Coverage.objects.create(
                    practice=self.clinic.practice,
                    patient_id=self.patient_id,
                    rank=1,
                    insurance_company="Alpine Mutual Health",
                    insurance_payer_id="CH010",
                )
        self.visit = self.book()

    def charge(self, **values: Any) -> dict[str, Any]:
        """Post a line item that must be accepted."""
        response = self.try_to_charge(**values)
        assert response.status_code == 201, response.text
        return response.json()

    def try_to_charge(self, **values: Any) -> httpx.Response:
        body = {
            "appointment": self.visit["id"],
            "doctor": self.doctor.pk,
            "code": "99213",
            "procedure_type": "C",
            "diagnosis_pointers": ["E11.9"],
            "price": "145.00",
        }
        return self.post("line_items", body | values)

    def try_to_pay(self, amount: Any, **values: Any) -> httpx.Response:
        return self.post("patient_payments", {"patient": self.patient_id, "amount": amount} | values)

    def pay(self, amount: Any, **values: Any) -> dict[str, Any]:
        response = self.try_to_pay(amount, **values)
        assert response.status_code == 201, response.text
        return response.json()

    def answer(self, item: dict[str, Any], **values: Any) -> int:
        """Post an insurer's transaction on a line item; return its id."""
        with tenancy.within(self.clinic.id):
            return int(postings.post_transaction(self.clinic.id, item["id"], **values).pk)

    def item(self, item: dict[str, Any]) -> dict[str, Any]:
        return self.get(item["id"], "line_items")

    def sums(self, item: dict[str, Any]) -> dict[str, Decimal]:
        shown = self.item(item)
        return {name: Decimal(shown[name]) for name in SUMS}

    def other_patient(self) -> int:
        with tenancy.within(self.clinic.id):
            return int(
                Patient.objects.create(
                    practice=self.clinic.practice, doctor=self.doctor, first_name="Bea", gender="Female"
                ).pk
            )


def adds_up(sums: dict[str, Decimal]) -> bool:
    """Return whether the patient's part, the insurers' part and the adjustment make what was billed."""
    patient = sums["pt_paid"] + sums["balance_pt"]
    insurers = sums["ins_total"] + sums["balance_ins"]
    return (
        patient + insurers + sums["adjustment"] == sums["billed"]
        and sums["balance_total"] == sums["balance_pt"] + sums["balance_ins"]
        and sums["paid_total"] == sums["ins_total"] + sums["pt_paid"]
        and sums["ins_total"] == sums["ins1_paid"] + sums["ins2_paid"] + sums["ins3_paid"]
    )
