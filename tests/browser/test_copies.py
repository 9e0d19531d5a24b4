"""The banner of a restored copy: on every page, above all else, in light, in dark and on a phone."""

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from charthouse.identity import incarnations
from tests.browser.axe import find_violations_in_both_themes
from tests.support import client

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("address", ["/", "/sign-in", "/portal/sign-in"])
def test_the_banner_of_a_copy(
    page: Page, live_server: str, visitor: httpx.Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is made in this process, where the database is said to be a copy: that of the server is not."""
    monkeypatch.setattr(incarnations, "is_paused", lambda: True)
    with client() as nobody:
        text = (visitor if address == "/" else nobody).get(address).text

    def answer(route: Route) -> None:
        route.fulfill(body=text, content_type="text/html")

    page.route(live_server + address, answer)
    page.goto(live_server + address)
    banner = page.get_by_role("status").filter(has_text="This is a restored copy.")
    for viewport in (page.viewport_size, PHONE):
        assert viewport
        page.set_viewport_size(viewport)
        expect(banner).to_be_in_viewport(ratio=1)
        box = banner.bounding_box()
        assert box
        assert (box["x"], box["y"], box["width"]) == (0, 0, viewport["width"])
        middle = {"x": box["width"] / 2, "y": box["height"] / 2}
        on_top = "at => document.elementFromPoint(at.x, at.y).closest('.restored-copy') !== null"
        assert page.evaluate(on_top, middle)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert find_violations_in_both_themes(page) == []
