"""Charges, estimates, invoices and subscriptions in the Cerbo API."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from charthouse.domains.billing import accounts
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.support import make_api_user


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.fixture
def program(caller: Caller) -> httpx.Client:
    http = make_api_user(caller.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


@pytest.fixture
def patient(caller: Caller) -> int:
    return int(caller.new()["id"])


def make(caller: Caller, model: Any, **values: Any) -> Any:
    with tenancy.within(caller.clinic.id):
        return model.objects.create(practice=caller.clinic.practice, **values)


def charge(caller: Caller, patient: int, **values: Any) -> Any:
    usual = {"name": "Office visit", "amount": "145.00", "transaction_date": date(2026, 3, 10)}
    return make(caller, accounts.Charge, patient_id=patient, **usual | values)


def list_rows(program: httpx.Client, path: str, **parameters: str) -> list[dict[str, Any]]:
    answer = program.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_charge_shows_its_definition(caller: Caller, program: httpx.Client, patient: int) -> None:
    definition = make(
        caller,
        accounts.ChargeDefinition,
        name="Counseling",
        retail="90.00",
        tax_rate=Decimal("6.250"),
        minutes=45,
    )
    made = charge(caller, patient, definition=definition, quantity="1.5", discount_multiplier="0.875")
    shown = program.get(f"charges/{made.pk}").json()
    assert (shown["amount"], shown["quantity"], shown["discount_multiplier"]) == ("145.00", 1.5, 0.875)
    assert shown["charge_master_details"]["id"] == definition.pk
    assert shown["charge_master_details"]["retail"] == "90.00"
    assert shown["transaction_date"] == "2026-03-10"
    assert shown["payment_details"] is None
    assert shown["billing_rules"]["amt_written_off"] is None
    catalogue = program.get(f"charge_master/{definition.pk}").json()
    assert (catalogue["id"], catalogue["tax_rate"], catalogue["time_required"]) == (
        str(definition.pk),
        "6.250",
        "45",
    )


def test_charges_are_filtered_by_day(caller: Caller, program: httpx.Client, patient: int) -> None:
    late = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    early = charge(caller, patient, transaction_date=date(2026, 4, 2), created_at=late)
    charge(caller, patient, transaction_date=date(2026, 3, 1), created_at=datetime(2026, 4, 1, tzinfo=UTC))
    for path in ("charges", f"patients/{patient}/charges"):
        march = {"start_date": "2026-03-31", "end_date": "2026-03-31"}
        assert [row["id"] for row in list_rows(program, path, **march)] == [early.pk]
        assert list_rows(program, path, date_method="transaction", **march) == []
        april = {"start_date": "2026-04-02", "end_date": "2026-04-02", "date_method": "transaction"}
        assert [row["id"] for row in list_rows(program, path, **april)] == [early.pk]
        assert len(list_rows(program, path, date_method="transaction")) == 2
    for wrong in (
        {"date_method": "paid"},
        {"start_date": "2026-02-30"},
        {"start_date": "2026-03-02", "end_date": "2026-03-01"},
        {"end_date": "9999-12-31"},
    ):
        assert program.get("charges", params=wrong).status_code == 400, wrong


def test_deleted_charge_is_shown_on_request(caller: Caller, program: httpx.Client, patient: int) -> None:
    gone = charge(caller, patient, archived=True)
    assert program.get(f"charges/{gone.pk}").status_code == 404
    shown = program.get(f"charges/{gone.pk}", params={"include_deleted": "true"}).json()
    assert shown["is_deleted"] is True
    assert shown["date_deleted"] is not None
    assert list_rows(program, "charges") == list_rows(program, f"patients/{patient}/charges") == []
    other = Caller()
    elsewhere = charge(other, int(other.new()["id"]))
    assert program.get(f"charges/{elsewhere.pk}?include_deleted=true").status_code == 404


def invoice_of(caller: Caller, patient: int, *charges: Any, paid: str = "", **values: Any) -> Any:
    row = make(caller, accounts.Invoice, patient_id=patient, date=date(2026, 3, 12), **values)
    for one in charges:
        make(caller, accounts.InvoiceLine, invoice=row, charge=one, released=row.voided_at is not None)
    if paid:
        make(caller, accounts.InvoicePayment, invoice=row, amount=paid, date=date(2026, 3, 13), method="CASH")
    return row


def test_sums_of_invoice_are_consistent(caller: Caller, program: httpx.Client, patient: int) -> None:
    """Amounts are rounded half up to the cent, less what insurers paid and wrote off."""
    first = charge(caller, patient, amount="0.05", discount_multiplier="0.5")  # 0.025
    second = charge(
        caller, patient, amount="100.00", amt_paid_by_insurance="60.00", amt_written_off="15.50", quantity=2
    )
    row = invoice_of(caller, patient, first, second, paid="24.53")
    shown = program.get(f"invoices/{row.pk}").json()
    due = [one["amount_due"] for one in shown["charges"]]
    assert due == ["0.03", "124.50"]
    assert sum(map(Decimal, due)) == Decimal(shown["total"]) == Decimal("124.53")
    assert sum(Decimal(one["amount"]) for one in shown["payments"]) == Decimal(shown["amount_paid"])
    assert Decimal(shown["total"]) - Decimal(shown["amount_paid"]) == Decimal(shown["balance"])
    assert (shown["balance"], shown["status"]) == ("100.00", "open")
    assert shown["invoice_number"] == f"INV-{row.pk:06d}"
    make(caller, accounts.InvoicePayment, invoice=row, amount="100.00", date=date(2026, 3, 14))
    make(caller, accounts.InvoicePayment, invoice=row, amount="7.00", date=date(2026, 3, 14), archived=True)
    (again,) = list_rows(program, f"patients/{patient}/invoices")
    assert (again["balance"], again["status"], len(again["payments"])) == ("0.00", "paid", 2)
    details = program.get(f"charges/{first.pk}").json()["payment_details"]
    assert (details["invoice_id"], details["invoice_number"]) == (row.pk, shown["invoice_number"])


def test_void_invoice_has_no_balance(caller: Caller, program: httpx.Client, patient: int) -> None:
    one = charge(caller, patient)
    row = invoice_of(caller, patient, one, voided_at=datetime(2026, 3, 20, tzinfo=UTC))
    shown = program.get(f"invoices/{row.pk}").json()
    assert (shown["status"], shown["total"], shown["balance"]) == ("void", "145.00", "0.00")
    assert program.get(f"charges/{one.pk}").json()["payment_details"] is None
    assert invoice_of(caller, patient, one).pk, "it may go onto another one"


def subscription(caller: Caller, patient: int, **values: Any) -> Any:
    if "definition" not in values:
        values["definition"] = make(caller, accounts.ChargeDefinition, name="Membership", retail="85.00")
    usual = {"schedule_frequency": "monthly", "amount": "85.00", "start_date": date(2024, 1, 31)}
    return make(caller, accounts.Subscription, patient_id=patient, **usual | values)


@pytest.mark.parametrize(
    ("frequency", "start", "turns"),
    [
        ("monthly", date(2024, 1, 31), ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("monthly", date(2025, 12, 30), ["2025-12-30", "2026-01-30", "2026-02-28", "2026-03-30"]),
        (
            "annually",
            date(2024, 2, 29),
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        ("weekly", date(2026, 10, 26), ["2026-10-26", "2026-11-02", "2026-11-09"]),
    ],
)
def test_billing_dates_follow_the_calendar(
    caller: Caller, program: httpx.Client, patient: int, frequency: str, start: date, turns: list[str]
) -> None:
    for billed in range(len(turns)):
        subscription(caller, patient, schedule_frequency=frequency, start_date=start, billed=billed)
    shown = list_rows(program, f"patients/{patient}/subscriptions")
    assert [row["next_billing_date"] for row in shown] == turns


def test_ended_and_deleted_subscriptions(caller: Caller, program: httpx.Client, patient: int) -> None:
    last = subscription(caller, patient, end_date=date(2024, 3, 31), billed=2)
    over = subscription(caller, patient, end_date=date(2024, 3, 31), billed=3)
    gone = subscription(caller, patient, archived=True)
    path = f"patients/{patient}/subscriptions"
    found = {row["id"]: row["next_billing_date"] for row in list_rows(program, path)}
    assert found == {last.pk: "2024-03-31", over.pk: None}
    everything = {row["id"]: row for row in list_rows(program, path, include_deleted="true")}
    assert everything[gone.pk]["is_deleted"] is True
    assert everything[gone.pk]["next_billing_date"] is None


def test_subscriptions_are_filtered(caller: Caller, program: httpx.Client, patient: int) -> None:
    mine = subscription(caller, patient, owner_id=caller.user.pk)
    weekly = subscription(caller, patient, schedule_frequency="weekly")
    path = "patients/subscriptions"

    def ids(**parameters: Any) -> list[int]:
        return [row["id"] for row in list_rows(program, path, **{k: str(v) for k, v in parameters.items()})]

    assert ids(charge_owner_user_id=caller.user.pk) == [mine.pk]
    assert ids(schedule_frequency="weekly") == [weekly.pk]
    assert ids(subscription_charge_id=mine.definition_id) == [mine.pk]
    assert ids(subscription_charge_id=mine.definition_id, schedule_frequency="weekly") == []
    assert program.get(path, params={"schedule_frequency": "daily"}).status_code == 400


def test_charges_and_estimates_of_encounter(caller: Caller, program: httpx.Client, patient: int) -> None:
    """Only those of the encounter are listed; an encounter of another patient is not found."""
    body = {"pt_id": patient, "date_of_service": "2026-03-10", "title": "Call", "content": "Fine."}
    mine, empty = (program.post("encounters", json=body).json()["id"] for _ in range(2))
    other = int(caller.new()["id"])
    theirs = program.post("encounters", json=body | {"pt_id": other}).json()["id"]
    here = charge(caller, patient, encounter_id=mine)
    charge(caller, patient)
    estimate = make(
        caller,
        accounts.Estimate,
        patient_id=patient,
        encounter_id=mine,
        name="Shot",
        amount="38.00",
        transaction_date=date(2026, 3, 10),
    )
    (shown,) = list_rows(program, f"patients/{patient}/encounters/{mine}/charges")
    assert (shown["id"], shown["encounter_id"]) == (here.pk, mine)
    assert [row["id"] for row in list_rows(program, f"patients/{patient}/encounters/{mine}/estimates")] == [
        estimate.pk
    ]
    assert list_rows(program, f"patients/{patient}/encounters/{empty}/charges") == []
    for kind in ("charges", "estimates"):
        assert program.get(f"patients/{patient}/encounters/{theirs}/{kind}").status_code == 404
        assert program.get(f"patients/{other}/encounters/{mine}/{kind}").status_code == 404
        assert program.get(f"patients/{patient}/encounters/999999999/{kind}").status_code == 404
