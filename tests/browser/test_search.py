"""Ctrl-K in a browser: a chart is opened from anywhere with the keyboard alone."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar


def test_a_chart_is_opened_from_anywhere(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    enter("/settings/offices/new")
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.press("Control+k")
    expect(page.get_by_role("combobox", name="Find patients")).to_be_focused()
    page.keyboard.type("ada")
    expect(page.get_by_role("option", name=re.compile("Ada"))).to_have_attribute("aria-selected", "true")
    assert find_violations(page) == []
    steps.press("Enter")
    page.wait_for_url(f"**/patients/{calendar.patient_id}")
    assert steps.count == 2
    page.keyboard.press("Control+k")
    page.keyboard.type("tasks")
    expect(page.get_by_role("option", name="Tasks Page")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Find patients")).to_be_hidden()
