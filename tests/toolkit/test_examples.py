"""The programs in examples/ work: each is started as its README says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest

from charthouse.toolkit.shell_variables import list_variables
from tests.conftest import find_free_port
from tests.toolkit.guide_blocks import authorize
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import PATIENCE, until

EXAMPLES = Path(__file__).parents[2] / "examples"
# What the fixtures use of Vitest, made of node's own test runner: no test may load packages.
SHIM = """import assert from "node:assert";
export { test } from "node:test";
export const expect = (actual) => ({ toBe: (expected) => assert.strictEqual(actual, expected) });
"""


@contextmanager
def run_program(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run a program within the block; what it prints goes to ``log``."""
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def require(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"this example needs {tool}")


def test_booking_app(sandbox: RunningSandbox, tmp_path: Path) -> None:
    url, log = f"http://127.0.0.1:{find_free_port()}", tmp_path / "log"
    app = sandbox.apps.create(redirect_uris=[f"{url}/callback"])
    environment = list_variables(sandbox.described) | {
        "CLIENT_ID": app.client_id,
        "CLIENT_SECRET": app.client_secret,
        "REDIRECT_URI": f"{url}/callback",
    }
    with (
        run_program([sys.executable, "app.py"], EXAMPLES / "booking", environment, log),
        httpx.Client(base_url=url, timeout=PATIENCE) as browser,
    ):
        until(lambda: "Running on" in log.read_text(), "the app listens")
        assert browser.get("/").headers["Location"] == "/sign-in"
        back = authorize(sandbox, browser.get("/sign-in").headers["Location"])
        assert browser.get(back.replace("state=", "state=x")).status_code == 400
        back = authorize(sandbox, browser.get("/sign-in").headers["Location"])
        assert browser.get(back).headers["Location"] == "/"
        page = browser.get("/").text
        slot = unescape(re.findall(r'name="slot" value="([^"]+)"', page)[0])
        form = {
            "csrf": re.findall(r'name="csrf" value="([^"]+)"', page)[0],
            "patient": re.findall(r'<option value="(\d+)"', page)[0],
            "reason": "Cough",
            "slot": slot,
        }
        assert browser.post("/", data=form | {"csrf": "x"}).status_code == 400
        booked = browser.post("/", data=form)
        assert booked.status_code == 200, booked.text
        assert slot.rsplit(",", 1)[1].replace("T", " ") in booked.text
        assert browser.post("/", data=form).status_code == 409, "the slot is taken"


def test_webhook_consumer(sandbox: RunningSandbox, tmp_path: Path) -> None:
    require("node")
    practice, log, port = sandbox.practices.create(), tmp_path / "log", find_free_port()
    secret, url = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSw", f"http://127.0.0.1:{port}/hooks"
    environment = {"WEBHOOK_SECRET": secret, "HEADER_SECRET": "a header", "PORT": str(port)}
    headers = {"Authorization": "Bearer a header"}
    webhooks = [
        sandbox.webhooks.create(
            url=url, client_id=practice.app.client_id, secret=secret, events=["PATIENT_CREATE"]
        ),
        sandbox.webhooks.create(url=url, practice=practice.id, headers=headers, events=["patient.created"]),
    ]
    with run_program(["node", "consumer.mjs"], EXAMPLES / "webhook-consumer", environment, log):
        until(lambda: "Waiting" in log.read_text(), "the consumer listens")
        made = sandbox.events.trigger(event="PATIENT_CREATE", practice=practice.id, wait=25.0)
        expected = {f"PATIENT_CREATE {made.row}", f"patient.created {made.row}"}
        until(lambda: expected <= set(log.read_text().splitlines()), "both kinds arrive")
        for webhook in webhooks:
            (sent,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
            sandbox.deliveries.redeliver(id=sent.id)
            until(
                lambda webhook=webhook: (
                    len(sandbox.deliveries.list(webhook=webhook.id).deliveries[0].attempts) == 2
                )
            )
        assert sorted(log.read_text().splitlines()[1:]) == sorted(expected), (
            "what comes twice is handled once"
        )
        assert httpx.post(url, json={}, headers={"X-drchrono-event": "PING"}).status_code == 401
        assert httpx.post(url, json={"event_type": "x"}).status_code == 401
        assert len(httpx.get(url, params={"msg": "abc"}).json()["secret_token"]) == 64
    for webhook in webhooks:
        sandbox.webhooks.delete(id=webhook.id)


def test_fixtures_for_vitest_in_node(sandbox: RunningSandbox, tmp_path: Path) -> None:
    require("node")
    folder = tmp_path / "fixtures"
    shutil.copytree(EXAMPLES / "fixtures-vitest", folder, ignore=shutil.ignore_patterns("node_modules"))
    package = folder / "node_modules" / "vitest"
    package.mkdir(parents=True)
    (package / "index.mjs").write_text(SHIM)
    (package / "package.json").write_text('{"name": "vitest", "exports": "./index.mjs"}')
    run_tests(["node", "--test"], folder, sandbox)


def test_fixtures_for_go(sandbox: RunningSandbox) -> None:
    require("go")
    run_tests(["go", "test", "-count=1", "./..."], EXAMPLES / "fixtures-go", sandbox)


def run_tests(command: list[str], folder: Path, sandbox: RunningSandbox) -> None:
    environment = os.environ | list_variables(sandbox.described) | {"GOPROXY": "off", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
