"""The ledger of a patient, payments at the front desk with receipts, statements, and what the practice is owed."""

import re
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest

from charthouse import clock
from charthouse.console.billing import receivables as receivables_page
from charthouse.domains.billing import ledger, receivables
from charthouse.domains.billing.models import InvoicePayment, PatientPayment
from charthouse.domains.billing.receivables import sum_receivables
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.identity.permission_presets import PRESETS
from tests.console.test_shell import send
from tests.domains.billing.client import BillingClient
from tests.domains.caller import at_once
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user


class Desk(BillingClient):
    """A patient with a visit of $145.00, of which an insurer paid 80 and left 25, and charges of $60.00 and $40.00,
    the first of which is invoiced."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic=clinic)
        self.browser = open_signed_in_browser(clinic.user.username)
        self.url_path = f"/patients/{self.patient_id}"
        self.item_row = self.charge()
        self.answer(self.item_row, ins_paid=Decimal(80), adjustment=Decimal(40), adjustment_group_code="CO")
        self.answer(self.item_row, adjustment=Decimal(25), adjustment_group_code="PR")
        self.write("account/charges/new", name="Form", amount="60.00")
        self.write("account/invoices/new")
        self.write("account/charges/new", name="Letter", amount="40.00")

    def write(self, address: str, **values: str) -> httpx.Response:
        answer = send(self.browser, f"{self.url_path}/{address}", **values)
        assert answer.status_code == 302, answer.text[-3000:]
        return answer

    def take(self, amount: str, browser: httpx.Client | None = None, **values: str) -> httpx.Response:
        owed = f"{self.read().owed}"
        sent = {"amount": amount, "method": "CASH", "was.owed": owed} | values
        return send(browser or self.browser, f"{self.url_path}/payment", **sent)

    def read(self) -> ledger.Account:
        with tenancy.within(self.clinic.id):
            return ledger.read_account(self.clinic.id, self.patient_id)

    def list_payments(self) -> tuple[list[str], list[str]]:
        with tenancy.within(self.clinic.id):
            paid = PatientPayment.objects.filter(practice=self.clinic.id, archived=False).order_by("pk")
            invoiced = InvoicePayment.objects.filter(practice=self.clinic.id, archived=False).order_by("pk")
            return [str(one.amount) for one in paid], [str(one.amount) for one in invoiced]


@pytest.fixture
def desk(clinic: Clinic) -> Desk:
    return Desk(clinic)


def test_the_ledger_has_all_of_an_account(desk: Desk) -> None:
    account = desk.read()
    assert (account.owed, account.unbilled, account.insurance) == (Decimal(125), Decimal(40), Decimal(0))
    assert sum(entry.amount for entry in account.entries) == account.balance
    kinds = sorted((entry.kind, entry.amount) for entry in account.entries)
    assert kinds == [
        ("Adjustment", Decimal(-40)), ("Charge", Decimal(40)), ("Charge", Decimal(60)), ("Charge", Decimal(145)),
        ("Insurance", Decimal(-80)), ("Invoice", Decimal(0)),
    ]  # fmt: skip
    with bounded_queries():
        page = desk.browser.get(f"{desk.url_path}/account")
    for words in ("$125.00", "99213", "$145.00", "-$80.00", "Letter", "Unbilled", "Over 90 days"):
        assert words in page.text, words
    with bounded_queries():
        statement = desk.browser.get(f"{desk.url_path}/account/statement")
    assert "Amount due" in statement.text
    assert desk.clinic.practice.name in statement.text


def test_voided_charges_count_no_more_and_stay(desk: Desk) -> None:
    charge = desk.read().open_items[-1]
    desk.write(f"account/charges/{charge.row}/do/void")
    account = desk.read()
    assert account.owed == Decimal(85)
    assert [entry.text for entry in account.entries if entry.voided] == ["Letter"]


def test_a_payment_goes_to_what_is_owed_longest(desk: Desk) -> None:
    answer = desk.take("70.00")
    assert answer.status_code == 302
    assert desk.list_payments() == (["25.00"], ["45.00"])
    receipt = desk.browser.get(answer.headers["Location"])
    for words in ("$70.00", "$25.00", "$45.00", "Invoice INV-", "Cash", "$55.00", "Receipt R-"):
        assert words in receipt.text, words
    # the rest, more than is owed: an invoice of what is unbilled, and a credit
    desk.take("60.00")
    assert desk.list_payments() == (["25.00", "5.00"], ["45.00", "15.00", "40.00"])
    account = desk.read()
    assert (account.owed, account.credit, account.unbilled) == (Decimal(-5), Decimal(5), Decimal(0))
    assert sum(entry.amount for entry in account.entries) == account.balance


def test_a_payment_is_voided_as_a_whole(desk: Desk) -> None:
    receipt = desk.take("70.00").headers["Location"]
    assert "Void the payment of $70.00?" in desk.browser.get(f"{receipt}/void").text
    for _ in range(2):
        assert send(desk.browser, f"{receipt}/void").status_code == 302
    assert desk.list_payments() == ([], [])
    assert desk.read().owed == Decimal(125)
    assert "Voided" in desk.browser.get(receipt).text


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": ""}, "dollars"), ({"amount": "0"}, "above"), ({"amount": "-5"}, "above"),
        ({"amount": "1.005"}, "cents"),
        ({"amount": "NaN"}, "cents"), ({"amount": "1e99999"}, "above"),
        ({"amount": "5", "method": "GOLD"}, "Choose how"),
        ({"amount": "5", "date": "2999-01-01"}, "future"), ({"amount": "5", "date": "x"}, "date"),
    ],
    ids=str,
)  # fmt: skip
def test_a_payment_that_cannot_be(desk: Desk, values: dict[str, str], field: str) -> None:
    answer = desk.take(**values)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert field in answer.text
    assert desk.list_payments() == ([], [])


def test_a_form_that_is_sent_twice_takes_the_money_once(desk: Desk) -> None:
    page = desk.browser.get(f"{desk.url_path}/payment").text
    token = re.search(r'name="submission" value="([^"]+)"', page)
    assert token is not None
    owed = f"{desk.read().owed}"
    values = {"submission": token[1], "amount": "20", "method": "CASH", "was.owed": owed}
    first, second = (send(desk.browser, f"{desk.url_path}/payment", **values) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert desk.list_payments() == (["20.00"], [])


def test_two_people_who_take_a_payment_at_once(desk: Desk) -> None:
    """The second sees what is owed now, and chooses."""
    browsers = [open_signed_in_browser(desk.clinic.user.username) for _ in range(3)]
    owed = f"{desk.read().owed}"
    answers = at_once(3, lambda n: desk.take("125.00", browsers[n], **{"was.owed": owed}))
    assert sorted(one.status_code for one in answers) == [302, 409, 409]
    refused = next(one for one in answers if one.status_code == 409)
    assert "The patient owes $0.00 now" in refused.text
    assert desk.read().owed == 0


def test_a_front_desk_takes_payments_without_permissions_of_billing(desk: Desk) -> None:
    person = make_user(desk.clinic.practice, password=PASSWORD, permissions=list(PRESETS["Front desk"]))
    browser = open_signed_in_browser(person.username)
    with bounded_queries():
        assert browser.get(f"{desk.url_path}/payment").status_code == 200
    answer = desk.take("125.00", browser)
    assert answer.status_code == 302
    with bounded_queries():
        assert browser.get(answer.headers["Location"]).status_code == 200
    assert browser.get(f"{desk.url_path}/account").status_code == 403
    assert browser.get("/billing").status_code == 403


def test_receipts_of_others_are_not_found(desk: Desk) -> None:
    receipt = desk.take("70.00").headers["Location"]
    parts = receipt.rsplit("/", 1)[1]
    with tenancy.within(desk.clinic.id):
        other = Patient.objects.create(
            practice=desk.clinic.practice, doctor=desk.clinic.doctor, first_name="Bo", gender="Male"
        ).pk
    for address in (
        f"/patients/{other}/receipts/{parts}",
        f"{desk.url_path}/receipts/p999999",
        f"{desk.url_path}/receipts/x",
    ):
        assert desk.browser.get(address).status_code == 404
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    assert open_signed_in_browser(clinic.user.username).get(receipt).status_code == 404


def test_receivables_are_the_sums_of_the_ledgers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.pay("7.00")  # to nothing
    desk.charge(code="99214", price="100.00")
    account = desk.read()
    with tenancy.within(desk.clinic.id):
        today = clock.now().date()
        sums, debtors, count = sum_receivables(desk.clinic.id, None, today)
        assert (sums.owed, sums.unbilled, sums.insurance) == (
            account.owed,
            account.unbilled,
            account.insurance,
        )
        assert sum(sums.ages) == sums.owed
        later = today + timedelta(days=75)
        assert sum_receivables(desk.clinic.id, desk.clinic.doctor.pk, later)[0].ages == tuple(
            account.list_ages(later)
        )
        assert sum_receivables(desk.clinic.id, 999999, today) == (sum_receivables(0, None, today))
    assert [one.patient for one in debtors] == [desk.patient_id]
    assert count == 1
    with bounded_queries():
        page = desk.browser.get("/billing")
    assert 'aria-label="Pages"' not in page.text
    assert f"/patients/{desk.patient_id}/account" in page.text
    assert f"${account.owed:,.2f}" in page.text


def test_every_patient_who_owes_is_on_a_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one more than a page has; the sums are those of all on each page."""
    desk.charge(code="99214", price="100.00")
    with tenancy.within(desk.clinic.id):
        other = Patient.objects.create(
            practice_id=desk.clinic.id,
            doctor=desk.clinic.doctor,
            first_name="Zoe",
            last_name="Zane",
            gender="Female",
        )
        PatientPayment.objects.create(
            practice_id=desk.clinic.id,
            patient=other,
            amount=Decimal(-3),
            payment_method="MSTR",
            doctor=desk.clinic.doctor,
            posted_date=date(2026, 1, 2),
        )
    monkeypatch.setattr(receivables, "PAGE_SIZE", 1)
    monkeypatch.setattr(receivables_page, "PAGE_SIZE", 1)
    first, second = (desk.browser.get(f"/billing?page={number}").text for number in (1, 2))
    assert f"/patients/{desk.patient_id}/account" in first
    assert f"/patients/{other.pk}/account" in second
    assert "1 to 1 of 2 patients" in first
    assert "2 to 2 of 2 patients" in second
    sums = re.compile(r'aria-label="Totals">.*?</section>', re.DOTALL)
    assert sums.findall(first) == sums.findall(second) != []
    assert desk.browser.get("/billing?page=3").headers["location"] == "/billing"
    assert "Mastercard" in desk.browser.get(f"/patients/{other.pk}/account").text
