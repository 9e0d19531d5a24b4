"""Reminders through Cerbo's API: created with a text and a time, sent by the worker, moved with their appointment."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import reminder_delivery
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.outbox.models import Outgoing
from tests.domains.scheduling.calendar import Calendar
from tests.support import make_api_user

TEN = "2026-03-10T09:00:00"  # 13:00 UTC: daylight saving has begun


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 9, 12, tzinfo=UTC))


@pytest.fixture
def program(today: None, calendar: Calendar) -> httpx.Client:
    return make_api_user(calendar.clinic.practice).client()


def url(appointment: dict[str, Any], how: str = "") -> str:
    return f"/api/v1/appointments/{appointment['id']}/reminders{how}"


def body(at: str = "2026-03-10 08:00", **values: Any) -> dict[str, Any]:
    return {"scheduled_datetime": at, "subject": "Tomorrow", "text": "Bring your glasses."} | values


def test_a_reminder_is_created_moved_and_sent(
    calendar: Calendar, program: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(
            email="ada@example.com", cell_phone="2025550143"
        )
        Practice.objects.filter(pk=calendar.clinic.id).update(quiet_from=0, quiet_until=0)
    visit = calendar.book(TEN)
    mail, text = (
        program.post(url(visit, "/email"), json=body()),
        program.post(url(visit, "/sms"), json=body()),
    )
    assert (mail.status_code, text.status_code) == (200, 200), mail.text + text.text
    assert program.get(url(visit)).json()["data"] == [mail.json(), text.json()]
    assert (text.json()["type"], text.json()["subject"], text.json()["addedby"]) == ("sms", "", 99999)
    assert [item["scheduled_time"] for item in calendar.read_appointment(visit)["reminders"]] == [
        "2026-03-10T04:00:00"
    ] * 2
    calendar.change_and_read(visit, scheduled_time="2026-03-10T10:30:00")
    assert program.get(url(visit)).json()["data"][0]["scheduled_datetime"] == "2026-03-10 09:30:00"
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 10, 9, 31, tzinfo=UTC))
    reminder_delivery.send_due_reminders()
    with tenancy.within(calendar.clinic.id):
        sent = {(one.recipient, one.subject, one.text) for one in Outgoing.objects.all()}
        assert Outgoing.objects.count() == 2
    assert sent == {
        ("ada@example.com", "Tomorrow", "Bring your glasses."),
        ("2025550143", "", "Bring your glasses."),
    }
    assert program.get(url(visit)).json()["data"][0]["sent_datetime"] == "2026-03-10 09:31:00"


def test_what_is_refused(calendar: Calendar, program: httpx.Client) -> None:
    visit, lunch = calendar.book(TEN), calendar.book("2026-03-10T12:00:00", patient=None)
    for at in ("2026-03-09 11:00", "2026-03-10 13:00", "tomorrow"):
        answer = program.post(url(visit, "/email"), json=body(at))
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["scheduled_datetime"])
    assert program.post(url(lunch, "/email"), json=body()).status_code == 400
    assert program.post(url({"id": 999_999}, "/email"), json=body()).status_code == 404
    assert program.post(url(visit, "/sms"), json=body(text="x" * 1601)).status_code == 400
    assert program.post(url(visit, "/email"), json=body(subject="")).status_code == 400
    assert program.get(url(visit)).json()["total_count"] == 0
