"""What a patient sent, settled with the mouse."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from charthouse.domains.medications.models import Supplement
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.portal_requests import enqueue
from charthouse.identity import tenancy
from tests.browser.axe import find_violations
from tests.browser.dialogs import ask
from tests.domains.scheduling.calendar import Calendar


def test_requests_are_settled(page: Page, enter: Callable[[str], Page], calendar: Calendar) -> None:
    with tenancy.within(calendar.clinic.id):
        patient = Patient.objects.get(pk=calendar.patient_id)
        for name in ("Magnesium", "Fish oil"):
            row = Supplement.objects.create(practice=calendar.clinic.practice, name=name)
            enqueue(
                patient, "supplement", api_user=None, title=name, notes="?", payload={"supplement_id": row.pk}
            )
    enter("/")
    line = page.get_by_role("navigation", name="Main").get_by_role("link", name="Portal queue 2 waiting")
    line.click()
    assert find_violations(page) == []
    page.get_by_role("link", name="Magnesium").click()
    expect(page.get_by_role("heading", name="Magnesium")).to_be_visible()
    assert find_violations(page) == []
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("The request was accepted.")).to_be_visible()
    page.get_by_role("link", name="Fish oil").click()
    ask(page, "Dismiss").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Nothing to review.")).to_be_visible()
    page.get_by_label("Status").select_option("all")
    expect(page.locator("tbody tr")).to_have_count(2)
