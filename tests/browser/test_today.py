"""Today in a browser: check-in and cancellation in two steps, undo, a phone, and what axe says."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar

DAY = "2026-03-10"


@pytest.fixture
def visit(calendar: Calendar) -> str:
    calendar.book(f"{DAY}T12:00:00", patient=None, reason="Lunch")
    return str(calendar.book(f"{DAY}T09:00:00", reason="Cough")["id"])


def test_a_patient_is_checked_in_in_two_steps_and_undone(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, visit: str
) -> None:
    enter(f"/day?date={DAY}")
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Check in Ada, 9:00 AM"))
    expect(page.get_by_role("dialog")).to_contain_text("Insurance")
    assert find_violations(page) == []
    steps.click(page.get_by_role("dialog").get_by_role("button", name="Check in"))
    expect(page.get_by_text("Ada is checked in.")).to_be_visible()
    assert steps.count == 2
    assert calendar.read_appointment(visit)["status"] == "Checked In"
    page.get_by_label("Room of Ada, 9:00 AM").select_option("2")
    expect(page.get_by_text("moved to Room 2")).to_be_visible()
    page.get_by_role("button", name=re.compile("To room")).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Ada: Checked In.")).to_be_visible()
    assert find_violations(page) == []


def test_an_appointment_is_cancelled_with_a_reason_in_two_steps(
    phone: Page, visitor: httpx.Client, live_server: str, calendar: Calendar, visit: str
) -> None:
    """On a phone."""
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    phone.goto(f"{live_server}/day?date={DAY}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert find_violations(phone) == []
    steps = Steps(phone)
    steps.click(phone.get_by_role("link", name="Cancel Ada, 9:00 AM"))
    steps.click(phone.get_by_role("dialog").get_by_role("button", name="Weather"))
    expect(phone.get_by_text("is cancelled: Weather.")).to_be_visible()
    assert steps.count == 2
    assert calendar.read_appointment(visit)["status_transitions"][-1]["reason"] == "Weather"
