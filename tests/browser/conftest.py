"""Browser tests: Chromium, driven by Playwright, limited to the loopback interface."""

import shutil
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests import waiting
from tests.browser import PATIENCE, QUIET
from tests.browser.watching import SharedPages
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import PASSWORD, Clinic, make_api_user, make_practice

REFUSED = "Failed to load resource: the server responded with a status of 4"  # what Chromium says of any form refused


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Browser tests need Chromium: `make test` installs it on Debian, see CONTRIBUTING.md"
    # Playwright keeps an event loop running in this thread, which Django takes for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        opened = playwright.chromium.launch(executable_path=found, args=QUIET, timeout=PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def shared_pages(browser: Browser, live_server: str) -> SharedPages:
    return SharedPages(browser, live_server)


@pytest.fixture
def page(shared_pages: SharedPages) -> Iterator[Page]:
    """Return a page without history. The test fails if the page logs an error or requests another host."""
    with shared_pages.use(viewport={"width": 1280, "height": 860}) as (page, faults):
        yield page
    assert faults == []


@pytest.fixture
def phone(shared_pages: SharedPages) -> Iterator[Page]:
    """Return a page on a phone. The test fails if it logs an error, other than that a form was refused."""
    with shared_pages.use(viewport={"width": 390, "height": 800}, has_touch=True) as (page, faults):
        yield page
    assert [fault for fault in faults if not fault.startswith(REFUSED)] == []


@pytest.fixture
def clinic() -> Clinic:
    """Make a practice whose primary user can sign in, with several pages of appointment profiles."""
    made = make_practice("Harbour Clinic")
    made.user.set_password(PASSWORD)
    made.user.save()
    visits = [
        AppointmentProfile(
            practice=made.practice,
            doctor=made.doctor,
            name=f"Visit {number:02}",
            reason="Check-up",
            color="#3a87ad",
            duration=10 + number,
        )
        for number in range(30)
    ]
    with tenancy.within(made.id):
        AppointmentProfile.objects.bulk_create(visits)
    return made


@pytest.fixture
def calendar(clinic: Clinic) -> Calendar:
    return Calendar(clinic=clinic)


@pytest.fixture
def visitor(clinic: Clinic) -> httpx.Client:
    """Sign the primary user in and return a client of the server in this process."""
    return open_signed_in_browser(clinic.user.username)


@pytest.fixture
def enter(page: Page, live_server: str, visitor: httpx.Client) -> Callable[[str], Page]:
    """Give the page the primary user's session and return a function that opens an address."""
    page.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )

    def go(address: str) -> Page:
        page.goto(live_server + address)
        return page

    return go


@pytest.fixture
def program(clinic: Clinic, live_server: str) -> Iterator[httpx.Client]:
    """Another system that calls the server over HTTP."""
    made = make_api_user(clinic.practice)
    with httpx.Client(
        base_url=f"{live_server}/api/v1", auth=(made.row.username, made.secret), timeout=waiting.PATIENCE
    ) as client:
        yield client
