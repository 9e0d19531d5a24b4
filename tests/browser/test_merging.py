"""Two charts merged in a browser: compared, merged, undone; on a phone, and what axe says."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from charthouse.domains.clinical.models import Allergy
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.domains.scheduling.calendar import Calendar


def make_pair(calendar: Calendar) -> tuple[int, int]:
    """Two patients of one name and birthday, of whom the second has a visit and an allergy."""
    shared = {"last_name": "Lovelace", "date_of_birth": "1985-12-10", "gender": "Female"}
    made = []
    for values in (
        {
            "first_name": "Ada",
            "email": "ada@engine.example",
            "cell_phone": "(303) 555-0142",
            "chart_id": "LoAd000001",
        },
        {"first_name": "Ada M.", "email": "am@engine.example", "city": "Denver", "chart_id": "LoAd000002"},
    ):
        with tenancy.within(calendar.clinic.id):
            row = Patient.objects.create(
                practice=calendar.clinic.practice, doctor=calendar.doctor, **shared, **values
            )
        made.append(row.pk)
    calendar.book("2026-03-10T09:00:00", patient=made[1])
    with tenancy.within(calendar.clinic.id):
        Allergy.objects.create(
            practice=calendar.clinic.practice,
            doctor=calendar.doctor,
            patient_id=made[1],
            description="Penicillin",
        )
    return made[0], made[1]


def test_two_charts_are_merged_in_three_steps_and_separated_again(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    kept, gone = make_pair(calendar)
    enter(f"/patients/{kept}")
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Merge", exact=True))
    expect(page.get_by_role("heading", name="Likely duplicates")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    steps.click(page.get_by_role("link", name="Compare with Lovelace, Ada M."))
    expect(page.get_by_role("heading", name="Are these the same person?")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    page.get_by_label("Ada M.", exact=True).check()
    steps.click(page.get_by_role("button", name="Merge into Ada Lovelace"))
    expect(page.get_by_text("was merged into the chart of Ada M. Lovelace")).to_be_visible()
    assert steps.count == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("has a chart of their own again")).to_be_visible()
    assert page.url.endswith(f"/patients/{gone}")


def test_the_comparison_fits_a_phone(
    phone: Page, visitor: httpx.Client, live_server: str, calendar: Calendar
) -> None:
    kept, gone = make_pair(calendar)
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    phone.goto(f"{live_server}/patients/{kept}/merge/{gone}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert find_violations(phone) == []
