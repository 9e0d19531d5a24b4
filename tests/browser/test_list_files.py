"""A formulary is uploaded as a file: chosen, looked at, saved."""

import httpx
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations_in_both_themes
from tests.browser.steps import Steps


def test_a_formulary_is_uploaded(phone: Page, visitor: httpx.Client, live_server: str) -> None:
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    phone.goto(f"{live_server}/catalogues/drugs")
    steps = Steps(phone)
    steps.click(phone.get_by_role("link", name="Upload or download"))
    text = b"Name,RxNorm\nLisinopril 10 mg tablet,314076\n"
    phone.get_by_label("File", exact=True).set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": text}
    )
    steps.click(phone.get_by_role("button", name="Show what changes"))
    expect(phone.get_by_role("region", name="Preview")).to_contain_text("1 added, 0 changed")
    assert find_violations_in_both_themes(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    steps.click(phone.get_by_role("button", name="Save", exact=True))
    expect(phone.get_by_text("Formulary: 1 added, 0 changed.")).to_be_visible()
    assert steps.count == 3
