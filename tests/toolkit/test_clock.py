"""The controls of the clock, with a worker that does what falls due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from charthouse.toolkit.client import Sandbox
from tests.changes.receiver import Receiver, run_receiver
from tests.toolkit.sandboxes import RunningSandbox

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def create_patient(sandbox: Sandbox, practice: Any) -> int:
    answer = httpx.post(
        f"{sandbox.base_url}/api/patients",
        json={"doctor": practice.doctor.id, "first_name": "Ada", "last_name": "Byron", "gender": "Female"},
        headers={"Authorization": f"Bearer {practice.token.access_token}"},
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def subscribe(sandbox: Sandbox, practice: Any, receiver: Receiver) -> Any:
    return sandbox.webhooks.create(
        url=receiver.url, client_id=practice.app.client_id, events=["PATIENT_CREATE"], secret=SECRET
    )


def test_what_falls_due_is_done_before_the_answer(sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create(patients=0)
    with run_receiver() as receiver:
        webhook = subscribe(sandbox, practice, receiver)
        receiver.status = 500
        create_patient(sandbox, practice)
        assert sandbox.clock.advance(by="1s").settled
        for attempts, by in ((1, "1h"), (2, "2h"), (3, "4h"), (4, "0s")):
            (delivery,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
            assert [len(delivery.attempts), len(receiver.got)] == [attempts, attempts]
            assert sandbox.clock.advance(by=by).settled
        (delivery,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
        assert delivery.state == "failed"
        receiver.status = 200
        sandbox.deliveries.redeliver(id=delivery.id)
        assert sandbox.clock.advance(by="1s").settled
        (delivery,) = sandbox.deliveries.list(webhook=webhook.id).deliveries
        assert delivery.state == "delivered"


def test_standard_verifiers_accept_webhooks_with_the_clock_moved(sandbox: RunningSandbox) -> None:
    # 11 MB, which the other worker needn't hold.
    from standardwebhooks import Webhook as StandardWebhook
    from svix.webhooks import Webhook as SvixWebhook

    with run_receiver() as receiver:
        for move in (
            lambda: sandbox.clock.advance(by="40d"),
            lambda: sandbox.clock.set(to="2024-02-29"),
            lambda: sandbox.clock.freeze(at="2031-07-01T12:00:00-05:00"),
        ):
            receiver.got.clear()
            move()
            practice = sandbox.practices.create(patients=0)  # whose token is valid then
            subscribe(sandbox, practice, receiver)
            patient = create_patient(sandbox, practice)
            assert sandbox.clock.advance(by="0s").settled
            ((headers, body),) = receiver.got
            assert StandardWebhook(SECRET).verify(body, headers)["object"]["id"] == patient
            SvixWebhook(SECRET).verify(body, headers)  # raises where it is wrong
            with pytest.raises(Exception, match="signature"):
                StandardWebhook(SECRET).verify(body + b" ", headers)


def test_clock_stops_runs_on_and_goes_back(sandbox: RunningSandbox) -> None:
    stopped = sandbox.clock.freeze(at="2027-03-01T09:30:00Z")
    assert (stopped.now, stopped.frozen) == ("2027-03-01T09:30:00.000Z", True)
    assert sandbox.clock.show().now == stopped.now
    assert sandbox.clock.advance(by="1d12h").now == "2027-03-02T21:30:00.000Z"
    assert sandbox.clock.set(to="2027-01-01").now == "2027-01-01T00:00:00.000Z"
    practice = sandbox.practices.create(patients=1)
    token = practice.token.access_token
    shown = httpx.get(f"{sandbox.base_url}/api/patients", headers={"Authorization": f"Bearer {token}"}).json()
    assert shown["results"][0]["updated_at"].startswith("2027-01-01T00:00:0")
    assert parse(practice.token.expires_at) == parse("2027-01-03T00:00:00Z")
    real = sandbox.clock.real()
    assert (real.frozen, real.ahead_seconds) == (False, 0.0)
    assert abs(parse(real.now) - datetime.now(UTC)) < timedelta(minutes=2)
    moved = sandbox.clock.set(to="2027-03-01T09:30:00Z")
    assert moved.frozen is False
    assert parse("2027-03-01T09:30:00Z") <= parse(sandbox.clock.show().now) < parse("2027-03-01T10:30:00Z")
