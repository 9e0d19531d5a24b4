"""Payments of patients and their log, insurance transactions, eligibility checks."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charthouse.domains.billing import postings
from charthouse.domains.billing.models import EligibilityCheck
from charthouse.identity import tenancy
from tests.domains.billing.client import BillingClient


def test_payment_has_visit_of_line_item(billing: BillingClient) -> None:
    item = billing.charge()
    payment = billing.pay("25", line_item=item["id"], payment_method="VISA")
    assert payment["appointment"] == item["appointment"]
    assert payment["doctor"] == billing.doctor.pk
    assert payment["created_by"] == billing.user.pk
    assert payment["amount"] == "25.00"
    assert payment["posted_date"]


def test_payment_without_line_item(billing: BillingClient) -> None:
    assert billing.pay("25")["appointment"] is None
    assert billing.pay("25", appointment=billing.visit["id"])["appointment"] == int(billing.visit["id"])
    assert billing.pay("25")["doctor"] == billing.doctor.pk


@pytest.mark.parametrize("amount", ["0", 0, "0.00", "0.001", "-0.009"])
def test_zero_is_rejected(billing: BillingClient, amount: object) -> None:
    response = billing.try_to_pay(amount)
    assert response.status_code == 400
    assert response.json() == {"amount": ["A payment can't be zero."]}


@pytest.mark.parametrize("sent", ["10", "-10"])
def test_refund_is_negative(billing: BillingClient, sent: str) -> None:
    item = billing.charge()
    billing.pay("25", line_item=item["id"])
    assert billing.pay(sent, line_item=item["id"], payment_transaction_type="REF")["amount"] == "-10.00"
    assert billing.item(item)["pt_paid"] == "15.00"


def test_correction_has_either_sign(billing: BillingClient) -> None:
    item = billing.charge()
    billing.pay("25.10", line_item=item["id"])
    billing.pay("-0.10", line_item=item["id"], payment_transaction_type="COR")
    billing.pay("1", line_item=item["id"], payment_transaction_type="COR")
    assert billing.item(item)["pt_paid"] == "26.00"


def test_line_item_and_appointment_must_be_of_patient(billing: BillingClient) -> None:
    item, other = billing.charge(), billing.other_patient()
    theirs = billing.book("2026-03-02T12:00:00", patient=other)
    answers = {
        "line_item": billing.try_to_pay("5", patient=other, line_item=item["id"]),
        "appointment": billing.try_to_pay("5", appointment=theirs["id"]),
    }
    for name, answer in answers.items():
        assert answer.status_code == 400
        assert list(answer.json()) == [name]
    answer = billing.try_to_pay("5", line_item=item["id"], appointment=theirs["id"])
    assert answer.json() == {"appointment": ["It is not the line item's."]}


def test_log_records_actions(billing: BillingClient) -> None:
    item = billing.charge()
    payment = billing.pay("25", line_item=item["id"], payment_method="CASH")
    with tenancy.within(billing.clinic.id):
        postings.delete_payment(billing.clinic.id, payment["id"], "Console", billing.user.pk)
    log = billing.http.get("/api/patient_payment_log", params={"office": billing.office.pk}).json()["results"]
    assert [(entry["action"], entry["source"], entry["amount"]) for entry in log] == [
        ("C", "API", "25.00"),
        ("D", "Console", "25.00"),
    ]
    assert all(entry["payment_method"] == "CASH" and entry["patient"] == billing.patient_id for entry in log)
    assert billing.ids("patient_payments") == []
    assert billing.item(item)["pt_paid"] == "0.00"


def test_rejected_payment_is_not_logged(billing: BillingClient) -> None:
    good = {"patient": billing.patient_id, "amount": "5"}
    assert billing.post("patient_payments", [good, good | {"amount": "0"}]).status_code == 400
    assert billing.ids("patient_payments") == billing.ids("patient_payment_log") == []


def test_transaction_shows_insurer_of_its_rank(billing: BillingClient) -> None:
    item = billing.charge()
    first = billing.answer(item, ins_name=1, ins_paid=Decimal("80.5"), trace_number="EFT-1")
    second = billing.answer(item, ins_name=2)
    shown = billing.get(first, "transactions")
    assert shown["insurance"] == {"id_number": "CH010", "message": "", "name": "Alpine Mutual Health"}
    assert (shown["patient"], shown["doctor"]) == (billing.patient_id, billing.doctor.pk)
    assert (shown["ins_paid"], shown["trace_number"]) == ("80.50", "EFT-1")
    assert billing.get(second, "transactions")["insurance"] is None
    day = shown["posted_date"][:10]
    assert billing.ids("transactions", posted_date=day, appointment=billing.visit["id"]) == [first, second]
    assert billing.ids("transactions", posted_date="2001-01-01") == []


def test_eligibility_checks_are_filtered(billing: BillingClient) -> None:
    visit = int(billing.visit["id"])  # on 2026-03-02
    made = [
        _create_check(billing, eligibility="1", request_service_type="30", appointment_id=visit, day=1),
        _create_check(billing, eligibility="6", request_service_type="98", appointment_id=visit, day=2),
        _create_check(billing, eligibility="CB", request_service_type="88", appointment_id=None, day=3),
    ]

    def found(**asked: str) -> list[int]:
        return [made.index(row) for row in billing.ids("eligibility_checks", **asked)]

    assert found(service_types="30") == [0]
    assert found(service_types="30, 88") == [0, 2]
    assert found(eligibilities="6,CB") == [1, 2]
    assert found(eligibilities="6", service_types="30") == []
    assert found(query_date="2026-01-02") == [1]
    assert found(query_date_range="2026-01-02/2026-01-03") == [1, 2]
    assert found(appointment_date="2026-03-02") == [0, 1]
    assert found(appointment_date_range="2026-03-03/2026-03-05") == []
    for name in ("service_types", "eligibilities"):
        response = billing.http.get("/api/eligibility_checks", params={name: "30,nonsense"})
        assert response.status_code == 400
        assert list(response.json()) == [name]
    shown = billing.get(made[1], "eligibility_checks")
    assert shown["eligibility"] == "Inactive"
    assert shown["service_type_description"]
    assert shown["coverage_details"]["benefits"][0]["amount"] == "25.00"
    plain = billing.http.get(f"/api/eligibility_checks/{made[1]}").json()
    assert "coverage_details" not in plain
    assert "" not in plain["coverage_subscriber"].values()


def _create_check(billing: BillingClient, *, day: int, **values: object) -> int:
    with tenancy.within(billing.clinic.id):
        return int(
            EligibilityCheck.objects.create(
                practice=billing.clinic.practice,
                doctor=billing.doctor,
                patient_id=billing.patient_id,
                query_date=datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC),
                coverage_subscriber={"first_name": "Ada", "member_id": "A1"},
                coverage_details={"benefits": [{"eligibility": "B", "amount": "25.00"}]},
                **values,
            ).pk
        )
