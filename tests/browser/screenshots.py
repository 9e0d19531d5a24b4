"""``python -m tests.browser.screenshots``: screenshots for the README, of a sandbox of their own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.browser import QUIET

SHOTS = Path(__file__).parents[2] / "docs" / "screenshots"


def shoot(page: Page, sandbox: dict[str, Any]) -> None:
    """Sign in and take screenshots of the console."""
    base, practice = sandbox["base_url"], sandbox["practices"][0]
    user, app = practice["users"][0], practice["oauth_apps"][0]
    for name, address in (("reference", "/docs"), ("quickstart", "/docs/guides/quickstart")):
        page.goto(base + address)
        page.screenshot(path=SHOTS / f"{name}.png")
    page.goto(f"{base}/sign-in")
    page.get_by_label("Username").fill(user["username"])
    page.get_by_label("Password").fill(user["password"])
    page.get_by_role("button", name="Sign in").click()
    unlimited = practice["oauth_apps"][-1]["access_token"]
    api = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {unlimited}"})
    visits = api.get(
        "/api/appointments",
        params={"date_range": _weeks(sandbox["reference_day"]), "verbose": "true", "page_size": 250},
    ).json()["results"]
    seen = choose_visit(api, visits)
    days = [one["scheduled_time"][:10] for one in visits]
    busy = max(days, key=days.count)
    for name, address in (
        ("home", "/"),
        ("day", f"/day?date={busy}"),
        ("calendar", f"/calendar?date={busy}"),
        ("chart", f"/patients/{seen['patient']}"),
        ("account", f"/patients/{seen['patient']}/account"),
        ("visit", f"/visits/{seen['id']}"),
        ("app", "/developer/apps/1"),
    ):
        page.goto(base + address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SHOTS / f"{name}.png")
    page.goto(
        f"{base}/o/authorize/?response_type=code&client_id={app['client_id']}&redirect_uri={app['redirect_uri']}"
    )
    page.get_by_role("button", name="Allow").wait_for()
    page.screenshot(path=SHOTS / "consent.png")


def choose_visit(api: httpx.Client, visits: list[dict[str, Any]]) -> dict[str, Any]:
    """Choose a signed visit of the patient with the most active problems, among names that any font shows."""

    @cache
    def count_problems(patient: int) -> int:
        answer = api.get(f"/api/patients/{patient}")
        if (
            not answer.is_success
            or not f"{answer.json()['first_name']}{answer.json()['last_name']}".isascii()
        ):
            return -1
        problems = api.get("/api/problems", params={"patient": patient}).json()["results"]
        return sum(problem["status"] == "active" for problem in problems)

    signed = [one for one in visits if one["patient"] and (one["clinical_note"] or {}).get("locked")]
    return max(signed, key=lambda visit: count_problems(visit["patient"]))


def shoot_portal(page: Page, sandbox: dict[str, Any]) -> None:
    """Take screenshots of the portal on a phone."""
    guest = sandbox["practices"][0]["portal_users"][0]
    page.goto(f"{sandbox['base_url']}/portal")
    page.get_by_label("Username").fill(guest["username"])
    page.get_by_label("Password").fill(guest["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("English", exact=True).click()  # this patient's own language is Spanish
    page.get_by_role("heading", name="Hello").wait_for()
    page.screenshot(path=SHOTS / "portal.png")


def _weeks(day: str) -> str:
    """Return the four weeks before a day as a date range."""
    last = date.fromisoformat(day)
    return f"{last - timedelta(days=28)}/{last - timedelta(days=1)}"


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    SHOTS.mkdir(parents=True, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="charthouse-docs-"))
    command = [sys.executable, "-m", "charthouse", "sandbox", "--data", str(data / "data"), "--port", port]
    server = subprocess.Popen([*command, "--seed", "1"], stdout=subprocess.DEVNULL)
    try:
        described = data / "data" / "sandbox.json"
        until = time.monotonic() + 300
        while time.monotonic() < until and server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            shoot(page, json.loads(described.read_text()))
            telephone = browser.new_page(viewport={"width": 390, "height": 780})
            shoot_portal(telephone, json.loads(described.read_text()))
            browser.close()
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    os.environ.pop("DATABASE_URL", None)
    main()
