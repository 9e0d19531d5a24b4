"""The console's pages of the controls, of a running sandbox."""

import html
import re
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from charthouse.console.sandbox.subjects import EVERY
from charthouse.toolkit.controls import CONTROLS
from tests.browser import PATIENCE, QUIET
from tests.browser.axe import find_violations
from tests.browser.test_console import PHONE
from tests.toolkit.sandboxes import RunningSandbox

HIDDEN = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken" value="([^"]+)"')


class Staff:
    """A browser without scripts, in which the first practice's primary user is signed in."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.client = httpx.Client(base_url=sandbox.base_url, follow_redirects=True, timeout=60)
        user = next(each for each in sandbox.described["practices"][0]["users"] if each["is_primary"])
        self.credentials = {"username": user["username"], "password": user["password"]}
        assert self.post("/sign-in", **self.credentials).status_code == 200
        assert self.client.get("/sandbox/clock").url.path == "/sandbox/clock"

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return html.unescape(answer.text)

    def post(self, path: str, **given: Any) -> httpx.Response:
        (token, *_) = HIDDEN.findall(self.client.get(path).text)
        headers = {"Referer": f"{self.client.base_url}{path}"}
        return self.client.post(path, data={**given, "csrfmiddlewaretoken": token}, headers=headers)

    def run(self, page: str, control: str, **given: Any) -> str:
        named = {f"{control}.{name}": value for name, value in given.items()}
        answer = self.post(f"/sandbox/{page}", control=control, **named)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)


@pytest.fixture(scope="module")
def staff(sandbox: RunningSandbox) -> Iterator[Staff]:
    found = Staff(sandbox)
    yield found
    found.client.close()


def test_every_page_shows_what_there_is_and_its_forms(sandbox: RunningSandbox, staff: Staff) -> None:
    for subject in EVERY:
        shown = staff.get(f"/sandbox/{subject.slug}")
        for listing in subject.listings:
            assert f">{listing.title}</h2>" in shown
        for control in CONTROLS:
            if control.name in subject.actions:
                for field in control.list_fields():
                    assert f'name="{control.name}.{field.name}"' in shown
    for control in CONTROLS:  # a button of a row, too, is taken by its page
        if any(field.required for field in control.list_fields()):
            assert staff.post(control.page, control=control.name).status_code == 400, control.name
    assert staff.client.get("/sandbox/nothing").status_code == 404
    assert staff.post("/sandbox/clock", control="snapshots.reset").status_code == 404  # not of this page


def test_the_clock(sandbox: RunningSandbox, staff: Staff) -> None:
    assert "Real time" in staff.get("/sandbox/clock")
    assert "3:00:00 ahead" in staff.run("clock", "clock.advance", by="3h")
    assert sandbox.clock.show().ahead_seconds > 10_000
    assert "Stopped." in staff.run("clock", "clock.freeze")
    assert "Real time" in staff.run("clock", "clock.real")
    wrong = staff.post("/sandbox/clock", **{"control": "clock.set", "clock.set.to": "soon"})
    assert (wrong.status_code, "can't be read as a time" in html.unescape(wrong.text)) == (400, True)


def test_faults_modes_and_scenarios(sandbox: RunningSandbox, staff: Staff) -> None:
    staff.run("faults", "faults.add", kind="429", count="2", operation="GET /api/doctors*")
    (fault,) = sandbox.faults.list().faults
    assert (fault.kind, fault.count) == ("429", 2)
    assert "Nothing fails." in staff.run("faults", "faults.remove", id=fault.id)
    staff.run("modes", "modes.set", mode="strict", api_user="")
    assert [each.mode for each in sandbox.modes.list().modes] == ["strict"]
    staff.run("modes", "extras.set", etags="true")
    assert [(each.etags, each.idempotency_keys) for each in sandbox.extras.list().extras] == [(True, False)]
    staff.run("modes", "extras.clear")
    assert "All calls are read faithfully." in staff.run("modes", "modes.clear")
    unknown = staff.post(
        "/sandbox/modes", **{"control": "modes.set", "modes.set.mode": "strict", "modes.set.app": "none"}
    )
    assert (unknown.status_code, "There is no app" in html.unescape(unknown.text)) == (400, True)
    practice = sandbox.practices.create(patients=0).id
    added = staff.run("scenarios", "scenarios.add", name="duplicate", practice=practice)
    scenario = sandbox.scenarios.list().added[-1]
    assert f"<dd>{scenario.ids['duplicate']}</dd>" in added


def test_tokens_and_events(sandbox: RunningSandbox, staff: Staff) -> None:
    practice = sandbox.practices.create(patients=1)
    minted = staff.run("access", "tokens.mint", user=practice.user, scopes="patients:read")
    (token,) = re.findall(r"<dt>access token</dt><dd>(\w+)</dd>", minted)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{sandbox.base_url}/api/patients", headers=headers).status_code == 200
    assert httpx.get(f"{sandbox.base_url}/api/doctors", headers=headers).status_code == 403
    override = "nick_name=Page"
    caused = staff.run(
        "events", "events.trigger", event="PATIENT_MODIFY", practice=practice.id, override=override, wait="1"
    )
    assert "<dd>PATIENT_MODIFY</dd>" in caused
    wrong = {"control": "events.trigger", "events.trigger.event": "PATIENT_MODIFY"}
    refused = staff.post("/sandbox/events", **wrong, **{"events.trigger.override": "colour=red"})
    assert "override.colour" in html.unescape(refused.text)
    assert "/api/doctors" in staff.get("/sandbox/calls")


def test_going_back_asks_to_sign_in_again(sandbox: RunningSandbox) -> None:
    staff = Staff(sandbox)
    staff.run("snapshots", "snapshots.save", name="by-page")
    assert "by-page" in staff.get("/sandbox/snapshots")
    back = staff.post(
        "/sandbox/snapshots", **{"control": "snapshots.restore", "snapshots.restore.name": "by-page"}
    )
    assert back.url.path == "/sign-in"
    assert staff.post("/sign-in", **staff.credentials).status_code == 200
    missing = staff.post(
        "/sandbox/snapshots", **{"control": "snapshots.restore", "snapshots.restore.name": "none"}
    )
    assert (missing.status_code, "There is no snapshot" in html.unescape(missing.text)) == (400, True)
    staff.run("snapshots", "snapshots.delete", name="by-page")
    assert "by-page" not in {each.name for each in sandbox.snapshots.list().snapshots}
    staff.client.close()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A browser of this test alone: its event loop must not outlast it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=QUIET, timeout=PATIENCE)
        yield opened
        opened.close()


def test_pages_are_usable_by_everybody(sandbox: RunningSandbox, chromium: Browser) -> None:
    """Without errors of scripts, without violations of WCAG, and within a phone's width."""
    credentials = next(each for each in sandbox.described["practices"][0]["users"] if each["is_primary"])
    context = chromium.new_context(base_url=sandbox.base_url, viewport=PHONE, reduced_motion="reduce")
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto("/sign-in")
        page.fill("[name=username]", credentials["username"])
        page.fill("[name=password]", credentials["password"])
        page.click("main button[type=submit], form button")
        for subject in EVERY:
            page.goto(f"/sandbox/{subject.slug}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 375, subject.slug
            assert find_violations(page) == [], subject.slug
        assert errors == []
    finally:
        context.close()
