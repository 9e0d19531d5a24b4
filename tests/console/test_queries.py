"""The number of queries of every page of one row, of the account and of the outbox."""

import httpx
import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes.models import Delivery, Webhook
from charthouse.domains.messaging.models import Message
from charthouse.domains.scheduling.models import WaitingListEntry
from charthouse.domains.tasks.models import Task, TaskStatus
from charthouse.identity import tenancy
from charthouse.identity.sealed_secrets import seal
from charthouse.outbox.models import Outgoing
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import Clinic, issue_token, make_api_user, make_app


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)


@pytest.fixture
def pages(clinic: Clinic, sandbox: None) -> list[str]:
    """URLs of the pages of one row each."""
    return one_of_each(Calendar(clinic=clinic))


def one_of_each(calendar: Calendar) -> list[str]:
    """Make a row of each kind that has a page and return the pages' URLs."""
    clinic = calendar.clinic
    app = make_app(user=clinic.user)
    for other in (app, *(make_app(user=clinic.user) for _ in range(5))):
        issue_token(clinic.user, other)
    hook = Webhook.objects.create(
        application=app.row,
        callback_url="https://app.example/hook",
        sealed_secret=seal("secret"),
        verified_at=clock.now(),
        events=["PATIENT_CREATE"],
    )
    attempt = {"at": "2026-03-10T09:00:00Z", "status": 500, "ms": 12, "error": "", "by_hand": False}
    with tenancy.within(clinic.id):
        delivery = Delivery.objects.create(
            practice_id=clinic.id,
            webhook=hook,
            event="PATIENT_CREATE",
            body=b'{"object": {"id": 1}}',
            at=clock.now(),
            attempts=[attempt],
        )
        own = Webhook.objects.create(
            practice=clinic.practice,
            callback_url="https://hooks.example.com/cerbo",
            sealed_secret=seal('{"Authorization": "secret"}'),
            verified_at=clock.now(),
            events=["patient.created"],
        )
        sent = Delivery.objects.create(
            practice_id=clinic.id,
            webhook=own,
            event="patient.created",
            body=b'{"data": {"id": "1"}}',
            at=clock.now(),
            attempts=[attempt],
        )
        letter = Outgoing.objects.create(
            practice=clinic.practice,
            kind="email",
            recipient="ada@example.com",
            subject="Your visit",
            text="See you on Monday.",
            purpose="reminder",
        )
        begun = TaskStatus.objects.create(practice=clinic.practice, name="New", status_category="O")
        task = Task.objects.create(
            practice=clinic.practice, title="Call back", status=begun, assignee_user=clinic.user
        )
        message = Message.objects.create(practice=clinic.practice, title="Fax", doctor=calendar.doctor)
        waiting = WaitingListEntry.objects.create(
            practice=clinic.practice, patient_id=calendar.patient_id, duration=30
        )
    return [
        f"/waiting-list/{waiting.pk}",
        "/account",
        "/outbox",
        f"/outbox/{letter.pk}",
        "/inbox",
        f"/inbox/{message.pk}",
        f"/tasks/{task.pk}",
        f"/settings/offices/{calendar.office.pk}",
        f"/settings/api-users/{make_api_user(clinic.practice).row.pk}",
        f"/developer/apps/{app.row.pk}/webhooks/new",
        f"/developer/webhooks/{hook.pk}",
        f"/developer/deliveries/{delivery.pk}",
        f"/settings/webhooks/{own.pk}",
        f"/settings/webhooks/{own.pk}/edit",
        f"/settings/webhooks/deliveries/{sent.pk}",
    ]


def test_every_page_needs_few_queries(clinic: Clinic, pages: list[str]) -> None:
    browser: httpx.Client = open_signed_in_browser(clinic.user.username)
    browser.get("/")
    for address in pages:
        with bounded_queries():
            assert browser.get(address).status_code == 200, address
