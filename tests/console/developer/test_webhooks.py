"""Webhooks of apps in the console: creation, verification, ping, deliveries, redelivery."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from django.conf import settings

from charthouse.changes import actions, verification
from charthouse.changes.models import Delivery, Webhook
from charthouse.identity import tenancy
from tests.changes.receiver import SECRET, Receiver, run_receiver, run_sender, verify
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.jobs.worker import work_off
from tests.queries import bounded_queries
from tests.support import PASSWORD, App, Clinic, client, issue_token, make_app, make_practice, make_user
from tests.waiting import until


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow receivers on this machine."""
    monkeypatch.setattr(settings, "SANDBOX", True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as made:
        yield made


@pytest.fixture
def app(clinic: Clinic) -> App:
    return make_app(user=clinic.user)


def send(browser: httpx.Client, address: str, page: str = "", **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(page or address)) | values)


def add(browser: httpx.Client, app: App, receiver: Receiver, **values: Any) -> str:
    """Add a webhook and return the URL of its page."""
    given = {"callback_url": receiver.url, "secret_token": SECRET, "events": ["PATIENT_CREATE"]} | values
    answer = send(browser, f"/developer/apps/{app.row.pk}/webhooks/new", **given)
    assert answer.status_code == 302, re.findall(r"wrong\"><div>([^<]+)", unescape(answer.text))
    return answer.headers["Location"]


def test_a_webhook_from_creation_to_redelivery(
    clinic: Clinic, app: App, browser: httpx.Client, receiver: Receiver
) -> None:
    token = issue_token(clinic.user, app)
    address = add(browser, app, receiver)
    page = browser.get(address).text
    assert "verifying" in page
    assert 'hx-trigger="every 2s"' in page  # until the worker has the answer
    assert receiver.messages == []
    work_off("verifications")
    page = browser.get(address).text
    assert "Verified on" in page
    assert "every 2s" not in page
    assert receiver.url in browser.get(f"/developer/apps/{app.row.pk}/webhooks").text
    assert SECRET not in browser.get(address).text + browser.get(f"{address}/edit").text
    with run_sender():
        with client(token) as caller:
            body = {
                "doctor": clinic.doctor.pk,
                "first_name": "Amara",
                "last_name": "Okafor",
                "gender": "Female",
            }
            assert caller.post("/api/patients", json=body).status_code == 201
        until(lambda: receiver.events() == ["PATIENT_CREATE"])
        tenancy.clear_tenant()
        page = until(lambda: (shown := browser.get(address)) and "delivered" in shown.text and shown)
        (delivery,) = re.findall(r'<td><a href="(/developer/deliveries/\d+)"', page.text)
        one = browser.get(delivery)
        assert "Amara" in one.text
        assert re.search(r"<td>200</td>", one.text)
        assert "<dt>webhook-signature</dt>" in one.text
        assert "<dt>X-drchrono-signature</dt><dd>(not kept)</dd>" in one.text
        assert SECRET not in one.text
        assert delivery in browser.get(f"{address}?event=PATIENT_CREATE").text
        assert delivery not in browser.get(f"{address}?event=PATIENT_MODIFY").text
        assert send(browser, delivery).headers["Location"] == delivery
        until(lambda: len(receiver.got) == 2)
        assert receiver.got[0][1] == receiver.got[1][1]
        pinged = send(browser, f"{address}/ping", page=address)
        until(lambda: receiver.events()[-1] == "PING")
        assert "PING" in browser.get(pinged.headers["Location"]).text
        deliveries = Delivery.objects.using("owner").filter(event="PATIENT_CREATE")
        deliveries.update(delivered_at=None, next_try=None)  # failed for good
        assert send(browser, f"{address}/resend", page=address, failed="all").status_code == 302
        until(lambda: receiver.events()[-1] == "PATIENT_CREATE")
        chosen = re.findall(r'name="row" value="(\d+)" form="resending"', browser.get(address).text)
        assert len(chosen) == 2
        before = len(receiver.got)
        none = send(browser, f"{address}/resend", page=address, row=["x", "", str(10**17), "9" * 30])
        assert none.status_code == 302
        assert "There is nothing to send again" in browser.get(address).text
        assert send(browser, f"{address}/resend", page=address, row=chosen).status_code == 302
        assert "2 will be resent" in browser.get(address).text
        until(lambda: len(receiver.got) == before + 2)
        assert set(receiver.events()[before:]) == {"PING", "PATIENT_CREATE"}
        assert "Delete this webhook?" in browser.get(f"{address}/delete").text
        assert send(browser, f"{address}/delete").status_code == 302
        assert browser.get(address).status_code == 404
        assert Webhook.objects.filter(application=app.row, deleted_at=None).count() == 0


def test_a_receiver_that_fails_verification(
    clinic: Clinic,
    app: App,
    browser: httpx.Client,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.secret = "another"
    address = add(browser, app, receiver)
    verification.verify_pending()
    page = browser.get(address)
    assert "Verification failed" in page.text
    assert "Ping" in page.text, "a sandbox does not wait for the proof"
    with monkeypatch.context() as outside:
        outside.setattr(settings, "SANDBOX", False)
        assert "Ping" not in browser.get(address).text
        assert send(browser, f"{address}/ping", page=address).status_code == 409
    receiver.secret = SECRET
    assert send(browser, f"{address}/verify", page=address).status_code == 302
    verification.verify_pending()
    assert "Verified on" in browser.get(address).text
    new = {"callback_url": f"{receiver.url}2", "events": ["PATIENT_MODIFY"], "active": "on"}
    before = len(receiver.messages)
    assert send(browser, f"{address}/edit", **new).status_code == 302
    verification.verify_pending()
    assert len(receiver.messages) == before + 1  # a new address has to prove itself
    webhook = Webhook.objects.get(application=app.row)
    assert (webhook.secret, webhook.events) == (SECRET, ["PATIENT_MODIFY"])
    assert send(browser, f"{address}/edit", **(new | {"active": ""})).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"callback_url": "ftp://example.com"}, "callback_url"),
        ({"callback_url": "http://10.0.0.1/"}, "callback_url"),
        ({"callback_url": ""}, "callback_url"),
        ({"secret_token": "é"}, "secret_token"),
        ({"secret_token": ""}, "secret_token"),
        ({"events": []}, "events"),
        ({"events": ["NOTHING"]}, "events"),
    ],
)
def test_invalid_webhooks_are_refused(
    clinic: Clinic, app: App, browser: httpx.Client, receiver: Receiver, wrong: dict[str, Any], field: str
) -> None:
    given = {"callback_url": receiver.url, "secret_token": SECRET, "events": ["PATIENT_CREATE"]} | wrong
    page = send(browser, f"/developer/apps/{app.row.pk}/webhooks/new", **given)
    assert page.status_code == 400
    assert f'id="id_{field}-wrong"' in page.text
    assert not Webhook.objects.filter(application=app.row).exists()


def test_webhooks_of_another_practice_are_not_found(
    clinic: Clinic, browser: httpx.Client, receiver: Receiver
) -> None:
    stranger = make_practice()
    app = make_app(user=stranger.user)
    webhook = actions.create_app_webhook(app.row, receiver.url, SECRET, ["PATIENT_CREATE"])
    verify(webhook)
    with tenancy.within(stranger.id):
        delivery = actions.ping(webhook)
    token = parse_hidden_fields(browser.get("/"))
    pages = (f"apps/{app.row.pk}/webhooks", f"apps/{app.row.pk}/webhooks/new", f"webhooks/{webhook.pk}",
             f"webhooks/{webhook.pk}/edit", f"deliveries/{delivery.pk}")  # fmt: skip
    for page in pages:
        assert browser.get(f"/developer/{page}").status_code == 404, page
    for page in (*pages[1:2], *pages[3:], f"webhooks/{webhook.pk}/verify", f"webhooks/{webhook.pk}/ping"):
        assert browser.post(f"/developer/{page}", data=token).status_code == 404, page
    with tenancy.within(stranger.id):
        assert Delivery.objects.count() == 1


def test_bodies_need_every_permission(
    clinic: Clinic, app: App, browser: httpx.Client, receiver: Receiver
) -> None:
    webhook = actions.create_app_webhook(app.row, receiver.url, SECRET, ["PATIENT_CREATE"])
    verify(webhook)
    with tenancy.within(clinic.id):
        delivery = actions.ping(webhook)
        Delivery.objects.filter(pk=delivery.pk).update(user_id=clinic.user.pk, body=b'{"name": "Hush"}')
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    assert "Hush" in browser.get(f"/developer/deliveries/{delivery.pk}").text
    theirs = open_signed_in_browser(staff.username).get(f"/developer/deliveries/{delivery.pk}")
    assert theirs.status_code == 200
    assert "Hush" not in theirs.text


def test_webhook_pages_need_the_permission_and_few_queries(
    clinic: Clinic, app: App, browser: httpx.Client, receiver: Receiver
) -> None:
    address = add(browser, app, receiver)
    staff = make_user(clinic.practice, password=PASSWORD, permissions=[])
    theirs = open_signed_in_browser(staff.username)
    for page in (address, f"{address}/edit", f"/developer/apps/{app.row.pk}/webhooks"):
        browser.get(page)
        with bounded_queries():
            assert browser.get(page).status_code == 200
        assert theirs.get(page).status_code == 403
    for end in ("verify", "ping"):
        assert theirs.post(f"{address}/{end}", data=parse_hidden_fields(theirs.get("/"))).status_code == 403
        assert browser.get(f"{address}/{end}").status_code == 405
