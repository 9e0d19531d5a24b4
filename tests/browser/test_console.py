"""The console in a browser: nothing from elsewhere, no error, usable by keyboard, on a phone, light and dark."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests.browser.axe import violations
from tests.support import PASSWORD, Clinic, make_practice

PAGES = [
    "/",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/settings",
    "/settings/people",
    "/settings/people/new",
    "/settings/offices",
    "/settings/offices/new",
    "/outbox",
    "/catalogues/profiles",
    "/catalogues/profiles/new",
    "/catalogues/fields",
    "/developer/apps",
    "/developer/apps/new",
    "/developer/requests",
    "/developer/explorer",
    "/developer/explorer/appointments_list",
    "/developer/explorer/patients_create",
]


@pytest.fixture
def clinic() -> Clinic:
    made = make_practice("Harbour Clinic")
    made.user.set_password(PASSWORD)
    made.user.save()
    with tenancy.within(made.id):
        for number in range(30):
            AppointmentProfile.objects.create(
                practice=made.practice,
                doctor=made.doctor,
                name=f"Visit {number:02}",
                reason="Check-up",
                color="#3a87ad",
                duration=10 + number,
            )
    return made


@pytest.fixture
def enter(page: Page, live_server: str, clinic: Clinic) -> Callable[[str], Page]:
    """Open an address as the primary user, who signs in once."""
    page.goto(f"{live_server}/sign-in")
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live_server}/")

    def go(address: str) -> Page:
        page.goto(live_server + address)
        return page

    return go


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, enter: Callable[[str], Page], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = {address: violations(enter(address)) for address in PAGES}
    assert {address: faults for address, faults in found.items() if faults} == {}


def test_searching_sorting_and_paging_change_only_the_table(page: Page, enter: Callable[[str], Page]) -> None:
    enter("/catalogues/profiles")
    page.evaluate("window.same = true")
    page.get_by_role("searchbox").fill("visit 2")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(12)
    expect(page).to_have_url(re.compile("q=visit"))
    page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(25)
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(5)
    page.get_by_role("link", name="Previous").click()
    expect(rows).to_have_count(25)
    page.get_by_role("link", name="Minutes").click()
    expect(page.get_by_role("columnheader", name="Minutes")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Minutes").click()
    expect(rows.first).to_contain_text("Visit 29")
    assert page.evaluate("window.same")
    page.go_back()
    expect(rows.first).to_contain_text("Visit 00")


def test_without_scripts(browser: Browser, live_server: str, clinic: Clinic) -> None:
    """Signing in, searching, paging, changing and deleting work."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server}/sign-in?next=/catalogues/profiles")
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_role("searchbox").fill("07")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Visit 07").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The profile has been deleted.")).to_be_visible()
    context.close()


def test_a_question_is_asked_in_a_dialog(page: Page, enter: Callable[[str], Page]) -> None:
    enter("/catalogues/profiles")
    page.get_by_role("link", name="Visit 03").click()
    page.get_by_role("link", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete this profile?")
    expect(question).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The profile has been deleted.")).to_be_visible()


def test_keyboard_alone(page: Page, enter: Callable[[str], Page]) -> None:
    """From the skip link into a form and out of it with Tab, Enter and typing."""
    enter("/catalogues/profiles")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Add profile")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/new")
    page.get_by_label("Name").focus()
    for text in ("Sports physical", "School", "30", "#3a87ad"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The profile has been added.")).to_be_visible()


def test_on_a_phone(page: Page, enter: Callable[[str], Page]) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    for address in PAGES:
        enter(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, address
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Appointment profiles").click()
    expect(page.get_by_role("heading", name="Appointment profiles")).to_be_visible()


def test_light_and_dark_by_a_button_that_is_remembered(page: Page, enter: Callable[[str], Page]) -> None:
    page.emulate_media(color_scheme="light")
    enter("/")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Light or dark").click()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    enter("/settings")
    expect(html).to_have_attribute("data-bs-theme", "dark")
