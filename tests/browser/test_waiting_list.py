"""The waiting list in a browser: from the chart onto it, a drag that frees a time, one click that books, a phone."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from charthouse import clock
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar


def test_a_freed_time_is_booked_in_one_step_and_undone(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    today = clock.now().date()
    day = (today + timedelta(days=14 - today.weekday())).isoformat()
    patient = calendar.new(first_name="Grace", last_name="Hopper", cell_phone="(303) 555-0142")["id"]
    calendar.book(f"{day}T09:00:00", reason="Cough")
    enter(f"/patients/{patient}")
    expect(page.get_by_role("link", name="Delete patient")).to_be_hidden()
    page.get_by_label("More", exact=True).click()
    expect(page.get_by_role("link", name="Delete patient")).to_be_visible()
    assert find_violations(page) == []
    page.get_by_role("link", name="Add to waiting list").click()
    expect(page.locator("#patient_name")).to_have_value("Hopper, Grace")
    page.get_by_label("Morning").check()
    page.get_by_label("Mon", exact=True).check()
    page.get_by_label("Note", exact=True).fill("Chest pain on stairs")
    assert find_violations_in_both_themes(page) == []
    page.get_by_role("button", name="Add to waiting list").click()
    expect(page.get_by_text("Grace Hopper is on the waiting list.")).to_be_visible()
    expect(page.get_by_role("row", name="Hopper, Grace")).to_contain_text("Mon · Morning")
    # A drag frees a time, too: the page offers it at once.
    enter(f"/calendar?view=timeGridDay&date={day}")
    event = page.locator(".fc-event", has_text="Cough")
    event.hover(position={"x": 20, "y": 6})
    page.mouse.down()
    target = page.locator('.fc-timegrid-slot-lane[data-time="11:00:00"]').bounding_box()
    assert target
    page.mouse.move(target["x"] + 60, target["y"] + 10, steps=8)
    page.mouse.up()
    expect(page.get_by_role("region", name="Freed times")).to_contain_text("Grace Hopper")
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.click(page.get_by_role("button", name="Book Grace Hopper, Mon"))
    expect(page.get_by_text("Grace Hopper booked: Mon")).to_be_visible()
    assert steps.count == 1
    expect(page.get_by_role("region", name="Freed times")).to_have_count(0)
    expect(page.locator(".fc-event", has_text="Grace Hopper")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("region", name="Freed times")).to_contain_text("Grace Hopper")
    expect(page.locator(".fc-event", has_text="Grace Hopper")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in ("/waiting-list", f"/day?date={day}"):
        enter(address)
        expect(page.get_by_role("region", name="Freed times")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert find_violations(page) == []
