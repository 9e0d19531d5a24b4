"""Line items: patient, diagnoses, fee schedule and deletion."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.domains.billing.client import BillingClient


def test_new_line_item(billing: BillingClient) -> None:
    item = billing.charge(price="145", quantity="1.5", modifiers=["25"])
    assert item["patient"] == billing.patient_id
    assert item["procedure_type"] == "CPT(C)"
    assert item["modifiers"] == ["25", "", "", ""]
    assert item["diagnosis_pointers"] == [1, 0, 0, 0]
    assert item["billed"] == item["balance_ins"] == item["balance_total"] == "217.50"
    assert item["balance_pt"] == item["paid_total"] == item["adjustment"] == "0.00"
    assert item["units"] == "UN"
    assert item["service_date"] == "2026-03-02"
    assert item["billing_status"] == ""
    assert item["denied_flag"] is False


def test_uninsured_patient_owes_everything() -> None:
    item = BillingClient(insured=False).charge()
    assert (item["balance_pt"], item["balance_ins"]) == ("145.00", "0.00")


def test_payer_does_not_change_after_posting(billing: BillingClient) -> None:
    before = billing.charge()
    assert billing.patch(billing.patient_id, patient_payment_profile="Cash").status_code == 204
    assert billing.item(before)["balance_ins"] == "145.00"
    assert billing.charge()["balance_pt"] == "145.00"


def test_insurer_pays_writes_off_and_passes_on(billing: BillingClient) -> None:
    item = billing.charge()
    billing.answer(
        item, ins_paid=Decimal(80), adjustment=Decimal(45), adjustment_group_code="CO", claim_status="1"
    )
    billing.answer(item, adjustment=Decimal(20), adjustment_group_code="PR", claim_status="1")
    shown = billing.item(item)
    assert (shown["balance_ins"], shown["balance_pt"], shown["adjustment"]) == ("0.00", "20.00", "45.00")
    billing.pay("20", line_item=item["id"], payment_transaction_type="COPAY")
    assert billing.item(item)["balance_total"] == "0.00"


def test_secondary_insurer_answers_for_amount_passed_on(billing: BillingClient) -> None:
    item = billing.charge()
    billing.answer(item, ins_paid=Decimal(100), adjustment=Decimal(45), adjustment_group_code="PR")
    billing.answer(item, ins_name=2, ins_paid=Decimal(40), adjustment=Decimal(5), adjustment_group_code="PR")
    shown = billing.item(item)
    assert (shown["ins1_paid"], shown["ins2_paid"], shown["ins_total"]) == ("100.00", "40.00", "140.00")
    assert (shown["balance_pt"], shown["balance_ins"], shown["balance_total"]) == ("5.00", "0.00", "5.00")


def test_last_transaction_decides_denial(billing: BillingClient) -> None:
    item = billing.charge()
    billing.answer(item, claim_status="4")
    assert billing.item(item)["denied_flag"] is True
    billing.answer(item, claim_status="1", ins_paid=Decimal(10))
    assert billing.item(item)["denied_flag"] is False


def test_since_finds_line_item_with_changed_balance(billing: BillingClient) -> None:
    item, other = billing.charge(), billing.charge()
    moment = clock.now().isoformat().replace("+00:00", "")
    assert billing.ids("line_items", since=moment) == []
    billing.pay("5", line_item=item["id"])
    assert billing.ids("line_items", since=moment) == [item["id"]]
    billing.answer(other, ins_paid=Decimal(1))
    assert billing.ids("line_items", since=moment) == [item["id"], other["id"]]


# -- fee schedules ----------------------------------------------------------------------------------------------

MODIFIERS = ["25", "59", "76", "91"]
# Schedules (values, with days from today on; values of the item), the prices of an insured and of another patient.
FEES: dict[str, tuple[list[tuple[dict[str, Any], dict[str, Any]]], str | None, str | None]] = {
    "its prices": ([({}, {})], "120.00", "90.00"),
    "no price of its own": ([({}, {"insured_price": 0, "cash_price": 0})], "145.00", "145.00"),
    "the payer's before the general one": (
        [({}, {}), ({"payer_id": "CH010"}, {"insured_price": 111})],
        "111.00",
        "90.00",
    ),
    "another payer's": ([({"payer_id": "OTHER"}, {})], None, None),
    "an archived one": ([({"archived": True}, {})], None, None),
    "an archived item": ([({}, {"archived": True})], None, None),
    "from tomorrow": ([({"effective_date": 2}, {})], None, None),
    "until yesterday": ([({"ineffective_date": -2}, {})], None, None),
    "today": ([({"effective_date": 0, "ineffective_date": 0}, {})], "120.00", "90.00"),
    "another kind of code": ([({}, {"code_type": "HCPCS"})], None, None),
}


@each_case("name", FEES)
def test_fee_schedule_fills_price_and_modifiers(name: str) -> None:
    schedules, *prices = FEES[name]
    for insured, price in zip((True, False), prices, strict=True):
        billing = BillingClient(insured=insured)
        practice = billing.clinic.practice
        usual: dict[str, Any] = {"code": "99214", "base_price": 145, "insured_price": 120, "cash_price": 90}
        usual |= {f"cpt_hcpcs_modifier{number}": value for number, value in enumerate(MODIFIERS, 1)}
        with tenancy.within(billing.clinic.id):
            for schedule, item in schedules:
                days = {
                    name: clock.now().date() + timedelta(days=value) if name.endswith("_date") else value
                    for name, value in schedule.items()
                }
                made = FeeSchedule.objects.create(practice=practice, doctor=billing.doctor, **days)
                FeeScheduleItem.objects.create(practice=practice, schedule=made, **usual | item)
        body = {
            "appointment": billing.visit["id"],
            "doctor": billing.doctor.pk,
            "code": "99214",
            "procedure_type": "C",
            "diagnosis_pointers": [],
        }
        asked = {"use_fee_schedule_defaults": "true"}
        answer = billing.http.post("/api/line_items", json=body, params=asked)
        if price is None:
            assert (answer.status_code, list(answer.json())) == (400, ["price"])
            continue
        assert (answer.json()["price"], answer.json()["modifiers"]) == (price, MODIFIERS)
        given = billing.http.post("/api/line_items", json=body | {"price": "1.00"}, params=asked).json()
        assert (given["price"], given["modifiers"]) == ("1.00", MODIFIERS)
        given = billing.http.post("/api/line_items", json=body | {"modifiers": ["AS"]}, params=asked).json()
        assert (given["price"], given["modifiers"][0]) == (price, "AS")
        assert billing.http.post("/api/line_items", json=body).status_code == 400, "nobody asked for it"


# -- diagnoses --------------------------------------------------------------------------------------------------


def test_icd_codes_become_diagnoses_of_visit(billing: BillingClient) -> None:
    assert billing.charge(diagnosis_pointers=["E11.9", "i10"])["diagnosis_pointers"] == [1, 2, 0, 0]
    assert billing.charge(diagnosis_pointers=["J45909", "E11.9", 2])["diagnosis_pointers"] == [3, 1, 2, 0]
    assert billing.read_appointment(billing.visit)["icd10_codes"] == ["E11.9", "I10", "J45.909"]


def test_missing_diagnosis_makes_claim_incomplete(billing: BillingClient) -> None:
    item = billing.charge(diagnosis_pointers=[1, 2])
    assert item["billing_status"] == "Incomplete Information"
    assert billing.patch(item["id"], "line_items", diagnosis_pointers=["E11.9", "I10"]).status_code == 204
    assert billing.item(item)["billing_status"] == ""
    assert billing.charge(diagnosis_pointers=[])["billing_status"] == "Incomplete Information"


@pytest.mark.parametrize(
    "pointers", [[1, 2, 3, 4, 5], [-1], [13], ["99213"], ["E119999999"], ["x"], "1", None]
)
def test_invalid_pointers_are_rejected(billing: BillingClient, pointers: object) -> None:
    response = billing.try_to_charge(diagnosis_pointers=pointers)
    assert response.status_code == 400
    assert list(response.json()) == ["diagnosis_pointers"]


def test_visit_has_at_most_twelve_diagnoses(billing: BillingClient) -> None:
    for first in (0, 4, 8):
        billing.charge(diagnosis_pointers=[f"E11.{first + n}" for n in range(4)])
    response = billing.try_to_charge(diagnosis_pointers=["I10"])
    assert response.json() == {"diagnosis_pointers": ["A visit has at most 12 diagnoses."]}


# -- the visit --------------------------------------------------------------------------------------------------


def test_visit_shows_billing_times(billing: BillingClient) -> None:
    assert billing.visit["first_billed_date"] is None
    item = billing.charge()
    shown = billing.read_appointment(billing.visit)
    assert shown["first_billed_date"] == shown["last_billed_date"] == item["posted_date"]
    with clock.shift(timedelta(minutes=1)):
        billing.charge()
    later = billing.read_appointment(billing.visit)
    assert later["first_billed_date"] == shown["first_billed_date"] < later["last_billed_date"]
    assert later["updated_at"] > shown["updated_at"]


def test_break_cannot_be_billed(billing: BillingClient) -> None:
    lunch = billing.book("2026-03-02T12:00:00", patient=None)
    response = billing.try_to_charge(appointment=lunch["id"])
    assert response.json() == {"appointment": ["A break can't be billed."]}


def test_patient_of_line_item_does_not_change(billing: BillingClient) -> None:
    item = billing.charge()
    theirs = billing.book("2026-03-02T12:00:00", patient=billing.other_patient())
    response = billing.patch(item["id"], "line_items", appointment=theirs["id"])
    assert response.json() == {"appointment": ["The appointment is another patient's."]}


def test_filters_by_day() -> None:
    """The day of a visit is its office's, the day of posting UTC's."""
    billing = BillingClient(zone="US/Pacific")
    billing.visit = billing.book("2026-03-03T20:00:00")  # the fourth, UTC
    item = billing.charge()
    posted = item["posted_date"][:10]
    assert billing.ids("line_items", service_date="2026-03-03") == [item["id"]]
    assert billing.ids("line_items", service_date="2026-03-04") == []
    assert billing.ids("line_items", posted_date=posted) == [item["id"]]
    assert (
        billing.ids("line_items", posted_date=(date.fromisoformat(posted) - timedelta(1)).isoformat()) == []
    )
    assert billing.ids("line_items", office=billing.office.pk, patient=billing.patient_id) == [item["id"]]


# -- fee schedules ----------------------------------------------------------------------------------------------


def test_fee_schedule_of_payer_takes_precedence(billing: BillingClient) -> None:
    _create_fee_schedule(billing, payer="", description="Office visit", allowed=90)
    _create_fee_schedule(billing, payer="OTHER", description="Not this one", allowed=10)
    assert billing.charge()["expected_reimbursement"] == "90.00"
    _create_fee_schedule(billing, payer="CH010", description="Office visit of the plan", allowed=81)
    _create_fee_schedule(
        billing, payer="CH010", description="Not yet", allowed=1, effective_date=date(2999, 1, 1)
    )
    item = billing.charge(quantity=2)
    assert (item["description"], item["expected_reimbursement"]) == ("Office visit of the plan", "162.00")
    assert billing.charge(code="99214")["expected_reimbursement"] is None


def _create_fee_schedule(
    billing: BillingClient, *, payer: str, description: str, allowed: int, **schedule: object
) -> None:
    with tenancy.within(billing.clinic.id):
        plan = FeeSchedule.objects.create(
            practice=billing.clinic.practice, doctor=billing.doctor, payer_id=payer, **schedule
        )
        FeeScheduleItem.objects.create(
            practice=billing.clinic.practice,
            schedule=plan,
            code="99213",
            description=description,
            allowed_amount=allowed,
        )


# -- deletion ---------------------------------------------------------------------------------------------------


def test_deleted_line_item_is_not_found(billing: BillingClient) -> None:
    item = billing.charge()
    assert billing.http.delete(f"/api/line_items/{item['id']}").status_code == 204
    assert billing.ids("line_items") == []
    assert billing.http.get(f"/api/line_items/{item['id']}").status_code == 404
    response = billing.try_to_pay("10", line_item=item["id"])
    assert response.status_code == 400


def test_line_item_with_postings_cannot_be_deleted(billing: BillingClient) -> None:
    paid, answered = billing.charge(), billing.charge()
    billing.pay("10", line_item=paid["id"])
    billing.answer(answered, claim_status="4")
    for item in (paid, answered):
        assert billing.http.delete(f"/api/line_items/{item['id']}").status_code == 409
        assert billing.item(item)["id"] == item["id"]
