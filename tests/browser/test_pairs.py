"""The worklist of likely duplicates in a browser, on a phone too: compared in one step, or found not to be one."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar


def test_pairs_are_looked_through(page: Page, enter: Callable[[str], Page], calendar: Calendar) -> None:
    for last, born in (("Lovelace", "1985-12-10"), ("Hopper", "1986-12-10")):
        for first in ("Adelaide", "Adela"):
            calendar.new(first_name=first, last_name=last, date_of_birth=born, cell_phone="(303) 555-0142")
    enter("/patients")
    page.get_by_role("link", name="Duplicates").click()
    pairs = page.get_by_role("region", name="Pairs").get_by_role("listitem")
    expect(pairs).to_have_count(2)
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    steps.click(page.get_by_role("button", name=re.compile("Not duplicates.*Hopper")))
    expect(page.get_by_text("are not duplicates.")).to_be_visible()
    expect(pairs).to_have_count(1)
    assert steps.count == 1
    page.get_by_role("button", name="Undo").click()
    expect(pairs).to_have_count(2)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert find_violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 860})
    page.get_by_role("link", name="Compare Lovelace, Adelaide with Lovelace, Adela").click()
    expect(page.get_by_role("heading", name="Are these the same person?")).to_be_visible()
