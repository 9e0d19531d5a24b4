"""A patient's account in a browser: charged from the setup list, invoiced, paid; Cerbo's API shows the balance."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.dialogs import ask
from tests.domains.scheduling.calendar import Calendar
from tests.support import make_api_user


def test_from_the_catalogue_to_a_paid_invoice(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    enter("/catalogues/charges/new")
    page.get_by_label("Name", exact=True).fill("Counseling")
    page.get_by_label("Price").fill("90.00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The charge has been added.")).to_be_visible()
    enter(f"/patients/{calendar.patient_id}/account")
    page.get_by_role("link", name="Add charge").click()
    page.get_by_label("Charge item").select_option("Counseling")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The charge has been added.")).to_be_visible()
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_text("180.00").first).to_be_visible()
    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="INV-").click()
    assert find_violations(page) == []
    page.get_by_role("link", name="Take a payment").click()
    expect(page.get_by_label("Amount")).to_have_value("180.00")
    page.get_by_label("Amount").fill("80")
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_text("The payment has been recorded.")).to_be_visible()
    ask(page, "Void payment").get_by_role("link", name="Cancel").click()
    program = make_api_user(calendar.clinic.practice).client()
    (invoice,) = program.get(f"/api/v1/patients/{calendar.patient_id}/invoices").json()["data"]
    assert (invoice["total"], invoice["amount_paid"], invoice["balance"]) == ("180.00", "80.00", "100.00")
