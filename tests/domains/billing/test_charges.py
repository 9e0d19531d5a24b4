"""Line items: whose they are, what they point to, what the fee schedule says, when they may go."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from charthouse import clock
from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem
from charthouse.identity import tenancy
from tests.domains.billing.desk import Desk


def test_a_new_charge(desk: Desk) -> None:
    item = desk.charge(price="145", quantity="1.5", modifiers=["25"])
    assert item["patient"] == desk.patient_id
    assert item["procedure_type"] == "CPT(C)"
    assert item["modifiers"] == ["25", "", "", ""]
    assert item["diagnosis_pointers"] == [1, 0, 0, 0]
    assert item["billed"] == item["balance_ins"] == item["balance_total"] == "217.50"
    assert item["balance_pt"] == item["paid_total"] == item["adjustment"] == "0.00"
    assert item["units"] == "UN"
    assert item["service_date"] == "2026-03-02"
    assert item["billing_status"] == ""
    assert item["denied_flag"] is False


def test_without_insurance_the_patient_owes_it_all() -> None:
    item = Desk(insured=False).charge()
    assert (item["balance_pt"], item["balance_ins"]) == ("145.00", "0.00")


def test_who_pays_first_stays_as_it_was_when_it_was_posted(desk: Desk) -> None:
    before = desk.charge()
    assert desk.patch(desk.patient_id, patient_payment_profile="Cash").status_code == 204
    assert desk.item(before)["balance_ins"] == "145.00"
    assert desk.charge()["balance_pt"] == "145.00"


def test_an_insurer_pays_writes_off_and_passes_on(desk: Desk) -> None:
    item = desk.charge()
    desk.answer(
        item, ins_paid=Decimal(80), adjustment=Decimal(45), adjustment_group_code="CO", claim_status="1"
    )
    desk.answer(item, adjustment=Decimal(20), adjustment_group_code="PR", claim_status="1")
    shown = desk.item(item)
    assert (shown["balance_ins"], shown["balance_pt"], shown["adjustment"]) == ("0.00", "20.00", "45.00")
    desk.pay("20", line_item=item["id"], payment_transaction_type="COPAY")
    assert desk.item(item)["balance_total"] == "0.00"


def test_a_second_insurer_answers_for_what_the_first_passed_on(desk: Desk) -> None:
    item = desk.charge()
    desk.answer(item, ins_paid=Decimal(100), adjustment=Decimal(45), adjustment_group_code="PR")
    desk.answer(item, ins_name=2, ins_paid=Decimal(40), adjustment=Decimal(5), adjustment_group_code="PR")
    shown = desk.item(item)
    assert (shown["ins1_paid"], shown["ins2_paid"], shown["ins_total"]) == ("100.00", "40.00", "140.00")
    assert (shown["balance_pt"], shown["balance_ins"], shown["balance_total"]) == ("5.00", "0.00", "5.00")


def test_denied_is_what_was_said_last(desk: Desk) -> None:
    item = desk.charge()
    desk.answer(item, claim_status="4")
    assert desk.item(item)["denied_flag"] is True
    desk.answer(item, claim_status="1", ins_paid=Decimal(10))
    assert desk.item(item)["denied_flag"] is False


def test_since_finds_a_charge_whose_balance_changed(desk: Desk) -> None:
    item, other = desk.charge(), desk.charge()
    moment = clock.now().isoformat().replace("+00:00", "")
    assert desk.ids("line_items", since=moment) == []
    desk.pay("5", line_item=item["id"])
    assert desk.ids("line_items", since=moment) == [item["id"]]
    desk.answer(other, ins_paid=Decimal(1))
    assert desk.ids("line_items", since=moment) == [item["id"], other["id"]]


# -- diagnoses --------------------------------------------------------------------------------------------------


def test_icd_codes_become_diagnoses_of_the_visit(desk: Desk) -> None:
    assert desk.charge(diagnosis_pointers=["E11.9", "i10"])["diagnosis_pointers"] == [1, 2, 0, 0]
    assert desk.charge(diagnosis_pointers=["J45909", "E11.9", 2])["diagnosis_pointers"] == [3, 1, 2, 0]
    assert desk.shown(desk.visit)["icd10_codes"] == "E11.9, I10, J45.909"


def test_a_pointer_to_nothing_makes_the_claim_incomplete(desk: Desk) -> None:
    item = desk.charge(diagnosis_pointers=[1, 2])
    assert item["billing_status"] == "Incomplete Information"
    assert desk.patch(item["id"], "line_items", diagnosis_pointers=["E11.9", "I10"]).status_code == 204
    assert desk.item(item)["billing_status"] == ""
    assert desk.charge(diagnosis_pointers=[])["billing_status"] == "Incomplete Information"


@pytest.mark.parametrize(
    "pointers", [[1, 2, 3, 4, 5], [-1], [13], ["99213"], ["E119999999"], ["x"], "1", None]
)
def test_pointers_that_can_not_be(desk: Desk, pointers: object) -> None:
    response = desk.try_to_charge(diagnosis_pointers=pointers)
    assert response.status_code == 400
    assert list(response.json()) == ["diagnosis_pointers"]


def test_a_visit_has_twelve_diagnoses_at_most(desk: Desk) -> None:
    for first in (0, 4, 8):
        desk.charge(diagnosis_pointers=[f"E11.{first + n}" for n in range(4)])
    response = desk.try_to_charge(diagnosis_pointers=["I10"])
    assert response.json() == {"diagnosis_pointers": ["A visit has at most 12 diagnoses."]}


# -- the visit --------------------------------------------------------------------------------------------------


def test_the_visit_knows_when_it_was_billed(desk: Desk) -> None:
    assert desk.visit["first_billed_date"] is None
    item = desk.charge()
    shown = desk.shown(desk.visit)
    assert shown["first_billed_date"] == shown["last_billed_date"] == item["posted_date"]
    with clock.shift(timedelta(minutes=1)):
        desk.charge()
    later = desk.shown(desk.visit)
    assert later["first_billed_date"] == shown["first_billed_date"] < later["last_billed_date"]
    assert later["updated_at"] > shown["updated_at"]


def test_a_break_can_not_be_billed(desk: Desk) -> None:
    lunch = desk.book("2026-03-02T12:00:00", patient=None)
    response = desk.try_to_charge(appointment=lunch["id"])
    assert response.json() == {"appointment": ["A break can't be billed."]}


def test_a_charge_stays_with_its_patient(desk: Desk) -> None:
    item = desk.charge()
    theirs = desk.book("2026-03-02T12:00:00", patient=desk.other_patient())
    response = desk.patch(item["id"], "line_items", appointment=theirs["id"])
    assert response.json() == {"appointment": ["The appointment is another patient's."]}


def test_filters_by_day() -> None:
    """A visit's day is its office's; the day of posting is UTC's."""
    desk = Desk(zone="US/Pacific")
    desk.visit = desk.book("2026-03-03T20:00:00")  # the fourth, UTC
    item = desk.charge()
    posted = item["posted_date"][:10]
    assert desk.ids("line_items", service_date="2026-03-03") == [item["id"]]
    assert desk.ids("line_items", service_date="2026-03-04") == []
    assert desk.ids("line_items", posted_date=posted) == [item["id"]]
    assert desk.ids("line_items", posted_date=(date.fromisoformat(posted) - timedelta(1)).isoformat()) == []
    assert desk.ids("line_items", office=desk.office.pk, patient=desk.patient_id) == [item["id"]]


# -- fee schedules ----------------------------------------------------------------------------------------------


def test_the_fee_schedule_of_the_payer_comes_before_the_general_one(desk: Desk) -> None:
    _price(desk, payer="", description="Office visit", allowed=90)
    _price(desk, payer="OTHER", description="Not this one", allowed=10)
    assert desk.charge()["expected_reimbursement"] == "90.00"
    _price(desk, payer="CH010", description="Office visit of the plan", allowed=81)
    _price(desk, payer="CH010", description="Not yet", allowed=1, effective_date=date(2999, 1, 1))
    item = desk.charge(quantity=2)
    assert (item["description"], item["expected_reimbursement"]) == ("Office visit of the plan", "162.00")
    assert desk.charge(code="99214")["expected_reimbursement"] is None


def _price(desk: Desk, *, payer: str, description: str, allowed: int, **schedule: object) -> None:
    with tenancy.within(desk.clinic.id):
        plan = FeeSchedule.objects.create(
            practice=desk.clinic.practice, doctor=desk.doctor, payer_id=payer, **schedule
        )
        FeeScheduleItem.objects.create(
            practice=desk.clinic.practice,
            schedule=plan,
            code="99213",
            description=description,
            allowed_amount=allowed,
        )


# -- deletion ---------------------------------------------------------------------------------------------------


def test_a_deleted_charge_is_gone(desk: Desk) -> None:
    item = desk.charge()
    assert desk.http.delete(f"/api/line_items/{item['id']}").status_code == 204
    assert desk.ids("line_items") == []
    assert desk.http.get(f"/api/line_items/{item['id']}").status_code == 404
    response = desk.try_to_pay("10", line_item=item["id"])
    assert response.status_code == 400


def test_a_charge_with_money_on_it_stays(desk: Desk) -> None:
    paid, answered = desk.charge(), desk.charge()
    desk.pay("10", line_item=paid["id"])
    desk.answer(answered, claim_status="4")
    for item in (paid, answered):
        assert desk.http.delete(f"/api/line_items/{item['id']}").status_code == 409
        assert desk.item(item)["id"] == item["id"]
