"""Taking a payment in a browser: the steps from the account to a receipt that prints."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from charthouse.domains.billing.accounts import Charge
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar


@pytest.fixture
def account(calendar: Calendar) -> str:
    """Charge the patient $40.00 and return the address of the account."""
    with tenancy.within(calendar.clinic.id):
        Charge.objects.create(
            practice=calendar.clinic.practice, patient_id=calendar.patient_id, name="Letter", amount=40,
            transaction_date="2026-03-02",
        )  # fmt: skip
    return f"/patients/{calendar.patient_id}/account"


def test_a_payment_with_its_receipt_takes_three_steps(
    page: Page, enter: Callable[[str], Page], account: str
) -> None:
    enter(account)
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Take payment"))
    amount = page.get_by_label("Amount")
    expect(amount).to_be_focused()
    expect(amount).to_have_value("40.00")
    assert find_violations(page) == []
    steps.click(page.get_by_text("Check", exact=True))
    steps.click(page.get_by_role("button", name="Take payment"))
    expect(page.get_by_text("$40.00 taken.")).to_be_visible()
    expect(page.get_by_role("heading", name="Receipt R-")).to_be_visible()
    assert steps.count == 3
    assert find_violations_in_both_themes(page) == []
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Print receipt").click()
    expect(page).to_have_title("printed")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Print receipt")).to_be_hidden()
    expect(page.get_by_text("Received")).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Void payment").click()
    page.get_by_role("dialog").get_by_role("button", name="Void payment").click()
    expect(page.get_by_text("The payment of $40.00 is voided.")).to_be_visible()


def test_pages_about_money_fit_a_phone(phone: Page, live_server: str, visitor: object, account: str) -> None:
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]  # type: ignore[attr-defined]
    )
    for address in (account, f"{account}/statement", account.replace("account", "payment"), "/billing"):
        phone.goto(live_server + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert find_violations(phone) == [], address
