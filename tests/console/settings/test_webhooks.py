"""Webhooks of the practice in the console: creation, changes, deletion, deliveries, redelivery."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from django.conf import settings

from charthouse.audit.models import Event
from charthouse.changes.models import Delivery, Webhook
from charthouse.console.settings.webhooks import MASK
from charthouse.identity import tenancy
from tests.changes.receiver import Receiver, run_receiver, run_sender
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_practice, make_user
from tests.waiting import until

BASE = "/settings/webhooks"
CANARY = "Bearer 51f0c9de-canary"


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow receivers on this machine."""
    monkeypatch.setattr(settings, "SANDBOX", True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as made:
        yield made


def send(browser: httpx.Client, address: str, page: str = "", **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(page or address)) | values)


def add(browser: httpx.Client, receiver: Receiver, **values: Any) -> str:
    """Add a webhook and return the URL of its page."""
    given = {
        "callback_url": receiver.url,
        "headers": f"Authorization: {CANARY}\n\nX-Clinic: Hill",
        "on_patient": ["patient.created"],
        "active": "on",
    }
    answer = send(browser, f"{BASE}/new", **given | values)
    assert answer.status_code == 302, re.findall(r"wrong\"><div>([^<]+)", unescape(answer.text))
    return str(answer.headers["Location"])


def new_patient(clinic: Clinic) -> None:
    body = {"first_name": "Amara", "last_name": "Okafor", "dob": "1987-04-12", "sex": "F"}
    with make_api_user(clinic.practice).client() as caller:
        assert caller.post("/api/v1/patients", json=body).status_code == 200
    tenancy.clear_tenant()


def test_a_webhook_from_creation_to_redelivery(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver
) -> None:
    address = add(browser, receiver)
    with bounded_queries():
        shown = browser.get(address).text
    assert receiver.url in browser.get(BASE).text
    assert "<code>Authorization</code>, <code>X-Clinic</code>" in shown
    assert CANARY not in shown + browser.get(f"{address}/edit").text + browser.get(BASE).text
    with run_sender():
        new_patient(clinic)
        until(lambda: receiver.got)
        page = until(lambda: (seen := browser.get(address)) and "delivered" in seen.text and seen)
        (delivery,) = re.findall(r'<td><a href="(/settings/webhooks/deliveries/\d+)"', page.text)
        with bounded_queries():
            one = browser.get(delivery)
        assert "Okafor" in one.text
        assert "patient.created" in one.text
        assert re.search(r"<td>200</td>", one.text)
        assert send(browser, delivery).headers["Location"] == delivery
        until(lambda: len(receiver.got) == 2)
    assert receiver.got[0][1] == receiver.got[1][1]
    assert receiver.got[0][0]["Authorization"] == CANARY
    with tenancy.within(clinic.id):
        told = Event.objects.filter(practice_id=clinic.id, what="webhook changed")
        assert [event.details["changed"] for event in told] == [["made"]]
        assert "canary" not in str([event.details for event in told])


def test_deliveries_are_resent_together(clinic: Clinic, browser: httpx.Client, receiver: Receiver) -> None:
    address = add(browser, receiver)
    with run_sender():
        for _ in range(2):
            new_patient(clinic)
        until(lambda: len(receiver.got) == 2)
        deliveries = Delivery.objects.using("owner").filter(practice_id=clinic.id)
        until(lambda: deliveries.exclude(delivered_at=None).count() == 2)
        chosen = re.findall(r'name="row" value="(\d+)" form="resending"', browser.get(address).text)
        assert sorted(map(int, chosen)) == sorted(row.pk for row in deliveries)
        answer = send(browser, f"{address}/resend", page=address, row=chosen[:1])
        assert (answer.status_code, answer.headers["Location"]) == (302, address)
        assert "1 will be resent" in browser.get(address).text
        until(lambda: len(receiver.got) == 3)
        assert receiver.got[2][1] in {body for _, body in receiver.got[:2]}
        until(lambda: sum(len(row.attempts) for row in deliveries.all()) == 3)  # all that is sent is recorded
        deliveries.update(delivered_at=None, next_try=None)  # failed for good
        send(browser, f"{address}/resend", page=address, failed="all")
        until(lambda: len(receiver.got) == 5)
        send(browser, f"{address}/resend", page=address, row=["x", "", "9" * 30])
        assert "There is nothing to send again" in browser.get(address).text
    elsewhere = make_practice()
    elsewhere.user.set_password(PASSWORD)
    elsewhere.user.save()
    other = open_signed_in_browser(elsewhere.user.username)
    form = parse_hidden_fields(other.get(f"{BASE}/new")) | {"failed": "all"}
    assert other.post(f"{address}/resend", data=form).status_code == 404
    colleague = open_signed_in_browser(make_user(clinic.practice, password=PASSWORD).username)
    form = parse_hidden_fields(colleague.get("/account/password")) | {"failed": "all"}
    assert colleague.post(f"{address}/resend", data=form).status_code == 403
    assert len(receiver.got) == 5


def test_headers_are_kept_replaced_and_removed(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver
) -> None:
    address = add(browser, receiver)
    new = {"callback_url": receiver.url, "on_task": ["task.created", "task.deleted"], "active": "on"}
    text = f"Authorization: {MASK}\nX-New: 1"
    assert send(browser, f"{address}/edit", **new, headers=text).status_code == 302
    with tenancy.within(clinic.id):
        webhook = Webhook.objects.get(practice=clinic.practice)
        assert webhook.events == ["task.created", "task.deleted"]
        assert webhook.secret == f'{{"Authorization":"{CANARY}","X-New":"1"}}'
    wrong = send(browser, f"{address}/edit", **new, headers=f"X-Other: {MASK}")
    assert wrong.status_code == 400
    assert "X-Other has no value to keep." in wrong.text
    assert send(browser, f"{address}/edit", **new, headers="").status_code == 302
    assert "No custom headers." in browser.get(address).text


def test_headers_that_can_not_be_unsealed_are_entered_again(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver
) -> None:
    address = add(browser, receiver)
    with tenancy.within(clinic.id):
        Webhook.objects.filter(practice=clinic.practice).update(sealed_secret="nonsense")
    assert "encrypted with another server key" in browser.get(address).text
    new = {
        "callback_url": receiver.url,
        "on_patient": ["patient.created"],
        "active": "on",
        "headers": "X-A: 1",
    }
    assert send(browser, f"{address}/edit", **new).status_code == 302
    assert "<code>X-A</code>" in browser.get(address).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"callback_url": "https://hooks/x"}, "full host name"),
        ({"headers": "Host: example.com"}, "Host is set by the sender."),
        ({"headers": "no colon"}, "Each line has a name"),
        ({"headers": "X-A: 1\nX-A: 2"}, "X-A is there twice."),
        ({"on_patient": []}, "Choose at least one event."),
        ({"on_patient": ["PATIENT_CREATE"]}, "Select a valid choice."),
    ],
)
def test_invalid_values_are_refused(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver, wrong: dict[str, Any], words: str
) -> None:
    given = {"callback_url": receiver.url, "headers": "", "on_patient": ["patient.created"], "active": "on"}
    page = send(browser, f"{BASE}/new", **given | wrong)
    assert page.status_code == 400
    assert words in unescape(page.text)
    with tenancy.within(clinic.id):
        assert not Webhook.objects.filter(practice=clinic.practice).exists()


def test_a_deleted_webhook_is_on_no_page(clinic: Clinic, browser: httpx.Client, receiver: Receiver) -> None:
    address = add(browser, receiver)
    with run_sender():
        new_patient(clinic)
        until(lambda: receiver.got)
    (delivery,) = Delivery.objects.using("owner").filter(practice_id=clinic.id)
    assert "Delete this webhook?" in browser.get(f"{address}/delete").text
    assert send(browser, f"{address}/delete").headers["Location"] == BASE
    assert receiver.url not in browser.get(BASE).text
    for gone in (address, f"{address}/edit", f"{address}/delete", f"{BASE}/deliveries/{delivery.pk}"):
        assert browser.get(gone).status_code == 404, gone


def test_inferred_event_names_are_marked(browser: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CERBO_EVENTS", {"rx.created": "prescription.created"})
    page = browser.get(f"{BASE}/new").text
    for shown in ("schedule.created<", "schedule.deleted *<", "prescription.created<", "rx.modified *<"):
        assert shown in page, shown


def test_webhooks_are_for_the_practices_primary_user(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver
) -> None:
    address = add(browser, receiver)
    colleague = open_signed_in_browser(make_user(clinic.practice, password=PASSWORD).username)
    stranger = make_practice()
    stranger.user.set_password(PASSWORD)
    stranger.user.save()
    other = open_signed_in_browser(stranger.user.username)
    for page in (BASE, f"{BASE}/new", address, f"{address}/edit", f"{address}/delete"):
        assert colleague.get(page).status_code == 403, page
    for page in (address, f"{address}/edit", f"{address}/delete"):
        assert other.get(page).status_code == 404, page
    token = parse_hidden_fields(other.get(BASE)) or parse_hidden_fields(other.get(f"{BASE}/new"))
    for end in ("edit", "delete"):
        answer = other.post(f"{address}/{end}", data=token | {"callback_url": "https://x.example.com"})
        assert answer.status_code == 404
    assert browser.get(f"/developer/webhooks/{address.rpartition('/')[2]}").status_code == 404
