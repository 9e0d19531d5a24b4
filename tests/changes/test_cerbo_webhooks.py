"""Webhooks of a practice end to end: real receivers, a real sender, writes through the API."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from charthouse import clock
from charthouse.changes import actions, delivery_queue, fanout, http_client
from charthouse.changes.models import Delivery, Webhook
from charthouse.console.kit import records
from charthouse.console.kit.actor import build_actor
from charthouse.domains.patients.models import Patient
from charthouse.engine.errors import Conflict, Invalid
from charthouse.gateway.cerbo import registry as cerbo
from charthouse.identity import tenancy
from tests.changes.receiver import Receiver, list_deliveries, run_receiver, run_sender
from tests.contract.cerbo_world import CerboWorld, make_cerbo
from tests.support import Clinic, make_api_user, make_practice
from tests.waiting import PATIENCE, until

AUTHORIZATION = "Bearer 51f0c9de-canary"


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
def caller(clinic: Clinic) -> Iterator[httpx.Client]:
    with make_api_user(clinic.practice).client() as made:
        yield made


def subscribe(clinic: Clinic, url: str, *events: str, **headers: str) -> Webhook:
    tenancy.clear_tenant()
    with tenancy.within(clinic.id):
        return actions.create_practice_webhook(clinic.practice, url, headers, events)


def change(clinic: Clinic, webhook: Webhook, **values: Any) -> None:
    with tenancy.within(clinic.id):
        actions.update(webhook, **values)


def new_patient(caller: httpx.Client, name: str = "Amara") -> int:
    body = {"first_name": name, "last_name": "Okafor", "dob": "1987-04-12", "sex": "F"}
    answer = caller.post("/api/v1/patients", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def wait_for_fanout() -> None:
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass


def wait_for_finished(webhook: Webhook, count: int = 1) -> list[Delivery]:
    """Wait for that many deliveries, each attempted and recorded, and return them."""
    tenancy.clear_tenant()

    def put_back() -> list[Delivery]:
        found = list_deliveries(webhook)
        done = all(d.attempts and d.leased_until is None for d in found)
        return found if len(found) >= count and done else []

    return list(until(put_back))


# -- format -----------------------------------------------------------------------------------------------------


def test_envelope_and_custom_headers(receiver: Receiver, clinic: Clinic, caller: httpx.Client) -> None:
    webhook = subscribe(
        clinic, receiver.url, "patient.created", Authorization=AUTHORIZATION, **{"X-Clinic": "Hill"}
    )
    with run_sender():
        patient = new_patient(caller)
        (delivery,) = wait_for_finished(webhook)
    ((headers, body),) = receiver.got
    assert headers["Content-Type"] == "application/json"
    assert (headers["Authorization"], headers["X-Clinic"]) == (AUTHORIZATION, "Hill")
    assert not [name for name in headers if "signature" in name.lower()]
    envelope = json.loads(body)
    shown = caller.get(f"/api/v1/patients/{patient}").json()
    assert envelope == {
        "practice_id": str(clinic.id),
        "event_type": "patient.created",
        "event_id": envelope["event_id"],
        "event_datetime": f"{delivery.at:%Y-%m-%d %H:%M:%S}",
        "data": envelope["data"],
    }
    data = envelope["data"]
    assert (data["first"], data["last"], data["id"]) == ("Amara", "Okafor", str(patient))
    # Links begin with the origin of the request, or the configured base URL.
    same = {name for name in set(data) & set(shown) if not name.startswith("url_")}
    assert len(same) > 50
    ids = {name: str(value) for name, value in shown.items() if name.endswith("_id") and value is not None}
    assert {name: data[name] for name in same} == {name: (shown | ids)[name] for name in same}
    assert set(shown) - set(data) == {"first_name", "last_name"}
    assert delivery.state == "delivered"


def test_appointment_event_has_its_own_keys(database: None, receiver: Receiver) -> None:
    world: CerboWorld = make_cerbo("Schedule")
    clinic = world.other.clinic
    patient, _ = world.row("patients"), world.row("appointments")
    with tenancy.within(clinic.id):
        Patient.objects.filter(pk=patient).update(cell_phone="(303) 555-0100", email="ada@example.com")
    wait_for_fanout()  # all of this came before
    webhook = subscribe(clinic, receiver.url, "schedule.created", "schedule.modified")
    with run_sender():
        row = world.new("appointments")
        wait_for_finished(webhook)
        shown = world.client.get(f"/api/v1/appointments/{row}").json()
    (envelope,) = receiver.bodies()
    assert envelope["event_type"] == "schedule.created"
    who, provider = shown["patient_details"], shown["associated_providers"][0]
    assert envelope["data"] == {
        "id": str(row),
        "start": shown["start_date_time"],
        "end": shown["end_date_time"],
        "title": shown["title"],
        "appointment_status": shown["appointment_status"],
        "appointment_location": shown["appointment_location"],
        "assigned_providers": [{"id": str(provider["id"]), "first": provider["first_name"]}],
        "patient": {
            "id": str(patient),
            "first": who["first_name"],
            "last": who["last_name"],
            "dob": who["dob"],
            "email1": "ada@example.com",
            "phone_mobile": "(303) 555-0100",
        },
    }


def test_event_of_a_deleted_patient_says_by_whom(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client
) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created", "patient.deleted")
    first, second = new_patient(caller, "Ada"), new_patient(caller, "Bea")
    wait_for_fanout()
    assert caller.delete(f"/api/v1/patients/{first}").status_code == 200
    tenancy.set_tenant(clinic.id, user_id=clinic.user.pk)
    records.delete(records.get_resource("patients"), build_actor(clinic.user), second)
    wait_for_fanout()
    shown = [json.loads(bytes(each.body))["data"] for each in list_deliveries(webhook)]
    said = [(data["id"], data["deletedby"]) for data in shown]
    assert said == [
        (str(first), None),
        (str(second), None),
        (str(first), "99999"),
        (str(second), str(clinic.user.pk)),
    ]


def test_custom_header_overrides_default_header(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client
) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created", **{"user-agent": "Hill/1"})
    with run_sender():
        new_patient(caller)
        wait_for_finished(webhook)
    ((headers, _),) = receiver.got
    assert [value for name, value in headers.items() if name.lower() == "user-agent"] == ["Hill/1"]


def test_event_of_deidentified_api_user_is_complete(receiver: Receiver, clinic: Clinic) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created")
    with run_sender(), make_api_user(clinic.practice, anonymize=True).client() as caller:
        new_patient(caller)
        wait_for_finished(webhook)
    assert receiver.bodies()[0]["data"]["last"] == "Okafor"


def test_event_names_can_be_configured(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CERBO_EVENTS", {"patient.created": "pt.added"})
    webhook = subscribe(clinic, receiver.url, "patient.created")
    with run_sender():
        new_patient(caller)
        (delivery,) = wait_for_finished(webhook)
    assert receiver.bodies()[0]["event_type"] == "pt.added"
    assert delivery.event == "patient.created"
    monkeypatch.setattr(settings, "CERBO_EVENTS", {"patient.created": "pt.added", "patients.create": "x"})
    with pytest.raises(ImproperlyConfigured, match=r"patients\.create\b"):
        cerbo.check_event_names(cerbo.get_registry())  # building another would take its resources away


# -- subscriptions ----------------------------------------------------------------------------------------------


def test_only_subscribed_events_of_the_own_practice_are_delivered(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client
) -> None:
    other = make_practice()
    hooks = [
        subscribe(clinic, receiver.url, "patient.created"),
        subscribe(clinic, receiver.url, "patient.created", "patient.modified"),
        subscribe(clinic, receiver.url, "patient.modified"),
        subscribe(other, receiver.url, "patient.created"),
    ]
    new_patient(caller)
    wait_for_fanout()
    assert [len(list_deliveries(hook)) for hook in hooks] == [1, 1, 0, 0]
    first, second = (json.loads(bytes(list_deliveries(hook)[0].body)) for hook in hooks[:2])
    assert first["event_id"] == second["event_id"]


def test_webhooks_of_other_practices_are_invisible(receiver: Receiver, clinic: Clinic) -> None:
    other = make_practice()
    webhook = subscribe(clinic, receiver.url, "patient.created")
    with tenancy.within(other.id):
        assert not Webhook.objects.filter(pk=webhook.pk).exists()
        assert not Webhook.objects.filter(pk=webhook.pk).update(callback_url="https://evil.example.com")
    with tenancy.within(clinic.id):
        assert Webhook.objects.get(pk=webhook.pk).callback_url == receiver.url


def test_inactive_or_deleted_webhook_gets_no_deliveries(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client
) -> None:
    off = subscribe(clinic, receiver.url, "patient.created")
    gone = subscribe(clinic, receiver.url, "patient.created")
    receiver.status = 503
    with run_sender():
        new_patient(caller)
        wait_for_finished(off), wait_for_finished(gone)
        assert len(receiver.got) == 2
        change(clinic, off, active=False)
        with tenancy.within(clinic.id):
            actions.delete(gone)
            assert actions.redeliver(gone, list_deliveries(gone)[0].pk)
        new_patient(caller, "Later")
        wait_for_fanout()
        with clock.shift(timedelta(minutes=5)):
            waiting = {claim.delivery.webhook_id for claim in delivery_queue.record_and_claim([], {}, 9, 999)}
    assert not {off.pk, gone.pk} & waiting
    assert [len(list_deliveries(hook)) for hook in (off, gone)] == [1, 1]
    assert len(receiver.got) == 2
    assert gone.sealed_secret == ""


# -- attempts ---------------------------------------------------------------------------------------------------


def test_five_attempts_with_increasing_delays(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client
) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created")
    receiver.status = 500
    ahead = 0
    with run_sender():
        new_patient(caller)
        wait_for_finished(webhook)
        for count, wait in enumerate((30, 120, 600, 3600), 2):
            with clock.shift(timedelta(seconds=ahead + wait - 20)):
                assert [
                    c
                    for c in delivery_queue.record_and_claim([], {}, 9, 999)
                    if c.delivery.webhook_id == webhook.pk
                ] == []
            ahead += wait + 5
            with clock.shift(timedelta(seconds=ahead)):
                until(lambda n=count: len(wait_for_finished(webhook)[0].attempts) == n)  # type: ignore[misc]
        (delivery,) = list_deliveries(webhook)
        assert delivery.state == "failed"
        with clock.shift(timedelta(days=20)):
            assert [
                c
                for c in delivery_queue.record_and_claim([], {}, 9, 999)
                if c.delivery.webhook_id == webhook.pk
            ] == []
        receiver.status = 202
        with tenancy.within(clinic.id):
            assert actions.redeliver(webhook, delivery.pk)
        (delivery,) = until(lambda: [d for d in wait_for_finished(webhook) if d.state == "delivered"])
    assert len(delivery.attempts) == 6
    assert {body for _, body in receiver.got} == {bytes(delivery.body)}


def test_hanging_receiver_does_not_delay_others(
    receiver: Receiver, clinic: Clinic, caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", 2 * PATIENCE)  # nothing ends before it is released
    release = threading.Event()
    with run_receiver() as hanging:
        hanging.respond = lambda handler: release.wait(2 * PATIENCE) and handler.answer(200)  # type: ignore[attr-defined]
        subscribe(clinic, hanging.url, "patient.created")
        webhook = subscribe(clinic, receiver.url, "patient.created")
        with run_sender():
            for count in range(1, 4):
                new_patient(caller, f"N{count}")
                until(lambda n=count: len(receiver.got) == n)  # type: ignore[misc]
            wait_for_finished(webhook, 3)
            release.set()


# -- validation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hooks.example.com/a", True),
        ("http://127.0.0.1:8080/a", True),  # in a sandbox
        ("http://localhost/a", True),
        ("https://hooks/a", False),
        ("https://203.0.113.7/a", False),
        ("https://8.8.8.8/a", False),
        ("https://10.0.0.1/a", False),
        ("https://[2001:4860:4860::8888]/a", False),
        ("https://user:secret@hooks.example.com/a", False),
        ("ftp://hooks.example.com/a", False),
        ("https://hooks.example.com/" + "a" * 2000, False),
    ],
)
def test_callback_url_validation(clinic: Clinic, url: str, good: bool) -> None:
    if good:
        assert subscribe(clinic, url, "patient.created").callback_url == url
        return
    with pytest.raises(Invalid) as refused:
        subscribe(clinic, url, "patient.created")
    assert set(dict(refused.value.errors)) == {"callback_url"}


def test_production_accepts_only_https_and_host_names(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SANDBOX", False)
    for url in ("http://hooks.example.com/", "https://127.0.0.1/", "https://localhost/", "http://localhost/"):
        with pytest.raises(Invalid):
            subscribe(clinic, url, "patient.created")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "a.example.com"},
        {"content-length": "5"},
        {"Connection": "close"},
        {"Transfer-Encoding": "chunked"},
        {"Proxy-Authorization": "Basic x"},
        {"Content-Type": "text/plain"},
        {"X-A": "one\r\nX-B: two"},
        {"X-A": "one\nX-B: two"},
        {"X-A": "\N{SNOWMAN}"},
        {"X-A": ""},
        {"X-A": " padded "},
        {"X A": "b"},
        {"X-A:": "b"},
        {"X-A\r\n": "b"},
        {"": "b"},
        {"X-A": "1", "x-a": "2"},
        {"X-A": "v" * 2001},
        {"X" * 101: "v"},
        {f"X-{n}": "v" for n in range(21)},
    ],
)
def test_invalid_headers_are_refused(clinic: Clinic, headers: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe(clinic, "https://hooks.example.com/", "patient.created", **headers)
    (message,) = dict(refused.value.errors)["headers"]
    assert not any(len(value) > 3 and value in message for value in headers.values())


def test_all_errors_are_reported_together(clinic: Clinic) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe(clinic, "x", "PATIENT_CREATE", Host="a")  # of the other kind
    assert set(dict(refused.value.errors)) == {"callback_url", "headers", "events"}


def test_headers_are_encrypted_in_the_database(receiver: Receiver, clinic: Clinic) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created", Authorization=AUTHORIZATION)
    with connections["owner"].cursor() as cursor:
        cursor.execute("select w::text from changes_webhook w where id = %s", [webhook.pk])
        assert "canary" not in cursor.fetchone()[0]
    assert json.loads(webhook.secret) == {"Authorization": AUTHORIZATION}


def test_practice_webhook_can_not_be_pinged(receiver: Receiver, clinic: Clinic) -> None:
    webhook = subscribe(clinic, receiver.url, "patient.created")
    with tenancy.within(clinic.id), pytest.raises(Conflict):
        actions.ping(webhook)
