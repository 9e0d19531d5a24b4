"""Faults: the answers that clients see, to whom they apply, and what the request log says."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from charthouse.toolkit.client import SandboxError
from tests.changes.receiver import run_receiver
from tests.toolkit.sandboxes import RunningSandbox
from tests.toolkit.test_clock import create_patient, subscribe
from tests.waiting import until


@pytest.fixture(autouse=True)
def _no_faults(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.faults.clear()


@pytest.fixture(scope="module")
def practice(sandbox: RunningSandbox) -> Any:
    return sandbox.practices.create(patients=3)


def ask(
    sandbox: RunningSandbox, practice: Any, path: str = "/api/patients", **headers: str
) -> httpx.Response:
    is_cerbo = path.startswith("/api/v1/")
    auth = (practice.api_user.username, practice.api_user.secret) if is_cerbo else None
    if not is_cerbo:
        headers["Authorization"] = f"Bearer {practice.token.access_token}"
    return httpx.get(f"{sandbox.base_url}{path}", headers=headers, auth=auth, timeout=30)


def test_calls_fail_as_the_fault_says(sandbox: RunningSandbox, practice: Any) -> None:
    whole = ask(sandbox, practice)
    expected = {
        ("429", "/api/patients"): (
            429,
            {"detail": "Request was throttled. Expected available in 30 seconds."},
        ),
        ("429", "/api/v1/patients"): (429, "Request was throttled. Expected available in 30 seconds."),
        ("500", "/api/patients"): (500, {"detail": "Internal server error."}),
        ("401", "/api/patients"): (401, {"detail": "Invalid access token."}),
    }
    for (kind, path), (status, body) in expected.items():
        sandbox.faults.add(kind=kind, count=1)
        failed = ask(sandbox, practice, path)
        assert (failed.status_code, failed.json()["error"]["message"] if "v1" in path else failed.json()) == (
            status,
            body,
        )
        (logged,) = sandbox.calls.list(limit=1).calls
        assert (logged.gate, logged.status, logged.path) == (f"fault: {kind}", status, path)
        assert logged.caller
        assert ask(sandbox, practice, path).status_code == 200
    bad = ask(sandbox, practice, **{"X-Charthouse-Fault": "502"})
    assert (bad.status_code, bad.headers["Content-Type"]) == (502, "text/html")
    moved = ask(sandbox, practice, **{"X-Charthouse-Fault": "302"})
    assert (moved.status_code, moved.headers["Location"]) == (302, f"{sandbox.base_url}/sign-in")
    for kind in ("cut", "reset"):
        with pytest.raises(httpx.TransportError):
            ask(sandbox, practice, **{"X-Charthouse-Fault": kind})
    for kind in ("latency=0.3", "drip=0.3"):
        began = time.monotonic()
        slow = ask(sandbox, practice, **{"X-Charthouse-Fault": kind})
        assert time.monotonic() - began > 0.29
        assert slow.json() == whole.json()
        (logged,) = sandbox.calls.list(limit=1).calls
        assert (logged.gate, logged.status) == (f"fault: {kind.partition('=')[0]}", 200)


def test_faults_apply_to_whom_they_name(sandbox: RunningSandbox, practice: Any) -> None:
    other = sandbox.practices.create(patients=0)
    sandbox.faults.add(kind="500", app=practice.app.client_id)
    sandbox.faults.add(kind="429", api_user=other.api_user.username)
    assert [ask(sandbox, one).status_code for one in (practice, other)] == [500, 200]
    assert [ask(sandbox, one, "/api/v1/patients").status_code for one in (practice, other)] == [200, 429]
    sandbox.faults.clear()
    added = sandbox.faults.add(kind="500", operation="GET /api/pat*", lasts=600)
    assert [ask(sandbox, other, f"/api/{name}").status_code for name in ("patients", "doctors")] == [500, 200]
    assert sandbox.faults.list().faults == [added]
    assert sandbox.faults.remove(id=added.id).removed == 1
    sandbox.faults.add(kind="500", lasts=1)
    assert ask(sandbox, other).status_code == 500
    until(lambda: ask(sandbox, other).status_code == 200, "the fault's time has passed")
    assert sandbox.faults.list().faults == []
    sandbox.faults.add(kind="500", share=0.5)
    statuses = {ask(sandbox, other).status_code for _ in range(60)}
    assert statuses == {200, 500}
    assert httpx.get(f"{sandbox.base_url}/sign-in").status_code == 200  # pages have none


def test_wrong_faults_are_refused(sandbox: RunningSandbox) -> None:
    for given in ({"app": "none"}, {"api_user": "none"}, {"share": 0}, {"count": 0}, {"seconds": 3600}):
        with pytest.raises((SandboxError, ValueError), match=next(iter(given))):
            sandbox.faults.add(kind="500", **given)
    with pytest.raises(SandboxError, match="no fault 99"):
        sandbox.faults.remove(id=99)
    with pytest.raises(ValueError, match="kind"):
        sandbox.faults.add(kind="418")


def test_webhooks_are_lost_late_and_sent_twice(sandbox: RunningSandbox) -> None:
    own = sandbox.practices.create(patients=0)
    with run_receiver() as receiver:
        webhook = subscribe(sandbox, own, receiver)
        sandbox.faults.add(kind="webhook-lost", app=own.app.client_id, operation="PATIENT_*", count=1)
        create_patient(sandbox, own)
        assert sandbox.clock.advance(by="0s").settled
        (lost,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
        assert (lost.state, lost.attempts[0]["error"], receiver.got) == ("failed", "fault: webhook-lost", [])
        sandbox.deliveries.redeliver(id=lost.id)
        until(lambda: len(receiver.got) == 1)
        sandbox.faults.add(kind="webhook-twice", count=1)
        create_patient(sandbox, own)
        until(lambda: len(receiver.got) == 3)
        assert receiver.got[1][1] == receiver.got[2][1]
        sandbox.faults.add(kind="webhook-disorder", count=1, seconds=20)
        first = create_patient(sandbox, own)
        until(lambda: not sandbox.faults.list().faults)  # it waits
        second = create_patient(sandbox, own)
        until(lambda: len(receiver.got) == 5)
        assert [body["object"]["id"] for body in receiver.bodies()[3:]] == [second, first]
        sandbox.faults.add(kind="webhook-late", count=1, seconds=1)
        create_patient(sandbox, own)
        until(lambda: len(receiver.got) == 6)
        (late,) = sandbox.deliveries.list(webhook=webhook.id, limit=1).deliveries
        until(lambda: sandbox.deliveries.list(webhook=webhook.id, limit=1).deliveries[0].attempts)
        attempt = sandbox.deliveries.list(webhook=webhook.id, limit=1).deliveries[0].attempts[0]
        assert attempt["error"] == "fault: webhook-late"
        sent = datetime.fromisoformat(attempt["at"]) - datetime.fromisoformat(late.at)
        assert sent >= timedelta(seconds=1)


def test_webhooks_of_a_practice_have_faults(sandbox: RunningSandbox) -> None:
    own, other = (sandbox.practices.create(patients=0) for _ in range(2))
    with run_receiver() as receiver:
        webhook = sandbox.webhooks.create(url=receiver.url, practice=own.id, events=["patient.created"])
        sandbox.webhooks.create(url=receiver.url, practice=other.id, events=["patient.created"])
        sandbox.faults.add(kind="webhook-lost", practice=own.id, operation="patient.created")
        for each in (own, other):
            create_patient(sandbox, each)
        until(lambda: len(receiver.got) == 1)
        assert receiver.bodies()[0]["practice_id"] == str(other.id)
        assert sandbox.clock.advance(by="0s").settled
        (lost,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
        assert (lost.state, lost.attempts[0]["error"]) == ("failed", "fault: webhook-lost")
        sandbox.deliveries.redeliver(id=lost.id)
        until(lambda: len(receiver.got) == 2)
        assert receiver.bodies()[1]["practice_id"] == str(own.id)
