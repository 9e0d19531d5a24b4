"""Registering a patient in a browser: steps beyond typing, the payer while typing, duplicates, leaving, a phone."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from charthouse.domains.patients.models import Patient, Payer
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar
from tests.support import Clinic

FIELDS = (
    ("First name", "Ada"), ("Last name", "Lovelace"), ("DOB", "1985-12-10"), ("Mobile phone", "3035550142"),
    ("E-mail", "ada@engine.example"), ("Street address", "12 Main St"), ("City", "Denver"), ("ZIP code", "80202"),
)  # fmt: skip


@pytest.fixture
def payer() -> None:
    Payer.objects.using("owner").get_or_create(
        payer_type="emdeon", payer_id="60054", defaults={"payer_name": "Aetna", "state": "CT"}
    )


@pytest.mark.usefixtures("payer")
def test_a_patient_is_registered_with_insurance_in_two_steps(
    page: Page, enter: Callable[[str], Page], clinic: Clinic
) -> None:
    """Twelve fields, the payer from the list, and the button."""
    enter("/patients/new")
    expect(page.get_by_label("First name", exact=True)).to_be_focused()
    steps = Steps(page)
    for label, text in FIELDS:
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Sex", exact=True).select_option("Female")
    page.get_by_label("State", exact=True).select_option("CO")
    payer = page.get_by_role("combobox", name="Payer", exact=True).first
    payer.fill("aet")
    option = page.get_by_role("option", name=re.compile("Aetna")).first
    expect(option).to_be_visible()
    assert find_violations(page) == []
    steps.click(option)
    expect(payer).to_have_value("Aetna")
    page.get_by_label("Member ID").first.fill("W123456789")
    steps.click(page.get_by_role("button", name="Register patient"))
    expect(page.get_by_text("Ada Lovelace is registered.")).to_be_visible()
    assert steps.count == 2
    with tenancy.within(clinic.id):
        patient = Patient.objects.get(practice=clinic.id, last_name="Lovelace")
        assert patient.coverages.get().insurance_payer_id == "60054"


def expect_comparison(page: Page, sent: str) -> Any:
    """Wait, at the end of the block, until what was typed has been compared with the patients."""
    return page.expect_response(lambda answer: sent in (answer.request.post_data or ""))


def test_duplicates_are_shown_while_typing_and_leaving_asks(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    enter("/patients/new")
    with expect_comparison(page, "first_name=Ada"):
        page.get_by_label("First name", exact=True).fill("Ada")
    with expect_comparison(page, "cell_phone=3035550142"):
        page.get_by_label("Mobile phone", exact=True).fill("3035550142")
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(last_name="Lovelace")
    with expect_comparison(page, "last_name=Lovelace"):
        page.get_by_label("Last name", exact=True).press_sequentially("Lovelace")
    expect(page.get_by_text("Possible duplicates")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Cancel").click(no_wait_after=True)
    expect(page.get_by_label("Last name", exact=True)).to_have_value("Lovelace")
    assert asked == ["beforeunload"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Lovelace, Ada", exact=True).click()
    page.wait_for_url("**/patients/*")


def test_another_persons_value_is_taken_without_leaving_the_page(
    phone: Page, visitor: httpx.Client, live_server: str, calendar: Calendar
) -> None:
    """On a phone as well as elsewhere."""
    page = phone
    give_session(page, visitor, live_server)
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(date_of_birth="1985-12-10", city="Denver")
    page.goto(f"{live_server}/patients/{calendar.patient_id}/edit")
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(city="Boulder")
    page.get_by_label("City", exact=True).fill("Golden")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("changed this to “Boulder”")).to_be_visible()
    assert find_violations(page) == []
    page.get_by_role("button", name="Use “Boulder”").click()
    expect(page.get_by_label("City", exact=True)).to_have_value("Boulder")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()


def give_session(page: Page, visitor: httpx.Client, live_server: str) -> None:
    page.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )


def test_registration_on_a_phone(phone: Page, visitor: httpx.Client, live_server: str) -> None:
    give_session(phone, visitor, live_server)
    phone.goto(f"{live_server}/patients/new")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert find_violations(phone) == []
    phone.get_by_role("button", name="Register patient").click()
    expect(phone.get_by_role("alert")).to_have_text("Fix the highlighted fields.")
    expect(phone.get_by_label("Sex", exact=True)).to_have_attribute("aria-invalid", "true")
