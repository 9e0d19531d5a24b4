"""A row of money that changes says when: ``since`` and ``updated_at`` of both APIs find each change."""

from datetime import datetime
from typing import Any

import pytest
from django.apps import apps

from charthouse.domains.billing import postings
from charthouse.identity import tenancy
from tests.console.billing.test_patient_account import Account
from tests.domains.billing.client import BillingClient
from tests.support import PASSWORD, Clinic, make_practice

Rows = dict[tuple[str, int], tuple[dict[str, Any], datetime]]


def read_rows(clinic: Clinic) -> Rows:
    """Read all rows of the practice that concern money, by model and id, with their times."""
    found: Rows = {}
    with tenancy.within(clinic.id):
        for model in apps.get_app_config("billing").get_models():
            if "updated_at" in {field.name for field in model._meta.get_fields()}:
                for row in model._default_manager.values():
                    at = row.pop("updated_at")
                    found[model.__name__, row["id"]] = row, at
    return found


def find_changed(before: Rows, after: Rows) -> set[str]:
    """Return the models of the rows that changed, of which each must say so; also of those whose time alone moved."""
    changed = set()
    for key, (row, at) in before.items():
        if (row, at) != after[key]:
            assert after[key][1] > at, f"{key} changed and does not say when"
            changed.add(key[0])
    return changed


def test_rows_of_an_account() -> None:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    account = Account(clinic)
    charge = account.charge()
    account.charge(amount="75.50")
    account.write("estimates/new", name="Shot", amount="38.00")
    estimate = account.list_rows("estimates")[0]["id"]
    other = account.charge()

    def find_changes(address: str, **values: str) -> set[str]:
        before = read_rows(clinic)
        account.write(address, **values)
        return find_changed(before, read_rows(clinic))

    assert find_changes(f"charges/{charge}", name="Form", amount="30.00") == {"Charge"}
    assert find_changes(f"charges/{other}/do/void") == {"Charge"}
    assert find_changes(f"estimates/{estimate}/do/convert") == {"Estimate"}
    find_changes("invoices/new")
    invoice = f"invoices/{account.list_rows('invoices')[0]['id']}"
    assert find_changes(f"{invoice}/pay", amount="10.00") == {"Invoice"}
    (payment,) = account.list_rows("invoices")[0]["payments"]
    assert find_changes(f"{invoice}/payments/{payment['id']}") == {"Invoice", "InvoicePayment"}
    assert find_changes(f"{invoice}/do/void") == {"Invoice", "InvoiceLine"}
    assert find_changes(f"charges/{charge}/delete") == {"Charge"}


@pytest.fixture
def billing() -> BillingClient:
    return BillingClient()


def test_rows_of_a_line_item(billing: BillingClient) -> None:
    """Its balances are sums of what is posted on it, so each posting changes it."""
    item = billing.charge()
    clinic, user = billing.clinic, billing.clinic.user.pk

    def find_changes(act: Any) -> set[str]:
        before = read_rows(clinic)
        act()
        return find_changed(before, read_rows(clinic))

    paid: list[int] = []
    assert find_changes(lambda: paid.append(billing.pay("10.00", line_item=item["id"])["id"])) == {"LineItem"}
    assert find_changes(lambda: billing.answer(item, ins_paid=5)) == {"LineItem"}

    def delete_payment() -> None:
        with tenancy.within(clinic.id):
            postings.delete_payment(clinic.id, paid[0], "API", user)

    assert find_changes(delete_payment) == {"LineItem", "PatientPayment"}
    unpaid = billing.charge()
    assert find_changes(lambda: billing.http.delete(f"/api/line_items/{unpaid['id']}")) == {"LineItem"}
