"""Browser tests: Chromium, driven by Playwright, limited to the loopback interface."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests.browser import QUIET
from tests.browser.watching import open_page
from tests.domains.scheduling.calendar import Calendar
from tests.support import PASSWORD, Clinic, make_practice


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Browser tests need Chromium: `make test` installs it on Debian, see CONTRIBUTING.md"
    # Playwright keeps an event loop running in this thread, which Django takes for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        opened = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a fresh page. The test fails if the page logs an error or requests another host."""
    with open_page(browser, viewport={"width": 1280, "height": 860}) as (page, faults):
        yield page
    assert faults == []


@pytest.fixture
def clinic() -> Clinic:
    """Make a practice whose primary user can sign in, with several pages of appointment profiles."""
    made = make_practice("Harbour Clinic")
    made.user.set_password(PASSWORD)
    made.user.save()
    with tenancy.within(made.id):
        for number in range(30):
            AppointmentProfile.objects.create(
                practice=made.practice,
                doctor=made.doctor,
                name=f"Visit {number:02}",
                reason="Check-up",
                color="#3a87ad",
                duration=10 + number,
            )
    return made


@pytest.fixture
def calendar(clinic: Clinic) -> Calendar:
    return Calendar(clinic=clinic)


@pytest.fixture
def enter(page: Page, live_server: str, clinic: Clinic) -> Callable[[str], Page]:
    """Sign the primary user in and return a function that opens an address."""
    page.goto(f"{live_server}/sign-in")
    page.get_by_label("Username").fill(clinic.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live_server}/")

    def go(address: str) -> Page:
        page.goto(live_server + address)
        return page

    return go
