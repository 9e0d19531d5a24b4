"""Patients' payments, their log, insurers' transactions, eligibility checks."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charthouse.domains.billing import postings
from charthouse.domains.billing.models import EligibilityCheck
from charthouse.identity import tenancy
from tests.domains.billing.desk import Desk


def test_the_visit_is_that_of_the_line_item(desk: Desk) -> None:
    item = desk.charge()
    payment = desk.pay("25", line_item=item["id"], payment_method="VISA")
    assert payment["appointment"] == item["appointment"]
    assert payment["doctor"] == desk.doctor.pk
    assert payment["created_by"] == desk.user.pk
    assert payment["amount"] == "25.00"
    assert payment["posted_date"]


def test_a_payment_needs_no_line_item(desk: Desk) -> None:
    assert desk.pay("25")["appointment"] is None
    assert desk.pay("25", appointment=desk.visit["id"])["appointment"] == int(desk.visit["id"])
    assert desk.pay("25")["doctor"] == desk.doctor.pk


@pytest.mark.parametrize("amount", ["0", 0, "0.00", "0.001", "-0.009"])
def test_zero_is_refused(desk: Desk, amount: object) -> None:
    response = desk.try_to_pay(amount)
    assert response.status_code == 400
    assert response.json() == {"amount": ["A payment can't be zero."]}


@pytest.mark.parametrize("sent", ["10", "-10"])
def test_a_refund_gives_back(desk: Desk, sent: str) -> None:
    item = desk.charge()
    desk.pay("25", line_item=item["id"])
    assert desk.pay(sent, line_item=item["id"], payment_transaction_type="REF")["amount"] == "-10.00"
    assert desk.item(item)["pt_paid"] == "15.00"


def test_a_correction_goes_either_way(desk: Desk) -> None:
    item = desk.charge()
    desk.pay("25.10", line_item=item["id"])
    desk.pay("-0.10", line_item=item["id"], payment_transaction_type="COR")
    desk.pay("1", line_item=item["id"], payment_transaction_type="COR")
    assert desk.item(item)["pt_paid"] == "26.00"


def test_everything_must_be_of_the_patient(desk: Desk) -> None:
    item, other = desk.charge(), desk.other_patient()
    theirs = desk.book("2026-03-02T12:00:00", patient=other)
    answers = {
        "line_item": desk.try_to_pay("5", patient=other, line_item=item["id"]),
        "appointment": desk.try_to_pay("5", appointment=theirs["id"]),
    }
    for name, answer in answers.items():
        assert answer.status_code == 400
        assert list(answer.json()) == [name]
    answer = desk.try_to_pay("5", line_item=item["id"], appointment=theirs["id"])
    assert answer.json() == {"appointment": ["It is not the line item's."]}


def test_the_log_keeps_what_was_done(desk: Desk) -> None:
    item = desk.charge()
    payment = desk.pay("25", line_item=item["id"], payment_method="CASH")
    with tenancy.within(desk.clinic.id):
        postings.delete_payment(desk.clinic.id, payment["id"], "Console", desk.user.pk)
    log = desk.http.get("/api/patient_payment_log", params={"office": desk.office.pk}).json()["results"]
    assert [(entry["action"], entry["source"], entry["amount"]) for entry in log] == [
        ("C", "API", "25.00"),
        ("D", "Console", "25.00"),
    ]
    assert all(entry["payment_method"] == "CASH" and entry["patient"] == desk.patient_id for entry in log)
    assert desk.ids("patient_payments") == []
    assert desk.item(item)["pt_paid"] == "0.00"


def test_a_refused_payment_leaves_no_trace(desk: Desk) -> None:
    good = {"patient": desk.patient_id, "amount": "5"}
    assert desk.post("patient_payments", [good, good | {"amount": "0"}]).status_code == 400
    assert desk.ids("patient_payments") == desk.ids("patient_payment_log") == []


def test_transactions_show_the_insurer_of_their_rank(desk: Desk) -> None:
    item = desk.charge()
    first = desk.answer(item, ins_name=1, ins_paid=Decimal("80.5"), trace_number="EFT-1")
    second = desk.answer(item, ins_name=2)
    shown = desk.get(first, "transactions")
    assert shown["insurance"] == {"payer_name": "Alpine Mutual Health", "payer_id": "CH010"}
    assert (shown["patient"], shown["doctor"]) == (desk.patient_id, desk.doctor.pk)
    assert (shown["ins_paid"], shown["trace_number"]) == ("80.50", "EFT-1")
    assert desk.get(second, "transactions")["insurance"] is None
    day = shown["posted_date"][:10]
    assert desk.ids("transactions", posted_date=day, appointment=desk.visit["id"]) == [first, second]
    assert desk.ids("transactions", posted_date="2001-01-01") == []


def test_eligibility_checks_by_their_lists_and_days(desk: Desk) -> None:
    visit = int(desk.visit["id"])  # on 2026-03-02
    made = [
        _checked(desk, eligibility="1", request_service_type="30", appointment_id=visit, day=1),
        _checked(desk, eligibility="6", request_service_type="98", appointment_id=visit, day=2),
        _checked(desk, eligibility="CB", request_service_type="88", appointment_id=None, day=3),
    ]

    def found(**asked: str) -> list[int]:
        return [made.index(row) for row in desk.ids("eligibility_checks", **asked)]

    assert found(service_types="30") == [0]
    assert found(service_types="30, 88") == [0, 2]
    assert found(eligibilities="6,CB") == [1, 2]
    assert found(eligibilities="6", service_types="30") == []
    assert found(query_date="2026-01-02") == [1]
    assert found(query_date_range="2026-01-02/2026-01-03") == [1, 2]
    assert found(appointment_date="2026-03-02") == [0, 1]
    assert found(appointment_date_range="2026-03-03/2026-03-05") == []
    for name in ("service_types", "eligibilities"):
        response = desk.http.get("/api/eligibility_checks", params={name: "30,nonsense"})
        assert response.status_code == 400
        assert list(response.json()) == [name]
    shown = desk.get(made[1], "eligibility_checks")
    assert shown["eligibility"] == "Inactive"
    assert shown["service_type_description"]
    assert shown["coverage_details"]["benefits"][0]["amount"] == "25.00"
    plain = desk.http.get(f"/api/eligibility_checks/{made[1]}").json()
    assert "coverage_details" not in plain
    assert "" not in plain["coverage_subscriber"].values()


def _checked(desk: Desk, *, day: int, **values: object) -> int:
    with tenancy.within(desk.clinic.id):
        return int(
            EligibilityCheck.objects.create(
                practice=desk.clinic.practice,
                doctor=desk.doctor,
                patient_id=desk.patient_id,
                query_date=datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC),
                coverage_subscriber={"first_name": "Ada", "member_id": "A1"},
                coverage_details={"benefits": [{"eligibility": "B", "amount": "25.00"}]},
                **values,
            ).pk
        )
