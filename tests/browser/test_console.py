"""The console in a browser: no requests to other hosts, no errors, keyboard, phone, light and dark."""

import re
from collections.abc import Callable
from datetime import date

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from charthouse.console.catalogues.urls import SETUP_PAGES
from charthouse.console.messages.inbox import INBOX
from charthouse.console.tasks.views import TASKS
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.models import Allergy, Problem
from charthouse.domains.labs.models import PatientLabResult
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.dialogs import ask
from tests.browser.html_shapes import choose_pages, list_shapes
from tests.console.test_queries import one_of_each
from tests.domains.scheduling.calendar import Calendar
from tests.support import PASSWORD, Clinic, issue_token, make_api_user, make_app

DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 375, "height": 700}
PAGES = [
    "/",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/settings",
    "/settings/people",
    "/settings/people/new",
    "/settings/offices",
    "/settings/portal",
    "/settings/offices/new",
    "/outbox",
    "/audit",
    "/settings/api-users",
    "/settings/api-users/new",
    "/settings/webhooks",
    "/settings/webhooks/new",
    "/developer/apps",
    "/developer/apps/new",
    "/developer/requests",
    "/developer/explorer?q=patients",
    "/developer/explorer/cerbo",
    "/developer/explorer/drchrono/appointments_list",
    "/developer/explorer/drchrono/patients_create",
    "/developer/explorer/cerbo/patients_list",
    "/day?date=2026-03-10",
    "/calendar?date=2026-03-10",
    "/calendar?date=2026-03-10&by=room&color=type",
    "/book",
    "/book/0",
    "/waiting-list",
    "/waiting-list/new",
    "/patients",
    "/unsigned-notes",
    "/results-to-review",
    "/patients/new",
    "/patients/deleted",
    "/patients/duplicates",
    "/queue",
    "/reviews",
    "/billing",
]
FOR_LISTS = [
    f"/{pages.url_path}{rest}"
    for pages in (*SETUP_PAGES, TASKS, INBOX)
    for rest in (("", "/new") if "POST" in pages.resource.method_set else ("",))
]
OF_THE_CHART = (
    "",
    "/edit",
    "/merge?q=ada",
    "/timeline",
    "/visits",
    "/vitals",
    "/labs",
    "/billing",
    "/problems",
    "/problems/new",
    "/medications/new",
    "/allergies/new",
    "/labs/order",
    "/documents/new",
    "/portal",
    "/supplements/new",
    "/images/new",
    "/tags",
    "/encounters",
    "/encounters/new",
    "/account",
    "/account/statement",
    "/payment",
    "/account/charges/new",
    "/account/invoices/new",
    "/questionnaires",
    "/questionnaires/ask",
)


def fill_chart(calendar: Calendar) -> None:
    """Add more allergies than the banner has room for, a problem, abnormal results, a trend and a date of death."""
    patient = {"practice": calendar.clinic.practice, "patient_id": calendar.patient_id}
    with tenancy.within(calendar.clinic.id):
        for number in range(10):
            Allergy.objects.create(doctor=calendar.doctor, description=f"Allergen {number}", **patient)
        Allergy.objects.create(doctor=calendar.doctor, description="NKDA", **patient)
        Problem.objects.create(doctor=calendar.doctor, name="Asthma", icd_code="J45.909", **patient)
        for flag in ("N", "HH"):
            PatientLabResult.objects.create(
                ordering_doctor=calendar.doctor, title="Sodium", lab_abnormal_flag=flag, **patient
            )
        # A trend whose name and unit are as long as those of laboratories.
        for day, value in ((1, 83), (2, 79)):
            PatientLabResult.objects.create(
                ordering_doctor=calendar.doctor,
                title="Alanine aminotransferase, estimated",
                date_test_performed=date(2026, 3, day),
                lab_result_value=str(value),
                lab_result_value_as_float=value,
                lab_result_value_units="mL/min/1.73 m2",
                lab_abnormal_flag="HH",
                **patient,
            )
        died = {"patient_status": "D", "date_of_birth": date(1940, 3, 1), "date_of_death": date(2026, 3, 11)}
        Patient.objects.filter(pk=calendar.patient_id).update(**died)


@pytest.fixture
def addresses(calendar: Calendar) -> list[str]:
    """Make rows and return the addresses of all pages. Those of a sandbox: tests/toolkit/test_pages.py."""
    visit = calendar.book("2026-03-10T09:00:00", vitals={"blood_pressure_1": 120, "blood_pressure_2": 80})
    program = make_api_user(calendar.clinic.practice).client()
    note = program.post("/api/v1/encounters", json={"pt_id": calendar.patient_id}).json()["id"]
    with tenancy.within(calendar.clinic.id):
        notes.lock(calendar.clinic.id, note, calendar.clinic.user.pk)
    fill_chart(calendar)
    app = make_app(user=calendar.clinic.user)
    issue_token(calendar.clinic.user, app)
    return [
        *PAGES,
        *FOR_LISTS,
        *(f"/patients/{calendar.patient_id}{rest}" for rest in (*OF_THE_CHART, f"/encounters/{note}")),
        f"/visits/{visit['id']}",
        f"/appointments/{visit['id']}",
        f"/appointments/{visit['id']}/edit",
        f"/developer/apps/{app.row.pk}",
        f"/developer/apps/{app.row.pk}/edit",
        f"/developer/apps/{app.row.pk}/webhooks",
        f"/settings/people/{calendar.clinic.user.pk}",
        f"/settings/people/{calendar.clinic.user.pk}/hours",
        *one_of_each(calendar),
    ]


def find_faults(page: Page) -> list[str]:
    """Return what is wrong with the page in light, in dark, and on a phone."""
    found = find_violations_in_both_themes(page)
    page.set_viewport_size(PHONE)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
        found.append(f"{width} pixels wide on a phone")
    page.set_viewport_size(DESKTOP)
    return found


def test_pages_in_light_in_dark_and_on_a_phone(
    enter: Callable[[str], Page], visitor: httpx.Client, addresses: list[str]
) -> None:
    """All are asked for; of those that look alike, one is opened."""
    pages = {address: visitor.get(address) for address in addresses}
    assert {answer.status_code for answer in pages.values()} == {200}
    chosen = choose_pages({address: list_shapes(answer.text) for address, answer in pages.items()})
    found = {address: find_faults(enter(address)) for address in chosen}
    assert {address: faults for address, faults in found.items() if faults} == {}


def test_an_appointment_is_dragged_in_the_calendar(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    """To another time, which is saved; then onto another appointment, which is refused."""
    visit = calendar.book("2026-03-10T09:00:00", reason="Cough")
    calendar.book("2026-03-10T11:00:00", reason="Taken")
    enter("/calendar?date=2026-03-10")
    page.get_by_role("button", name="Day", exact=True).click()
    moved = page.locator(".fc-event", has_text="Cough")
    expect(moved).to_be_visible()

    def drag(to: str) -> None:
        moved.hover(position={"x": 30, "y": 4})  # waits until the calendar has scrolled and stands still
        lane = page.locator(f'td.fc-timegrid-slot-lane[data-time="{to}"]').bounding_box()
        box = moved.bounding_box()
        assert lane
        assert box
        page.mouse.move(box["x"] + 30, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(box["x"] + 30, lane["y"] + 2, steps=5)
        page.mouse.move(box["x"] + 30, lane["y"] + 4)
        page.mouse.up()

    with page.expect_response("**/move") as saved:
        drag("10:00:00")
    assert saved.value.json() == {}
    assert calendar.read_appointment(visit)["scheduled_time"] == "2026-03-10T10:00:00"
    expect(page.get_by_role("status").filter(has_text="moved to Tue, Mar 10, 10:00 AM")).to_be_visible()
    expect(page).to_have_url(re.compile("view=timeGridDay"))
    with page.expect_response("**/move"):
        page.get_by_role("button", name="Undo").click()
    expect(page.locator("#calendar-done")).to_be_hidden()
    assert calendar.read_appointment(visit)["scheduled_time"] == "2026-03-10T09:00:00"
    with page.expect_response("**/move"):
        drag("10:00:00")
    with page.expect_response("**/move") as refused:
        drag("11:00:00")
    assert "overlaps" in refused.value.json()["detail"]
    expect(page.get_by_role("alert")).to_contain_text("overlaps")
    assert calendar.read_appointment(visit)["scheduled_time"] == "2026-03-10T10:00:00"


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
    page.get_by_label("Search: Appointment profiles").fill("07")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Visit 07").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The profile has been deleted.")).to_be_visible()
    context.close()


def test_a_question_is_asked_in_a_dialog(page: Page, enter: Callable[[str], Page]) -> None:
    enter("/catalogues/profiles")
    page.get_by_role("link", name="Visit 03").click()
    question = ask(page, "Delete")
    expect(question).to_have_accessible_name("Delete this profile?")
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    page.get_by_role("link", name="Delete").click()
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The profile has been deleted.")).to_be_visible()


def test_keyboard_alone(page: Page, enter: Callable[[str], Page]) -> None:
    """From the skip link into a form and out of it with Tab, Enter and typing."""
    enter("/catalogues/profiles")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
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


@pytest.mark.usefixtures("calendar")
def test_on_a_phone(page: Page, enter: Callable[[str], Page]) -> None:
    page.set_viewport_size(PHONE)
    enter("/calendar?date=2026-03-10")  # its script asks for the width once
    expect(page.locator(".fc-timeGridDay-view")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    enter("/")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("#menu summary", has_text="Visits and tasks").click()
    page.get_by_role("link", name="Appointment profiles", exact=True).click()
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
