"""Printed pages: no navigation, black on white, also for who works in the dark theme."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from charthouse.domains.billing.accounts import Charge, Invoice
from charthouse.domains.medications.models import Medication
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import Calendar

FIND_FAULTS = (Path(__file__).parent / "print_faults.js").read_text()


@pytest.fixture
def printable(calendar: Calendar, visitor: object) -> dict[str, str]:
    """What is printed → its address. A requisition is a PDF (tests/interchange); a statement and a receipt are of one
    payment."""
    visit = calendar.book("2026-03-10T09:00:00", reason="Cough")
    calendar.book("2026-03-10T10:00:00", status="Checked In")
    of = {"practice": calendar.clinic.practice, "patient_id": calendar.patient_id}
    with tenancy.within(calendar.clinic.id):
        Charge.objects.create(name="Letter", amount=40, transaction_date="2026-03-02", **of)
        drug = Medication.objects.create(
            doctor=calendar.doctor, name="Lisinopril 10 mg", dosage_quantity="1", dosage_units="tablet", **of
        )
    chart = f"/patients/{calendar.patient_id}"
    return {
        "schedule": "/day?date=2026-03-10",
        "chart summary": chart,
        "note": f"/visits/{visit['id']}",
        "prescription": f"{chart}/medications/{drug.pk}/print",
        "statement": f"{chart}/account/statement",
        "receivables": "/billing",
        "payment": f"{chart}/payment",
    }


def test_printed_pages_are_black_on_white_without_navigation(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, printable: dict[str, str]
) -> None:
    enter(printable.pop("payment"))
    page.get_by_text("Check", exact=True).click()
    page.get_by_role("button", name="Take payment").click()
    expect(page.get_by_role("heading", name="Receipt R-")).to_be_visible()
    with tenancy.within(calendar.clinic.id):
        invoice = Invoice.objects.get(practice=calendar.clinic.id).pk
    printable["receipt"] = page.evaluate("location.pathname")
    printable["invoice"] = f"/patients/{calendar.patient_id}/account/invoices/{invoice}"
    page.emulate_media(media="print")
    found = {}
    for name, address in printable.items():
        enter(address)
        for theme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.bsTheme = '{theme}'")
            if faults := page.evaluate(FIND_FAULTS):
                found[name, theme] = faults
    page.emulate_media(media="screen")
    assert found == {}
