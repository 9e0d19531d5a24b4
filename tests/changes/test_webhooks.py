"""Webhooks of OAuth apps end to end: a real receiver, a real sender, and writes through the API."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connections

from charthouse import clock
from charthouse.changes import actions, delivery_queue, event_catalog, fanout, http_client, verification
from charthouse.changes.models import Delivery, Webhook
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import tenancy
from charthouse.identity.sealed_secrets import unseal
from charthouse.identity.token_pairs import deauthorize
from tests.changes.receiver import (
    SECRET,
    Receiver,
    list_deliveries,
    run_receiver,
    run_sender,
    subscribe,
    verify,
)
from tests.support import App, Clinic, client, issue_token, make_app, make_practice, make_user
from tests.waiting import PATIENCE, until

SEED = [
    "APPOINTMENT_CREATE",
    "APPOINTMENT_MODIFY",
    "PATIENT_CREATE",
    "PATIENT_MODIFY",
    "PATIENT_PROBLEM_CREATE",
    "PATIENT_PROBLEM_MODIFY",
    "PATIENT_ALLERGY_CREATE",
    "PATIENT_ALLERGY_MODIFY",
    "PATIENT_MEDICATION_CREATE",
    "PATIENT_MEDICATION_MODIFY",
    "CLINICAL_NOTE_LOCK",
    "CLINICAL_NOTE_UNLOCK",
]
LIVE = [
    "APPOINTMENT_DELETE",
    "CASH_PAYMENT_DELETE",
    "LAB_ORDER_CREATE",
    "LAB_ORDER_MODIFY",
    "LAB_ORDER_DELETE",
    "LINE_ITEM_CREATE",
    "LINE_ITEM_MODIFY",
    "LINE_ITEM_DELETE",
    "LINE_ITEM_TRANSACTION_DELETE",
    "PATIENT_FLAG_CREATE",
    "PATIENT_FLAG_MODIFY",
    "TASK_CREATE",
    "TASK_MODIFY",
    "TASK_DELETE",
    "VACCINE_ADMINISTERED",
]


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow receivers on this machine."""
    monkeypatch.setattr(settings, "SANDBOX", True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as made:
        yield made


@pytest.fixture
def clinic(database: None) -> Clinic:
    return make_practice()


@pytest.fixture
def app() -> App:
    return make_app()


@pytest.fixture
def caller(clinic: Clinic, app: App) -> Iterator[httpx.Client]:
    with client(issue_token(clinic.user, app)) as made:
        yield made


def new_patient(caller: httpx.Client, clinic: Clinic, name: str = "Amara") -> int:
    body = {"doctor": clinic.doctor.pk, "first_name": name, "last_name": "Okafor", "gender": "Female"}
    answer = caller.post("/api/patients", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def wait_for_deliveries(webhook: Webhook, count: int = 1) -> list[Delivery]:
    """Wait for that many deliveries, each attempted and recorded, and return them."""
    tenancy.clear_tenant()

    def wait_for_finished() -> list[Delivery]:
        found = list_deliveries(webhook)
        return (
            found if len(found) >= count and all(d.attempts and d.leased_until is None for d in found) else []
        )

    return list(until(wait_for_finished))


# Format


def test_delivery_has_the_format_of_the_hosted_api(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE", "PATIENT_MODIFY")
    with run_sender():
        patient = new_patient(caller, clinic)
        until(lambda: receiver.got)
        caller.patch(f"/api/patients/{patient}", json={"first_name": "Ada"})
        until(lambda: len(receiver.got) == 2)
        created, modified = wait_for_deliveries(webhook, 2)
    headers, body = receiver.got[0]
    assert receiver.events() == ["PATIENT_CREATE", "PATIENT_MODIFY"]
    assert headers["X-drchrono-signature"] == SECRET
    assert headers["X-drchrono-delivery"] == str(created.pk)
    assert headers["Content-Type"] == "application/json"
    signed = f"msg_{created.pk}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(SECRET.encode(), signed, sha256).digest()).decode()
    assert headers["webhook-id"] == f"msg_{created.pk}"
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert json.loads(body) == {
        "receiver": {
            "id": webhook.pk,
            "callback_url": receiver.url,
            "events": ["PATIENT_CREATE", "PATIENT_MODIFY"],
            "active": True,
            "verified": True,
        },
        "object": json.loads(body)["object"],
        "practice_group_id": clinic.id,
    }
    shown = caller.get(f"/api/patients/{patient}").json()
    assert receiver.bodies()[1]["object"] == shown
    assert (created.state, modified.state) == ("delivered", "delivered")
    (attempt,) = created.attempts
    assert (attempt["status"], attempt["error"], attempt["by_hand"]) == (200, "", False)


def test_standard_webhooks_secret_is_decoded_for_the_signature() -> None:
    from charthouse.changes import app_webhooks

    key = b"0123456789abcdef01234567"
    secret = "whsec_" + base64.b64encode(key).decode()
    sent = app_webhooks.build_headers(Delivery(pk=7, event="PING", body=b"{}"), secret, 1_700_000_000)
    digest = hmac.new(key, b"msg_7.1700000000.{}", sha256).digest()
    assert sent["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert sent["X-drchrono-signature"] == secret


def test_rolled_back_and_refused_writes_cause_no_delivery(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    bad = [
        {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"},
        {"doctor": 0},
    ]
    with run_sender():
        assert caller.post("/api/patients", json=bad).status_code == 400
        new_patient(caller, clinic, "Real")
        wait_for_deliveries(webhook)
    assert [body["object"]["first_name"] for body in receiver.bodies()] == ["Real"]


def test_ping(receiver: Receiver, clinic: Clinic, app: App) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    receiver.status = 500
    with run_sender():
        with tenancy.within(clinic.id):
            actions.ping(webhook)
        (delivery,) = wait_for_deliveries(webhook)
    assert receiver.events() == ["PING"]
    assert list(receiver.bodies()[0]) == ["receiver"]
    assert delivery.state == "failed"  # once, and not again


# Verification


def test_no_deliveries_before_verification_and_after_a_new_url(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = actions.create_app_webhook(app.row, receiver.url, SECRET, ["PATIENT_CREATE"])
    with pytest.raises(Conflict):
        actions.ping(webhook)
    new_patient(caller, clinic, "Before")
    while fanout.create_deliveries():
        pass
    assert list_deliveries(webhook) == []
    tenancy.clear_tenant()
    assert verify(webhook) == ""
    (message,) = receiver.messages
    assert message.isalnum()
    assert message.isascii()
    assert len(message) <= 64
    with run_sender():
        new_patient(caller, clinic, "After")
        wait_for_deliveries(webhook)
        actions.update(webhook, callback_url=receiver.url + "/other")
        assert webhook.verified_at is None
        new_patient(caller, clinic, "Moved")
        until(lambda: not fanout.is_behind() and not fanout.create_deliveries())
        actions.update(webhook, callback_url=receiver.url)
        assert verify(webhook) == ""
        new_patient(caller, clinic, "Again")
        until(lambda: len(receiver.got) == 2)
    assert [body["object"]["first_name"] for body in receiver.bodies()] == ["After", "Again"]


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        (
            lambda digest: {"secret_token": digest[:-1] + "x"},
            "the secret_token is not the HMAC-SHA256 of msg",
        ),
        (lambda digest: {"secret_token": 5}, "the answer has no secret_token"),
        (lambda digest: [digest], "the answer has no secret_token"),
        (lambda digest: digest.encode(), "the answer is not JSON"),
        (lambda digest: b"[" * 5000, "the answer is not JSON"),
        (lambda digest: b" " * 70_000, "the answer is too long"),
    ],
)
def test_receiver_without_the_secret_fails_verification(
    receiver: Receiver, app: App, proof: object, problem: str
) -> None:
    receiver.proof = proof  # type: ignore[assignment]
    webhook = actions.create_app_webhook(app.row, receiver.url, SECRET, ["PATIENT_CREATE"])
    assert verify(webhook) == problem
    assert webhook.verified_at is None


def test_verification_is_the_workers_and_asks_all_receivers_at_once(app: App, receiver: Receiver) -> None:
    """The call that requests it waits for nobody; a receiver that does not answer delays no other."""
    gate = threading.Barrier(5)  # each receiver answers when all have been asked

    def wait(digest: str) -> object:
        gate.wait(PATIENCE)
        return {"secret_token": digest}

    receiver.proof = wait
    webhooks = [
        actions.create_app_webhook(app.row, f"{receiver.url}/{number}", SECRET, ["PATIENT_CREATE"])
        for number in range(5)
    ]
    for webhook in webhooks:
        actions.request_verification(webhook)
    assert receiver.messages == []
    assert verification.verify_pending() >= 5
    for webhook in webhooks:
        webhook.refresh_from_db()
        assert (webhook.verification_requested_at, webhook.verification_error) == (None, "")
        assert webhook.verified_at is not None


def test_an_answer_for_a_former_url_or_secret_counts_for_nothing(app: App, receiver: Receiver) -> None:
    webhook = actions.create_app_webhook(app.row, receiver.url, SECRET, ["PATIENT_CREATE"])
    actions.request_verification(webhook)

    def change(digest: str) -> object:
        actions.update(Webhook.objects.get(pk=webhook.pk), secret="another secret")
        connections.close_all()  # of the receiver's thread
        return {"secret_token": digest}

    receiver.proof = change
    assert verification.verify_pending() >= 1
    webhook.refresh_from_db()
    assert webhook.verified_at is None
    assert webhook.verification_requested_at is not None  # the worker asks again
    receiver.secret, receiver.proof = "another secret", None
    assert verification.verify_pending() >= 1
    webhook.refresh_from_db()
    assert webhook.verified_at is not None


def test_all_errors_are_reported_together(app: App) -> None:
    with pytest.raises(Invalid) as refused:
        actions.create_app_webhook(app.row, "ftp://example.com", " \n", ["PATIENT_CREATE", "NO_SUCH"])
    assert isinstance(refused.value.errors, dict)
    assert set(refused.value.errors) == {"callback_url", "secret_token", "events"}


def test_secret_is_encrypted_in_the_database(receiver: Receiver, app: App) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    with connections["owner"].cursor() as cursor:
        cursor.execute("select w::text from changes_webhook w where id = %s", [webhook.pk])
        assert SECRET not in cursor.fetchone()[0]
    assert Webhook.objects.get(pk=webhook.pk).secret == SECRET


# Authorization


def test_only_apps_that_may_read_the_object_get_deliveries(
    receiver: Receiver, clinic: Clinic, app: App
) -> None:
    """An app with the scope, authorized by a user of this practice who has the permission and sees the row."""
    other = make_practice()
    unscoped, elsewhere, powerless = make_app(), make_app(), make_app()
    issue_token(clinic.user, unscoped, ["calendar", "clinical"])
    issue_token(other.user, elsewhere)
    nurse = make_user(clinic.practice, permissions=["Settings"], doctor=clinic.doctor)
    issue_token(nurse, powerless)
    nobody = make_app()
    hooks = [
        subscribe(each.row, receiver, "PATIENT_CREATE")
        for each in (app, unscoped, elsewhere, powerless, nobody)
    ]
    with client(issue_token(clinic.user, app)) as caller:
        new_patient(caller, clinic)
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass
    assert [len(list_deliveries(hook)) for hook in hooks] == [1, 0, 0, 0, 0]
    assert list_deliveries(hooks[0])[0].practice_id == clinic.id


def test_deauthorized_app_gets_no_waiting_deliveries(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    receiver.status = 500
    with run_sender():
        new_patient(caller, clinic)
        wait_for_deliveries(webhook)
        issue_token(clinic.user, make_app())  # another app of the user
        issue_token(make_user(clinic.practice, doctor=clinic.doctor), app)  # another user of the app
        deauthorize(app.row.pk, clinic.user.pk)
        with clock.shift(timedelta(hours=1, minutes=1)):
            assert [
                claim
                for claim in delivery_queue.record_and_claim([], {}, 5, 100)
                if claim.delivery.webhook_id == webhook.pk
            ] == []
    assert len(receiver.got) == 1


def test_deliveries_are_visible_to_their_practice_only(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    other = make_practice()
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    issue_token(other.user, app)
    with run_sender():
        new_patient(caller, clinic)
        wait_for_deliveries(webhook)
    with tenancy.within(clinic.id):
        (own,) = actions.list_deliveries(webhook)
    with tenancy.within(other.id):
        assert actions.list_deliveries(webhook) == []
        assert not actions.redeliver(webhook, own.pk)


# Attempts


def test_retries_after_one_three_and_seven_hours_with_the_same_bytes(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    began = int(time.time())
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    receiver.status = 503
    with run_sender():
        patient = new_patient(caller, clinic)
        wait_for_deliveries(webhook)
        caller.patch(f"/api/patients/{patient}", json={"first_name": "Changed"})
        for hours, attempts in ((1, 2), (3, 3), (7, 4)):
            with clock.shift(timedelta(hours=hours, seconds=-30)):
                assert [
                    c
                    for c in delivery_queue.record_and_claim([], {}, 9, 999)
                    if c.delivery.webhook_id == webhook.pk
                ] == []
            with clock.shift(timedelta(hours=hours, seconds=5)):
                until(lambda count=attempts: len(wait_for_deliveries(webhook)[0].attempts) == count)  # type: ignore[misc]
        (delivery,) = wait_for_deliveries(webhook)
        assert delivery.state == "failed"
        with clock.shift(timedelta(days=30)):
            assert [
                c
                for c in delivery_queue.record_and_claim([], {}, 9, 999)
                if c.delivery.webhook_id == webhook.pk
            ] == []
        receiver.status = 201
        with tenancy.within(clinic.id):
            assert actions.redeliver(webhook, delivery.pk)
        (delivery,) = until(lambda: [d for d in wait_for_deliveries(webhook) if d.state == "delivered"])
    assert [attempt["by_hand"] for attempt in delivery.attempts] == [False] * 4 + [True]
    assert {body for _, body in receiver.got} == {bytes(delivery.body)}
    assert {headers["X-drchrono-delivery"] for headers, _ in receiver.got} == {str(delivery.pk)}
    # Receivers compare it with their own clock, which is not moved.
    times = [int(headers["webhook-timestamp"]) for headers, _ in receiver.got]
    assert len(times) == 5
    assert began <= min(times) <= max(times) <= time.time()


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (204, True), (299, True), (302, False), (404, False)]
)
def test_only_2xx_is_success(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client, status: int, good: bool
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    receiver.respond = lambda handler: handler.answer(status, Location=receiver.url + "/elsewhere")  # type: ignore[attr-defined]
    with run_sender():
        new_patient(caller, clinic)
        (delivery,) = wait_for_deliveries(webhook)
    assert delivery.attempts[0]["status"] == status
    assert (delivery.state == "delivered") is good
    assert len(receiver.got) == 1  # a redirect is not followed


def test_slow_and_endless_responses_are_cut_off(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", 0.4)
    monkeypatch.setattr(http_client, "DRAIN_TIMEOUT", 0.2)
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    stop = threading.Event()
    ways = iter(("headers", "body", "flood"))

    def respond(handler: BaseHTTPRequestHandler) -> None:
        way = next(ways)
        handler.close_connection = True
        if way == "headers":
            for byte in b"HTTP/1.1 200 OK\r\nX-Drip: " + b"." * 10_000:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if stop.wait(0.05):
                    return
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not stop.wait(0.05 if way == "body" else 0):
            piece = b"." * (1 if way == "body" else 65536)
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.flush()

    receiver.respond = respond
    with run_sender():
        for count, name in enumerate(("Drip", "Body", "Flood"), 1):
            new_patient(caller, clinic, name)
            wait_for_deliveries(webhook, count)
        stop.set()
        first, second, third = wait_for_deliveries(webhook, 3)
    assert (first.attempts[0]["status"], first.attempts[0]["error"]) == (None, "timed out")
    assert [second.state, third.state] == ["delivered", "delivered"]  # the status came; no more is waited for
    assert max(d.attempts[0]["ms"] for d in (second, third)) < 5000


def test_response_bodies_are_not_stored(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    receiver.respond = lambda handler: handler.wfile.write(b"SECRETS OF THEIRS\r\n\r\n") and None  # type: ignore[func-returns-value]
    with run_sender():
        new_patient(caller, clinic)
        (delivery,) = wait_for_deliveries(webhook)
    assert "SECRETS" not in json.dumps(delivery.attempts)
    assert delivery.attempts[0]["status"] is None
    assert delivery.attempts[0]["error"]


# Concurrency


def test_two_senders_send_each_attempt_once(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    count = 60
    with ExitStack() as both:
        both.enter_context(run_sender())
        both.enter_context(run_sender())
        body = [
            {"doctor": clinic.doctor.pk, "first_name": f"P{n}", "last_name": "Q", "gender": "Male"}
            for n in range(count)
        ]
        assert caller.post("/api/patients", json=body).status_code == 201
        tenancy.clear_tenant()
        until(lambda: [d.state for d in list_deliveries(webhook)] == ["delivered"] * count)
    assert len({headers["X-drchrono-delivery"] for headers, _ in receiver.got}) == count
    assert len(receiver.got) == count


def test_delivery_claimed_by_a_killed_worker_is_claimed_again(
    receiver: Receiver, clinic: Clinic, app: App, caller: httpx.Client
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    new_patient(caller, clinic)
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass

    def mine() -> int:
        return len(
            [
                c
                for c in delivery_queue.record_and_claim([], {}, 9, 999)
                if c.delivery.webhook_id == webhook.pk
            ]
        )

    assert mine() == 1  # by the one that is killed now
    assert mine() == 0
    with clock.shift(timedelta(hours=5)):
        assert mine() == 0  # a clock that is moved ends no lease
    Delivery.objects.using("owner").filter(webhook=webhook).update(
        leased_until=clock.now() - timedelta(seconds=1)
    )
    with run_sender():
        (delivery,) = wait_for_deliveries(webhook)
    assert delivery.state == "delivered"


def test_hanging_receivers_do_not_delay_others(
    clinic: Clinic, app: App, caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", 2 * PATIENCE)  # nothing ends before it is released
    stop = threading.Event()
    with run_receiver() as good, run_receiver() as hanging, ExitStack() as ends:
        ends.callback(stop.set)
        hanging.respond = lambda handler: stop.wait(2 * PATIENCE) and None  # type: ignore[func-returns-value]
        for _ in range(30):
            subscribe(app.row, hanging, "PATIENT_CREATE")
        webhook = subscribe(app.row, good, "PATIENT_CREATE")
        ends.enter_context(run_sender())
        for n in range(5):
            new_patient(caller, clinic, f"Patient {n}")
        until(lambda: len(good.got) == 5)
        until(lambda: hanging.most_at_once >= 30)
        Webhook.objects.exclude(pk=webhook.pk).filter(application=app.row).update(active=False)
        stop.set()


# Events


def test_all_events_of_the_hosted_api_are_declared() -> None:
    theirs = [name for name, ours in event_catalog.load_catalog().events["app"].items() if not ours]
    assert sorted(theirs) == sorted(SEED + LIVE)


def test_secret_encrypted_with_the_former_webhook_key_can_be_decrypted() -> None:
    key = sha256(b"charthouse.webhooks" + settings.SECRET_KEY.encode()).digest()
    assert unseal(Fernet(base64.urlsafe_b64encode(key)).encrypt(SECRET.encode()).decode()) == SECRET


# Errors of ours


def test_an_object_that_can_not_be_shown_holds_up_no_other(
    caller: httpx.Client, clinic: Clinic, app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
    first, second = new_patient(caller, clinic), new_patient(caller, clinic, "Bo")
    read = fanout._read_object

    def fail_for_first(occurrence: Any, actor: Any) -> Any:
        if occurrence.row_id == first:
            raise KeyError("a fault in a declaration")
        return read(occurrence, actor)

    monkeypatch.setattr(fanout, "_read_object", fail_for_first)
    with run_sender():
        (delivery,) = wait_for_deliveries(webhook)
    assert (delivery.row_id, delivery.state) == (second, "delivered")


def test_a_secret_that_can_not_be_opened_is_an_error_of_the_attempt(
    caller: httpx.Client, clinic: Clinic, app: App, receiver: Receiver
) -> None:
    broken, webhook = (subscribe(app.row, receiver, "PATIENT_CREATE") for _ in range(2))
    Webhook.objects.filter(pk=broken.pk).update(sealed_secret="sealed under a lost key")
    new_patient(caller, clinic)
    with run_sender():
        (failed,) = wait_for_deliveries(broken)
        (delivery,) = wait_for_deliveries(webhook)
    assert failed.state == "waiting"
    assert [attempt["error"] for attempt in failed.attempts] == ["the secret can't be opened"]
    assert delivery.state == "delivered"
    assert len(receiver.got) == 1
