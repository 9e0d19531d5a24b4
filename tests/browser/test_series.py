"""A block over several days and the edit of a series, both undone, in a browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar

MONDAY = "2030-03-04"


def test_days_are_blocked_and_a_series_is_edited_and_both_are_undone(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    calendar.book(f"{MONDAY}T09:00:00", recur_end_date="2030-03-11", recurring_days=[0], reason="Therapy")
    enter(f"/book/0?time={MONDAY}T12:00:00&duration=60&room=0")
    starts, ends = page.get_by_label("Starts"), page.get_by_label("Ends")
    expect(ends).to_have_value(f"{MONDAY}T13:00")
    starts.fill("2030-03-05T08:00")
    starts.press("Tab")
    expect(ends).to_have_value("2030-03-05T09:00")
    assert find_violations_in_both_themes(page) == []
    page.get_by_label("Ends").fill("2030-03-08T17:00")
    page.get_by_label("Reason").fill("Conference")
    page.get_by_role("button", name="Block time").click()
    expect(page.get_by_text("Time blocked: Tue Mar 5, 8:00 AM to Fri Mar 8, 5:00 PM.")).to_be_visible()
    expect(page.get_by_role("region", name="Appointment")).to_contain_text(
        "Tue Mar 5, 8:00 AM to Fri Mar 8, 5:00 PM"
    )
    assert find_violations(page) == []
    enter(f"/calendar?view=timeGridWeek&date={MONDAY}")
    expect(page.locator(".fc-event", has_text="Conference")).to_have_count(4)
    page.locator(".fc-event", has_text="Conference").nth(2).click()
    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question.get_by_label("The whole block")).to_be_checked()
    assert find_violations(page) == []
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The time is no longer blocked.")).to_be_visible()
    enter(f"/calendar?view=timeGridWeek&date={MONDAY}")
    page.locator(".fc-event", has_text="Therapy").first.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("This and those that follow").check()
    page.get_by_label("Minutes").fill("60")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2 appointments of the series are saved.")).to_be_visible()
    steps = Steps(page)
    steps.click(page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("2 appointments are as before.")).to_be_visible()
    assert steps.count == 1
    assert {one["duration"] for one in calendar.list_appointments(date_range=f"{MONDAY}/2030-03-12")} == {30}
