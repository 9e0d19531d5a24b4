"""Charges beside the note of a visit: prices of the fee schedule, pointers to diagnoses, undo, and who may not bill."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx
import pytest

from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem, LineItem
from charthouse.domains.billing.postings import post_transaction
from charthouse.domains.patients.models import Coverage
from charthouse.identity import tenancy
from charthouse.identity.models import User
from charthouse.identity.permission_presets import PRESETS
from tests.console.visits.test_note import Notes
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user


class Charges(Notes):
    """A visit with two diagnoses, and a fee schedule of three codes."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic)
        with tenancy.within(clinic.id):
            practice = {"practice": clinic.practice}
            schedule = FeeSchedule.objects.create(doctor=self.doctor, plan_name="All", **practice)
            prices: dict[str, Any] = {"base_price": 145, "insured_price": 130, "cash_price": 120}
            for code, words, kind in (
                ("99213", "Office visit, established", "CPT"),
                ("J3420", "Vitamin B12 injection", "HCPCS"),
                ("FORM", "School form", "Custom"),
            ):
                FeeScheduleItem.objects.create(
                    schedule=schedule, code=code, code_type=kind, description=words, **prices, **practice
                )
        self.act("diagnoses", code="E11.9")
        self.act("diagnoses", code="I10")

    def fees(self, text: str) -> list[dict[str, Any]]:
        answer = self.browser.get(f"/visits/{self.visit}/fees", params={"q": text})
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"]

    def lines(self) -> list[LineItem]:
        with tenancy.within(self.clinic.id):
            rows = LineItem.objects.filter(appointment=self.visit, archived=False)
            return list(rows.order_by("pk"))

    def add(self, **values: Any) -> httpx.Response:
        return self.act("charges", **{"code": "99213", "quantity": "1", "diagnosis": "E11.9"} | values)

    def undo(self, page: httpx.Response) -> httpx.Response:
        """Press Undo of the message on a page."""
        found = re.search(r'<form method="post" action="([^"]+)">(?:(?!</form>).)*data-undo', page.text, re.S)
        assert found is not None, page.text
        sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', found[0]))
        values = {name: unescape(value) for name, value in sent.items()}
        return self.browser.post(found[1], data=values, follow_redirects=True)


@pytest.fixture
def clinic() -> Clinic:
    """A practice whose primary user can sign in with PASSWORD."""
    made = make_practice("Hill Clinic")
    made.user.set_password(PASSWORD)
    made.user.save()
    return made


@pytest.fixture
def charges(clinic: Clinic) -> Charges:
    return Charges(clinic)


@contextmanager
def permissions(user: User, *names: str) -> Iterator[httpx.Client]:
    """A browser of a user who has only these permissions."""
    other = make_user(user.practice, password=PASSWORD, permissions=list(names))
    yield open_signed_in_browser(other.username)


def test_the_fee_schedule_is_searched_by_code_and_words(charges: Charges) -> None:
    found = charges.fees("office vis")
    assert [(one["value"], one["detail"]) for one in found] == [("99213", "$120.00")]
    assert [one["value"] for one in charges.fees("B12")] == ["J3420"]
    assert charges.fees("form")[0]["fills"] == {"price": "120.00"}
    assert charges.fees("") == charges.fees("nothing like it") == []
    assert charges.fees("x\0" + "y " * 300) == []
    with tenancy.within(charges.clinic.id):
        Coverage.objects.create(
            practice=charges.clinic.practice, patient_id=charges.patient_id, rank=1, insurance_payer_id="AET"
        )
    assert charges.fees("99213")[0]["detail"] == "$130.00", "what the insurer is charged"
    with bounded_queries():
        charges.fees("99213")


def test_a_charge_has_the_price_of_the_fee_schedule_and_its_diagnoses(charges: Charges) -> None:
    page = charges.add(diagnosis=["E11.9", "I10"], quantity="2")
    assert "99213 added to the charges." in page.text
    (line,) = charges.lines()
    assert (str(line.price), str(line.quantity), line.procedure_type) == ("120.00", "2.00", "C")
    assert line.diagnosis_pointers == [1, 2, 0, 0]
    assert (line.doctor_id, line.patient_id, line.billing_status) == (
        charges.doctor.pk,
        charges.patient_id,
        "",
    )
    assert re.search(r"\$120\.00 \S 2 · E11\.9, I10", page.text)
    charges.add(code="J3420", diagnosis=[], price="$1,010.50")
    assert [(one.procedure_type, str(one.price)) for one in charges.lines()][1] == ("H", "1010.50")
    assert charges.lines()[1].billing_status == "Incomplete Information"
    charges.add(code="FORM", price="25")
    assert charges.lines()[2].procedure_type == "U"
    with bounded_queries():
        page = charges.browser.get(f"/visits/{charges.visit}")
    assert page.text.count("Remove charge") == 3


def test_adding_and_removing_are_undone(charges: Charges) -> None:
    page = charges.add(quantity="3", diagnosis="I10")
    assert "99213 removed" in charges.undo(page).text
    assert charges.lines() == []
    charges.add(quantity="3", price="99", diagnosis="I10")
    (line,) = charges.lines()
    page = charges.act("charges/remove", charge=str(line.pk))
    assert charges.lines() == []
    charges.undo(page)
    (again,) = charges.lines()
    assert (str(again.quantity), str(again.price), again.diagnosis_pointers) == (
        "3.00",
        "99.00",
        [2, 0, 0, 0],
    )


def test_a_form_that_is_sent_twice_charges_once(charges: Charges) -> None:
    shown = charges.browser.get(f"/visits/{charges.visit}").text
    token = re.search(r'name="submission" value="([^"]+)">\s*\n?\s*(?=<div class="charge-code)', shown)
    assert token is not None
    for _ in range(2):
        assert charges.add(submission=token[1]).status_code == 200
    assert len(charges.lines()) == 1


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"code": ""}, "charge-code", "may not be blank"),
    ({"code": "99999"}, "charge-price", "the fee schedule has no price"),
    ({"quantity": "many"}, "charge-quantity", "valid number"),
    ({"quantity": "-1"}, "charge-quantity", ""),
    ({"price": "-5"}, "charge-price", ""),
    ({"price": "1" * 40}, "charge-price", ""),
    ({"code": "9" * 400}, "charge-code", ""),
    ({"diagnosis": ["Z00.00"]}, "", "no longer a diagnosis of this visit"),
    ({"diagnosis": ["E11.9"] * 5}, "", "at most 4 diagnoses"),
]


def test_what_is_refused_is_said_at_its_field_and_stays_typed(charges: Charges) -> None:
    for values, field, words in REFUSED:
        page = charges.add(**{"quantity": "7"} | values)
        assert page.status_code == 400, values
        assert words in page.text, values
        assert f'id="{field}-wrong"' in page.text or not field, values
        assert 'name="quantity" value="7"' in page.text or "quantity" in values, values
    assert charges.lines() == []


def test_a_charge_with_postings_stays(charges: Charges) -> None:
    charges.add()
    (line,) = charges.lines()
    with tenancy.within(charges.clinic.id):
        post_transaction(charges.clinic.id, line.pk, ins_paid=20)
    page = charges.act("charges/remove", charge=str(line.pk))
    assert "99213 has payments or insurance transactions." in page.text
    assert len(charges.lines()) == 1


def test_pointers_follow_their_diagnoses(charges: Charges) -> None:
    charges.add(diagnosis=["E11.9", "I10"])
    charges.add(code="J3420", diagnosis=["E11.9"])
    charges.act("diagnoses/remove", code="E11.9")
    both, first = charges.lines()
    assert (both.diagnosis_pointers, both.billing_status) == ([1, 0, 0, 0], "")
    assert (first.diagnosis_pointers, first.billing_status) == ([0, 0, 0, 0], "Incomplete Information")
    charges.act("diagnoses", code="E11.9")
    assert charges.lines()[0].diagnosis_pointers == [1, 0, 0, 0]
    assert charges.read_appointment(str(charges.visit))["icd10_codes"] == ["I10", "E11.9"]


def test_charges_are_for_those_who_may_bill(charges: Charges) -> None:
    charges.add()
    (line,) = charges.lines()
    with permissions(charges.clinic.user, *PRESETS["Nurse"]) as browser:
        page = browser.get(f"/visits/{charges.visit}")
        assert page.status_code == 200
        assert charges.saved(("Complaint", "", "Cough"), browser=browser)["errors"] == {}
        assert 'id="charges"' not in page.text
        assert "99213" not in page.text
        token = charges.read_token(browser)
        for action, values in (
            ("charges", {"code": "99213"}),
            ("charges/remove", {"charge": str(line.pk)}),
        ):
            answer = browser.post(f"/visits/{charges.visit}/{action}", data=token | values)
            assert answer.status_code == 403, action
        assert browser.get(f"/visits/{charges.visit}/fees?q=99213").status_code == 403
    assert len(charges.lines()) == 1


def test_nothing_of_another_visit_or_practice(charges: Charges) -> None:
    charges.add()
    (line,) = charges.lines()
    other = Calendar(clinic=make_practice())
    elsewhere = int(other.book("2026-03-10T09:00:00")["id"])
    assert charges.browser.get(f"/visits/{elsewhere}/fees?q=99213").status_code == 404
    own = charges.visit
    for visit in (elsewhere, int(charges.book("2026-03-11T09:00:00")["id"])):
        charges.visit = own
        token = charges.read_token()
        for row in (str(line.pk), "0", "x", "9" * 30, ""):
            answer = charges.browser.post(f"/visits/{visit}/charges/remove", data=token | {"charge": row})
            assert answer.status_code == 404
    assert (
        charges.browser.post(f"/visits/{elsewhere}/charges", data=token | {"code": "99213"}).status_code
        == 404
    )
    assert len(charges.lines()) == 1
