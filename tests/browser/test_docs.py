"""The reference pages in a browser: from one dialect to the other, on a telephone, for people who see badly."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations

PAGES = (
    "/docs",
    "/docs/patients",
    "/docs/cerbo",
    "/docs/cerbo/patients",
    "/docs/cerbo/appointment_availability",
)


def test_from_one_dialect_to_the_other(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/docs")
    page.get_by_role("navigation", name="Dialects").get_by_role("link", name="Cerbo v1").click()
    expect(page.get_by_role("heading", name="Credentials")).to_be_visible()
    page.get_by_role("navigation", name="Resources").get_by_role("link", name="patient_prescriptions").click()
    expect(page.get_by_role("heading", name="patient_prescriptions", level=1)).to_be_visible()
    page.get_by_role("link", name="POST /api/v1/patients/{id}/rxs/refill").click()
    assert page.url.endswith("#patients_rxs_refill-post")
    page.get_by_role("navigation", name="Dialects").get_by_role("link", name="DrChrono v4").click()
    expect(page.get_by_role("heading", name="Authorization")).to_be_visible()


@pytest.mark.parametrize("address", PAGES)
def test_for_everybody(browser, live_server: str, address: str) -> None:  # type: ignore[no-untyped-def]
    for scheme, width in (("light", 1280), ("dark", 375)):
        context = browser.new_context(
            bypass_csp=True,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(live_server + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        context.close()


@pytest.mark.parametrize("address", ["/docs/patients", "/docs/cerbo/patients"])
def test_the_largest_pages_on_a_telephone(browser, live_server: str, address: str) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(live_server + address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.close()
