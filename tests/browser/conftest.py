"""A real browser for pages: Chromium, driven by Playwright. It may reach this machine's loopback only."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Browser tests need Chromium: `make test` installs it on Debian, see CONTRIBUTING.md"
    # Playwright keeps an event loop running in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page. The test fails when the page logs an error, or asks another host than loopback."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))

    def allowed(route, request):  # type: ignore[no-untyped-def]
        if request.url.startswith(("http://127.0.0.1:", "data:", "https://app.example/")):
            return route.fallback()
        faults.append(f"asked {request.url}")
        return route.abort()

    context.route("**/*", allowed)
    yield page
    context.close()
    assert faults == []
