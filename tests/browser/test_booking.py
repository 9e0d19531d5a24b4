"""Booking in a browser: from a slot of the calendar, the next free slot, a series."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar

DAY = "2044-03-07"  # a Monday


@pytest.fixture
def patient(calendar: Calendar) -> str:
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(last_name="Lovelace")
    return "Lovelace, Ada"


def test_an_appointment_is_booked_from_a_slot_in_three_steps(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, patient: str
) -> None:
    enter(f"/calendar?view=timeGridDay&date={DAY}&office={calendar.office.pk}")
    steps = Steps(page)
    steps.click(page.locator("td.fc-timegrid-slot-lane[data-time='09:00:00']"))
    name = page.get_by_role("combobox", name=re.compile("^Patient"))
    expect(name).to_be_focused()
    page.keyboard.type("lovel")
    expect(page.get_by_role("option", name=patient)).to_have_attribute("aria-selected", "true")
    assert find_violations(page) == []
    steps.press("Enter")
    expect(name).to_have_value(patient)
    steps.click(page.get_by_role("button", name="Book", exact=True))
    expect(page.get_by_text("Ada Lovelace booked: Mon Mar 7, 9:00 AM.")).to_be_visible()
    assert steps.count == 3
    assert find_violations_in_both_themes(page) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The appointment has been deleted.")).to_be_visible()


def test_the_next_free_slot_and_a_series_in_three_steps(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, patient: str
) -> None:
    calendar.book(f"{DAY}T09:00:00")
    calendar.book("2044-03-14T09:30:00", duration=15)
    enter(f"/book/{calendar.patient_id}?time={DAY}T08:55:00&office={calendar.office.pk}")
    page.get_by_role("button", name="Next free slot").click()
    expect(page.get_by_text("Mon Mar 7, 9:30 AM")).to_be_visible()
    steps = Steps(page)
    steps.click(page.get_by_text("Repeat", exact=True))
    steps.click(page.get_by_label("Mon", exact=True))
    page.get_by_label("Repeat until").fill("2044-03-21")
    page.get_by_label("Repeat every _ weeks").fill("1")
    page.keyboard.press("Tab")
    expect(page.get_by_text("3 appointments, 1 conflict")).to_be_visible()
    expect(page.get_by_text("Mon Mar 14, 2044: Ada Lovelace")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    page.get_by_label("Repeat until").fill("2044-03-13")
    page.keyboard.press("Tab")
    expect(page.get_by_text("1 appointments, no conflicts")).to_be_visible()
    steps.click(page.get_by_role("button", name="Book", exact=True))
    expect(page.get_by_text("It repeats.")).to_be_visible()
    assert steps.count == 3


def test_booking_fits_a_phone(
    phone: Page, live_server: str, visitor: httpx.Client, calendar: Calendar
) -> None:
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    visit = calendar.book(f"{DAY}T09:00:00")
    for address in ("/book", f"/appointments/{visit['id']}", f"/appointments/{visit['id']}/edit"):
        phone.goto(live_server + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert find_violations(phone) == [], address
