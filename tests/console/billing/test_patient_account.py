"""The account of a patient: written in the console, read by Cerbo's API."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.billing import accounts, subscriptions
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.test_shell import send
from tests.domains.caller import Caller, at_once
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_practice, make_user

PLACES = ("charges", "estimates", "invoices", "subscriptions")


class Account:
    """The pages of a patient's account, and the API that reads what they write."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.calendar = Calendar(clinic=clinic)
        self.patient = self.calendar.patient_id
        self.browser = open_signed_in_browser(clinic.user.username)
        self.program = make_api_user(clinic.practice).client()
        self.program.base_url = httpx.URL("http://testserver/api/v1/")

    @property
    def url_path(self) -> str:
        return f"/patients/{self.patient}/account"

    def send(self, address: str, **values: str) -> httpx.Response:
        return send(self.browser, f"{self.url_path}/{address}", **values)

    def write(self, address: str, **values: str) -> None:
        answer = self.send(address, **values)
        assert answer.status_code == 302, answer.text[-3000:]

    def show(self, path: str) -> Any:
        answer = self.program.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def list_rows(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.show(f"patients/{self.patient}/{path}")["data"]
        return rows

    def define(self, **values: str) -> int:
        """Add a charge definition and return its id."""
        usual = {"name": "Counseling", "retail": "90.00", "cpt_code": "97802"}
        assert send(self.browser, "/catalogues/charges/new", **usual | values).status_code == 302
        return int(self.show("charge_master")["data"][-1]["id"])

    def charge(self, **values: str) -> int:
        self.write("charges/new", **{"name": "Form", "amount": "25.00"} | values)
        return int(self.list_rows("charges")[-1]["id"])


@pytest.fixture
def account(clinic: Clinic) -> Account:
    return Account(clinic)


def test_every_page_of_the_account(account: Account) -> None:
    account.charge()
    for place in PLACES:
        with bounded_queries():
            assert account.browser.get(f"{account.url_path}/{place}").status_code == 200
        with bounded_queries():
            assert account.browser.get(f"{account.url_path}/{place}/new").status_code == 200
    with bounded_queries():
        page = account.browser.get(account.url_path)
    assert page.status_code == 200
    assert "25.00" in page.text


def test_permissions_and_practices_are_isolated(account: Account) -> None:
    row = account.charge()
    for lacking in ("Access Billing", "Show Billing Tab"):
        person = make_user(
            account.clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != lacking]
        )
        assert open_signed_in_browser(person.username).get(account.url_path).status_code == 403
    other = Account(make_practice_with_password())
    assert other.browser.get(account.url_path).status_code == 404
    assert other.browser.get(f"{other.url_path}/charges/{row}").status_code == 404
    assert other.browser.get(f"{other.url_path}/charges/{row}/do/void").status_code == 404


def make_practice_with_password() -> Clinic:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


def test_a_charge_takes_the_definitions_values(account: Account) -> None:
    visit = account.calendar.book("2026-03-10T09:00:00")
    definition = account.define()
    account.write("charges/new", definition=str(definition), quantity="2", encounter=str(visit["id"]))
    (shown,) = account.list_rows("charges")
    assert (shown["name"], shown["amount"], shown["quantity"]) == ("Counseling", "90.00", 2)
    assert shown["charge_master_details"]["id"] == definition
    assert shown["encounter_id"] == int(visit["id"])
    assert shown["addedby"] == account.clinic.user.pk
    assert shown["billing_rules"]["cpt_code"] == "97802"
    account.write(f"charges/{shown['id']}", notes="Half now", amount="80.00", name="Counseling", quantity="2")
    assert account.list_rows("charges")[0]["amount"] == "80.00"
    account.write(f"charges/{shown['id']}/delete")
    assert account.list_rows("charges") == []
    gone = account.show(f"charges/{shown['id']}?include_deleted=true")
    assert gone["is_deleted"] is True


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, "required where nothing of the catalogue"),
        ({"name": "X", "amount": "-1"}, "may not be below zero"),
        ({"name": "X", "amount": "1", "quantity": "0"}, "greater than 0"),
        ({"name": "X", "amount": "1", "discount_multiplier": "1.5"}, "between 0 and 1"),
        ({"name": "X", "amount": "1", "amt_paid_by_insurance": "-5"}, "may not be below zero"),
        ({"name": "X", "amount": "99999999999"}, "no more than 12 digits"),
    ],
)
def test_invalid_charges_are_refused(account: Account, values: dict[str, str], wrong: str) -> None:
    answer = account.send("charges/new", **values)
    assert answer.status_code == 400
    assert wrong in answer.text
    assert account.list_rows("charges") == []


def test_inactive_definitions_are_not_charged(account: Account) -> None:
    gone = account.define(inactive="true")
    assert "charged no more" in account.send("charges/new", definition=str(gone)).text
    assert (
        "charged no more"
        in account.send("subscriptions/new", definition=str(gone), schedule_frequency="weekly").text
    )
    assert account.send("estimates/new", definition="999999999").status_code == 400


def test_limits_of_quantity_and_discount(account: Account) -> None:
    for values, allowed in (
        ({"discount_multiplier": "0"}, True),
        ({"discount_multiplier": "1"}, True),
        ({"discount_multiplier": "1.01"}, False),
        ({"discount_multiplier": "-0.01"}, False),
        ({"quantity": "0.01"}, True),
        ({"quantity": "0"}, False),
        ({"amount": "0"}, True),
        ({"amount": "-0.01"}, False),
    ):
        answer = account.send("charges/new", **{"name": "Form", "amount": "25.00"} | values)
        assert answer.status_code == (302 if allowed else 400), values


def test_a_voided_charge_is_unchanged(account: Account) -> None:
    row = account.charge()
    assert "stays in the ledger" in account.browser.get(f"{account.url_path}/charges/{row}/do/void").text
    since = clock.now()
    account.write(f"charges/{row}/do/void")
    shown = account.show(f"charges/{row}")
    assert shown["is_voided"] is True
    with tenancy.within(account.clinic.id):
        assert accounts.Charge.objects.get(pk=row).updated_at > since
    assert shown["date_voided"] is not None
    assert account.send(f"charges/{row}/do/void").status_code == 409
    assert account.send(f"charges/{row}", name="Form", amount="5.00").status_code == 409
    assert account.browser.get(f"{account.url_path}/charges/{row}/do/nonsense").status_code == 404


def test_an_estimate_becomes_a_charge_once(account: Account) -> None:
    today = clock.now().date()
    account.write(
        "estimates/new",
        name="Shot",
        amount="38.00",
        quantity="2",
        discount_multiplier="0.9",
        expiration_date=str(today + timedelta(days=30)),
        justifying_diagnoses="Z23\nE11.9",
        which_insurance_to_bill="primary",
    )
    (estimate,) = account.list_rows("estimates")
    assert estimate["billing_rules"]["justifying_diagnoses"] == ["Z23", "E11.9"]
    assert estimate["converted_tp_patient_charge_id"] is None
    account.write(f"estimates/{estimate['id']}/do/convert")
    (charge,) = account.list_rows("charges")
    converted = account.show(f"patients/{account.patient}/estimates/{estimate['id']}")
    assert converted["converted_tp_patient_charge_id"] == str(charge["id"])
    for key in ("name", "amount", "quantity", "discount_multiplier", "patient_id"):
        assert charge[key] == estimate[key], key
    assert account.send(f"estimates/{estimate['id']}/do/convert").status_code == 409
    assert account.send(f"estimates/{estimate['id']}", name="Other", amount="1.00").status_code == 409
    assert account.send(f"estimates/{estimate['id']}/delete").status_code == 409
    assert len(account.list_rows("charges")) == 1


def test_an_expired_estimate_is_refused(account: Account) -> None:
    past = str(clock.now().date() - timedelta(days=40))
    answer = account.send(
        "estimates/new",
        name="Shot",
        amount="38.00",
        transaction_date="2026-03-02",
        expiration_date="2026-03-01",
    )
    assert "before the date of the estimate" in answer.text
    account.write("estimates/new", name="Shot", amount="38.00", transaction_date=past, expiration_date=past)
    (estimate,) = account.list_rows("estimates")
    answer = account.send(f"estimates/{estimate['id']}/do/convert")
    assert answer.status_code == 409
    assert "expired" in answer.text


def test_an_invoice_from_creation_to_payment(account: Account) -> None:
    first, second = account.charge(), account.charge(amount="75.50")
    voided = account.charge()
    account.write(f"charges/{voided}/do/void")
    account.write("invoices/new")
    (invoice,) = account.list_rows("invoices")
    assert [one["id"] for one in invoice["charges"]] == [first, second]
    assert (invoice["total"], invoice["balance"], invoice["status"]) == ("100.50", "100.50", "open")
    assert "no open charge" in account.send("invoices/new").text
    # what was asked for stays as it is
    assert account.send(f"charges/{first}", name="Form", amount="1.00").status_code == 409
    assert account.send(f"charges/{first}/do/void").status_code == 409
    assert account.send(f"charges/{first}/delete").status_code == 409
    # part of it is paid
    address = f"invoices/{invoice['id']}"
    page = account.browser.get(f"{account.url_path}/{address}")
    assert invoice["invoice_number"] in page.text
    account.write(f"{address}/pay", amount="40.50", method="CASH")
    assert "Only 60.00 is still to be paid" in account.send(f"{address}/pay", amount="60.01").text
    assert account.send(f"{address}/pay", amount="0").status_code == 400
    (paid,) = account.list_rows("invoices")
    assert (paid["amount_paid"], paid["balance"], paid["status"]) == ("40.50", "60.00", "open")
    assert account.send(f"{address}/do/void").status_code == 409, "with a payment on it"
    # an insurer pays some of it
    account.write(f"charges/{second}", name="Form", amount="75.50", amt_paid_by_insurance="20.00")
    account.write(f"{address}/pay", amount="40.00")
    (paid,) = account.list_rows("invoices")
    assert (paid["total"], paid["balance"], paid["status"]) == ("80.50", "0.00", "paid")
    assert "40.00" in account.browser.get(f"{account.url_path}/{address}").text
    # all of it is taken back
    for payment in paid["payments"]:
        account.write(f"{address}/payments/{payment['id']}")
    assert account.send(f"{address}/payments/{payment['id']}").status_code == 400
    account.write(f"{address}/do/void")
    (void,) = account.list_rows("invoices")
    assert (void["status"], void["balance"], len(void["charges"]), void["payments"]) == (
        "void",
        "0.00",
        2,
        [],
    )
    assert account.send(f"{address}/pay", amount="1").status_code == 409
    account.write("invoices/new", charges=str(second))
    assert [one["id"] for one in account.list_rows("invoices")[-1]["charges"]] == [second]
    assert account.send("invoices/new", charges=str(second)).status_code == 400
    assert account.send("invoices/new", date="2026-03-10", due_date="2026-03-09").status_code == 400


def test_concurrent_invoices_take_a_charge_once(account: Account) -> None:
    row = account.charge()
    sent = [open_signed_in_browser(account.clinic.user.username) for _ in range(4)]
    answers = at_once(4, lambda n: send(sent[n], f"{account.url_path}/invoices/new").status_code)
    assert sorted(answers) == [302, 400, 400, 400]
    (invoice,) = account.list_rows("invoices")
    assert [one["id"] for one in invoice["charges"]] == [row]


def test_concurrent_payments_do_not_exceed_the_balance(account: Account) -> None:
    account.charge(amount="100.00")
    account.write("invoices/new")
    (invoice,) = account.list_rows("invoices")
    address = f"{account.url_path}/invoices/{invoice['id']}/pay"
    sent = [open_signed_in_browser(account.clinic.user.username) for _ in range(4)]
    assert sorted(at_once(4, lambda n: send(sent[n], address, amount="60").status_code)) == [
        302,
        400,
        400,
        400,
    ]
    assert account.list_rows("invoices")[0]["balance"] == "40.00"


# -- subscriptions ----------------------------------------------------------------------------------------------


def subscribe(account: Account, **values: str) -> dict[str, Any]:
    definition = values.pop("definition", "") or str(account.define(name="Membership", retail="85.00"))
    usual = {"definition": definition, "schedule_frequency": "monthly"}
    account.write("subscriptions/new", **usual | values)
    return account.list_rows("subscriptions")[-1]


def billed(account: Account) -> list[tuple[str, str]]:
    tenancy.clear_tenant()
    subscriptions.charge_due()
    return [(row["transaction_date"], row["amount"]) for row in account.list_rows("charges")]


def today(account: Account) -> date:
    with tenancy.within(account.clinic.id):
        from charthouse.domains.billing.charges import get_today as day

        return day(account.clinic.id, account.patient)


def test_each_billing_period_is_charged_once(account: Account) -> None:
    now = today(account)
    shown = subscribe(account)
    assert (shown["amount"], shown["next_billing_date"]) == ("85.00", str(now))
    assert billed(account) == [(str(now), "85.00")]
    assert billed(account) == [(str(now), "85.00")]
    (after,) = account.list_rows("subscriptions")
    assert after["next_billing_date"] > str(now + timedelta(days=27))
    (charge,) = account.list_rows("charges")
    assert (charge["name"], charge["addedby"]) == ("Membership", 99999)


def test_missed_billing_periods_are_charged_with_their_own_dates(account: Account) -> None:
    start = date(2027, 1, 31)
    subscribe(account, start_date=str(start), amount="10.00")
    assert billed(account) == []
    ahead = datetime(2027, 4, 1, 20, tzinfo=UTC) - clock.now()
    with clock.shift(ahead):
        assert [day for day, _ in billed(account)] == ["2027-01-31", "2027-02-28", "2027-03-31"]
        assert len(billed(account)) == 3
    assert len(billed(account)) == 3, "a clock that goes back charges nothing twice"


def test_two_workers_charge_a_billing_period_once(account: Account) -> None:
    start = today(account)
    subscribe(account, schedule_frequency="weekly")
    with clock.shift(timedelta(days=29)):
        made = at_once(4, lambda n: subscriptions.charge_due())
        days = [date.fromisoformat(day) for day, _ in billed(account)]
    assert days == [start + timedelta(weeks=n) for n in range(5)]
    assert sum(made) <= 5


def test_a_subscription_ends(account: Account) -> None:
    now = today(account)
    shown = subscribe(account)
    billed(account)
    address = f"subscriptions/{shown['id']}"
    answer = account.send(
        address, definition=str(shown["subscription_charge_id"]), schedule_frequency="weekly"
    )
    assert "can&#x27;t be changed any more" in answer.text
    account.write(f"{address}/do/end")
    (ended,) = account.list_rows("subscriptions")
    assert (ended["end_date"], ended["next_billing_date"]) == (str(now), None)
    with clock.shift(timedelta(days=70)):
        assert len(billed(account)) == 1
        assert account.send(f"{address}/do/end").status_code == 409
        body = {"definition": str(shown["subscription_charge_id"]), "schedule_frequency": "monthly"}
        assert account.send(address, **body, end_date="").status_code == 409
    account.write(f"{address}/delete")
    assert account.list_rows("subscriptions") == []


def test_invalid_subscriptions_are_refused(account: Account) -> None:
    now = today(account)
    of = {"definition": str(account.define()), "schedule_frequency": "monthly"}
    for values, wrong in (
        ({"start_date": str(now - timedelta(days=1))}, "in the past"),
        ({"start_date": "2120-12-31"}, "too far ahead"),
        ({"start_date": "9999-12-31"}, "too far in the future"),
        ({"end_date": str(now - timedelta(days=1))}, "before the start"),
        ({"amount": "-1"}, "below zero"),
        ({"schedule_frequency": "daily"}, "not a valid choice"),
    ):
        answer = account.send("subscriptions/new", **of | values)
        assert answer.status_code == 400, values
        assert wrong in answer.text, values
    assert account.list_rows("subscriptions") == []


def test_the_accounts_balances(account: Account) -> None:
    account.charge(amount="10.00")
    account.write("invoices/new")
    account.charge(amount="7.25")
    (invoice,) = account.list_rows("invoices")
    account.write(f"invoices/{invoice['id']}/pay", amount="4.00")
    page = re.sub(r"<[^>]+>", " ", account.browser.get(account.url_path).text)
    assert re.search(r"Unbilled\s+\$7.25", page)
    assert re.search(r"Patient owes\s+\$13.25", page)
    account.write(f"invoices/{invoice['id']}/pay", amount="6.00")
    page = re.sub(r"<[^>]+>", " ", account.browser.get(account.url_path).text)
    assert re.search(r"Patient owes\s+\$7.25", page)


def test_the_feed_has_the_author(account: Account) -> None:
    """Rows from the console have the user as author; charges of the worker have none."""
    row = account.charge()
    with tenancy.within(account.clinic.id):
        kept = accounts.Charge.objects.get(pk=row)
    assert (kept.added_by_id, kept.amount) == (account.clinic.user.pk, Decimal("25.00"))
    assert Caller(account.clinic).http.get("/api/line_items").json()["results"] == []
