"""What a webhook of either kind receives, judged at the time of the change, and in which order."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connections, transaction

from charthouse import clock
from charthouse.changes import actions, delivery_queue, fanout
from charthouse.changes.models import Subscription, Webhook
from charthouse.changes.tasks import delete_old_deliveries
from charthouse.domains.patients.models import Patient
from charthouse.domains.tasks.models import TaskCategory
from charthouse.identity import tenancy
from charthouse.identity.token_pairs import deauthorize
from tests.changes.receiver import SECRET, Receiver, list_deliveries, run_receiver, run_sender, verify
from tests.support import App, Clinic, client, issue_token, make_app, make_practice, make_user
from tests.waiting import PATIENCE, until

EVENTS = {
    "app": ("PATIENT_CREATE", "PATIENT_MODIFY"),
    "practice": ("patient.created", "patient.modified"),
}


@dataclass
class World:
    """A practice with an app, and a receiver of webhooks of one kind."""

    kind: str
    clinic: Clinic
    app: App
    caller: httpx.Client
    receiver: Receiver

    @property
    def created(self) -> str:
        return EVENTS[self.kind][0]

    @property
    def modified(self) -> str:
        return EVENTS[self.kind][1]

    def subscribe(self, *events: str, verified: bool = True) -> Webhook:
        tenancy.clear_tenant()
        if self.kind == "app":
            webhook = actions.create_app_webhook(self.app.row, self.receiver.url, SECRET, events)
            assert not verified or verify(webhook) == ""
            return webhook
        with tenancy.within(self.clinic.id):
            return actions.create_practice_webhook(
                self.clinic.practice, self.receiver.url, {}, events, active=verified
            )

    def start(self, webhook: Webhook) -> None:
        """Have the webhook verified, or switched on."""
        if self.kind == "app":
            assert verify(webhook) == ""
        else:
            self.update(webhook, active=True)

    def update(self, webhook: Webhook, **values: Any) -> None:
        with tenancy.within(self.clinic.id):
            actions.update(webhook, **values)

    def add(self, name: str) -> int:
        body = {"doctor": self.clinic.doctor.pk, "first_name": name, "last_name": "B", "gender": "Female"}
        answer = self.caller.post("/api/patients", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def rename(self, patient: int, name: str) -> None:
        answer = self.caller.patch(f"/api/patients/{patient}", json={"first_name": name})
        assert answer.status_code == 204, answer.text

    def list_deliveries(self, webhook: Webhook) -> list[tuple[str, str]]:
        """Fan out, and list event and first name of the deliveries."""
        tenancy.clear_tenant()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass
        return [(each.event, _name(json.loads(bytes(each.body)))) for each in list_deliveries(webhook)]


def _name(body: dict[str, Any]) -> str:
    return str(body["object"]["first_name"] if "object" in body else body["data"]["first"])


@pytest.fixture(params=EVENTS)
def world(request: pytest.FixtureRequest, database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(settings, "SANDBOX", True)  # receivers on this machine
    clinic, app = make_practice(), make_app()
    with run_receiver() as receiver, client(issue_token(clinic.user, app)) as caller:
        yield World(request.param, clinic, app, caller, receiver)


def test_what_was_written_before_the_webhook_was_active_is_not_delivered(world: World) -> None:
    """The fan-out runs after all of it, as with a worker behind."""
    webhook = world.subscribe(world.created, verified=False)
    world.add("Before")
    world.start(webhook)
    world.add("While")
    assert world.list_deliveries(webhook) == [(world.created, "While")]


def test_what_was_written_while_it_was_active_is_delivered_although_it_is_switched_off(world: World) -> None:
    webhook = world.subscribe(world.created)
    world.add("While")
    world.update(webhook, active=False)
    world.add("Off")
    world.update(webhook, active=True)
    world.add("Again")
    world.update(webhook, active=False)
    assert world.list_deliveries(webhook) == [(world.created, "While"), (world.created, "Again")]
    with run_sender():
        until(lambda: len(world.receiver.got) == 2)
    assert not Webhook.objects.using("owner").get(pk=webhook.pk).active


def test_events_are_those_subscribed_to_at_the_time_of_the_change(world: World) -> None:
    webhook = world.subscribe(world.created)
    patient = world.add("One")
    world.update(webhook, events=[world.modified])
    world.rename(patient, "Two")
    world.add("Three")
    world.update(webhook, events=[world.created, world.modified])
    world.add("Four")
    assert [event for event, _ in world.list_deliveries(webhook)] == [
        world.created,
        world.modified,
        world.created,
    ]


def test_nothing_is_delivered_by_a_deleted_webhook(world: World) -> None:
    webhook = world.subscribe(world.created)
    world.add("Queued")
    assert len(world.list_deliveries(webhook)) == 1
    world.add("Not yet")
    with tenancy.within(world.clinic.id):
        actions.delete(webhook)
    assert len(world.list_deliveries(webhook)) == 1
    claims = delivery_queue.record_and_claim([], {}, 9, 999)
    assert webhook.pk not in {claim.delivery.webhook_id for claim in claims}
    subscriptions = Subscription.objects.using("owner").filter(webhook=webhook)
    assert subscriptions.exclude(last_change=None).count() == 1
    with clock.shift(timedelta(days=31)):
        delete_old_deliveries(0)
    assert not subscriptions.exists()


def test_events_of_a_row_are_delivered_in_order_although_the_first_attempt_fails(world: World) -> None:
    webhook = world.subscribe(world.created, world.modified)
    patient = world.add("One")
    world.rename(patient, "Two")
    world.rename(patient, "Three")
    other = world.add("Other")
    assert len(world.list_deliveries(webhook)) == 4
    world.receiver.status = 500
    with run_sender():
        # The first one of each row; what follows waits for the first to be repeated.
        until(lambda: _list_attempts(webhook) == [1, 0, 0, 1])
        world.receiver.status = 200
        with clock.shift(timedelta(hours=1, minutes=1)):
            until(lambda: all(each.delivered_at for each in list_deliveries(webhook)))
    by_row = [each.row_id for each in list_deliveries(webhook)]
    assert by_row == [patient, patient, patient, other]
    order = [bytes(each.body) for each in list_deliveries(webhook)][:3]
    arrived = [body for _, body in world.receiver.got if body in order]
    assert arrived == [order[0], *order]
    assert _list_attempts(webhook) == [2, 1, 1, 2]


def _list_attempts(webhook: Webhook) -> list[int]:
    return [len(each.attempts) for each in list_deliveries(webhook) if each.leased_until is None]


def test_a_delivery_is_sent_again_by_hand_whatever_waits_before_it(world: World) -> None:
    webhook = world.subscribe(world.created, world.modified)
    patient = world.add("One")
    world.rename(patient, "Two")
    assert len(world.list_deliveries(webhook)) == 2
    first, second = list_deliveries(webhook)
    with tenancy.within(world.clinic.id):
        assert actions.redeliver(webhook, second.pk)
    claimed = {claim.delivery.pk for claim in delivery_queue.record_and_claim([], {}, 9, 999)}
    assert {first.pk, second.pk} <= claimed


def test_a_delivery_for_a_user_who_disconnected_the_app_holds_up_no_other(world: World) -> None:
    if world.kind != "app":
        return
    webhook = world.subscribe(world.created, world.modified)
    patient = world.add("One")
    assert len(world.list_deliveries(webhook)) == 1
    nurse = make_user(world.clinic.practice, doctor=world.clinic.doctor)
    issue_token(nurse, world.app)
    deauthorize(world.app.row.pk, world.clinic.user.pk)
    with tenancy.within(world.clinic.id):
        Patient.objects.filter(pk=patient).update(first_name="Two")
    assert [event for event, _ in world.list_deliveries(webhook)] == [world.created, world.modified]
    claims = delivery_queue.record_and_claim([], {}, 9, 999)
    mine = [each.delivery.event for each in claims if each.delivery.webhook_id == webhook.pk]
    assert mine == [world.modified]


def test_changes_of_a_row_are_in_the_order_of_writes_whatever_the_order_of_transactions(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older transaction changes a row that a younger one has created, while a third one keeps the horizon between
    them: what was written first comes first, and both once."""
    monkeypatch.setattr(fanout, "MAX_CHANGES", 1)
    clinic = make_practice()
    found: list[tuple[str, int]] = []

    def record(entries: list[Any], _: Any) -> Iterator[Any]:
        mine = (entry for entry in entries if entry.practice == clinic.id)
        found.extend((entry.operation, entry.row) for entry in mine)
        return iter(())

    monkeypatch.setattr(fanout, "_build_deliveries", record)
    monkeypatch.setattr(fanout, "_list_subscriptions", lambda entries: entries)
    monkeypatch.setattr(fanout, "load_catalog", lambda: type("Catalog", (), {"bindings": {_TABLE: ()}}))
    fanout.start_reading()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass
    with OpenTransaction(clinic) as run_old, OpenTransaction(clinic) as run_horizon:
        run_old(lambda: _make(clinic, "old"))
        run_horizon(lambda: _make(clinic, "horizon"))
        with tenancy.within(clinic.id):
            row = _make(clinic, "young")
        run_old(lambda: TaskCategory.objects.filter(pk=row).update(archived=True))
        run_old(None)
        tenancy.clear_tenant()
        until(lambda: fanout.create_deliveries() or ("delete", row) in found)
        run_horizon(None)
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass
    assert [operation for operation, changed in found if changed == row][:2] == ["insert", "delete"]


_TABLE = TaskCategory._meta.db_table


def _make(clinic: Clinic, name: str) -> int:
    return int(TaskCategory.objects.create(practice=clinic.practice, name=name).pk)


class OpenTransaction:
    """A transaction on a connection of its own: called with work, None to commit."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def __enter__(self) -> Callable[[Callable[[], object] | None], None]:
        self.work: Callable[[], object] | None = None
        self.go, self.done, self.ended = threading.Event(), threading.Event(), False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self._do

    def _do(self, work: Callable[[], object] | None) -> None:
        self.work, self.ended = work, work is None
        self.go.set()
        if work is None:
            self.thread.join()
        else:
            assert self.done.wait(PATIENCE)
            self.done.clear()

    def _run(self) -> None:
        try:
            with tenancy.within(self.clinic.id), transaction.atomic():
                while self.go.wait(PATIENCE) and not self.ended:
                    self.go.clear()
                    assert self.work is not None
                    self.work()
                    self.done.set()
        finally:
            connections.close_all()

    def __exit__(self, *_: object) -> None:
        if self.thread.is_alive():
            self._do(None)
