"""The reference pages in a browser: switching between dialects, on a phone, accessibility."""

from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations

# The large ones last: what they share with the others has been examined by then.
PAGES = (
    "/docs/guides",
    "/docs/guides/quickstart",
    "/docs/search?q=webhook",
    "/docs",
    "/docs/cerbo",
    "/docs/cerbo/appointment_availability",
    "/docs/cerbo/patients",
    "/docs/patients",
)


def test_from_one_dialect_to_the_other(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/docs")
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name="Cerbo v1").click()
    expect(page.get_by_role("heading", name="Credentials")).to_be_visible()
    page.get_by_role("navigation", name="Resources").get_by_role("link", name="patient_prescriptions").click()
    expect(page.get_by_role("heading", name="patient_prescriptions", level=1)).to_be_visible()
    page.get_by_role("link", name="POST /api/v1/patients/{id}/rxs/refill").click()
    assert page.url.endswith("#patients_rxs_refill-post")
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name="DrChrono v4").click()
    expect(page.get_by_role("heading", name="Authorization")).to_be_visible()


def test_in_light_and_in_dark_on_a_telephone(page: Page, live_server: str) -> None:
    faults: dict[str, list[str]] = {}
    for address in PAGES:
        page.goto(live_server + address)
        for theme, width in (("light", 1280), ("dark", 375)):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth") > width
            faults[f"{address}, {theme}"] = [*find_violations(page), *["too wide"] * wide]
    assert {address: found for address, found in faults.items() if found} == {}


def test_search_and_copy(page: Page, live_server: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_server}/docs")
    page.keyboard.press("/")
    page.keyboard.type("check signatures")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="Webhooks: Check signatures").click()
    listing = page.locator("figure", has_text="from standardwebhooks import Webhook")
    listing.get_by_role("button", name="Copy").click()
    expect(listing.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == listing.locator("code").text_content()
