"""The queue of deliveries: when the next attempt is due, whatever users requested in the meantime."""

from datetime import timedelta

import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes import actions, delivery_queue, fanout
from charthouse.changes.delivery_queue import Outcome
from charthouse.changes.models import Delivery, Webhook
from charthouse.identity import tenancy
from tests.changes.receiver import list_deliveries
from tests.support import App, Clinic, client, issue_token, make_app, make_practice
from tests.waiting import until

# Seconds to the next automatic attempt: of an app's from the event, of a practice's from the attempt before.
WAITS = {"app": (3600, 10800, 25200), "practice": (30, 120, 600, 3600)}


def make_webhook(kind: str, clinic: Clinic, app: App) -> Webhook:
    url = "https://example.com/hook"
    if kind == "practice":
        with tenancy.within(clinic.id):
            return actions.create_practice_webhook(clinic.practice, url, {}, ["patient.created"])
    webhook = Webhook.objects.create(
        application=app.row, callback_url=url, events=["PATIENT_CREATE"], verified_at=clock.now()
    )
    fanout.start_reading()
    return webhook


def queue_delivery(webhook: Webhook, clinic: Clinic, app: App) -> Delivery:
    patient = {"doctor": clinic.doctor.pk, "first_name": "A", "last_name": "B", "gender": "Female"}
    with client(issue_token(clinic.user, app)) as caller:
        assert caller.post("/api/patients", json=patient).status_code == 201
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass
    (delivery,) = list_deliveries(webhook)
    return delivery


def fail_attempt(webhook: Webhook) -> Delivery:
    """Claim the delivery, which must be due, and record an attempt that failed."""
    claims = delivery_queue.record_and_claim([], {}, 9, 999)
    (claim,) = (each for each in claims if each.delivery.webhook_id == webhook.pk)
    failed = delivery_queue.Result(claim, Outcome(500, 1, ""), clock.now())
    assert delivery_queue.record_and_claim([failed], {}, 9, 0) == []
    (delivery,) = list_deliveries(webhook)
    return delivery


@pytest.mark.parametrize("kind", WAITS)
def test_attempts_by_hand_are_no_automatic_ones(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)
    clinic, app = make_practice(), make_app()
    webhook = make_webhook(kind, clinic, app)
    delivery = queue_delivery(webhook, clinic, app)
    due = delivery.at
    for wait in (*WAITS[kind], None):
        with clock.shift(due - clock.now() + timedelta(seconds=1)):
            delivery = fail_attempt(webhook)
            for _ in range(3):
                if wait is None:
                    assert (delivery.state, delivery.next_try) == ("failed", None)
                else:
                    since = delivery.at if kind == "app" else clock.now()
                    due = since + timedelta(seconds=wait)
                    assert delivery.next_try is not None
                    assert abs(delivery.next_try - due) < timedelta(seconds=10), (wait, delivery.attempts)
                with tenancy.within(clinic.id):
                    assert actions.redeliver(webhook, delivery.pk)
                delivery = fail_attempt(webhook)
    by_hand = [attempt["by_hand"] for attempt in delivery.attempts]
    assert by_hand == [False, True, True, True] * (len(WAITS[kind]) + 1)
