"""Visits to come of a patient who is deleted, and restored, in the console and in both APIs."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import reminder_delivery
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.support import PASSWORD, make_api_user


@pytest.fixture
def console(calendar: Calendar) -> httpx.Client:
    user = calendar.clinic.user
    user.set_password(PASSWORD)
    user.save()
    return open_signed_in_browser(user.username)


def confirm(browser: httpx.Client, path: str) -> None:
    """Open a page that asks, and say yes."""
    sent = parse_hidden_fields(browser.get(path))
    assert browser.post(path, data={"csrfmiddlewaretoken": sent["csrfmiddlewaretoken"]}).status_code == 302


def in_days(days: int) -> str:
    return f"{(clock.now() + timedelta(days=days)).date()}T09:00:00"


def restore(console: httpx.Client, patient: int) -> None:
    assert "Ada" in console.get("/patients/deleted").text
    confirm(console, f"/patients/deleted/{patient}")
    assert "Ada" not in console.get("/patients/deleted").text


def list_transitions(calendar: Calendar, visit: dict[str, Any]) -> list[tuple[str, str, str]]:
    shown = calendar.get(visit["id"], "appointments")["status_transitions"]
    return [(one["from_status"], one["to_status"], one["reason"]) for one in shown]


def test_visits_to_come_are_cancelled_and_free_their_time_until_the_patient_is_restored(
    calendar: Calendar, console: httpx.Client
) -> None:
    past = calendar.book(in_days(-3), status="Complete")
    coming = calendar.book(in_days(3), status="Confirmed")
    taken = calendar.book(in_days(4))
    cancelled = calendar.book(in_days(5), status="Cancelled")
    cerbo = make_api_user(calendar.clinic.practice).client()
    confirm(console, f"/patients/{calendar.patient_id}/delete")

    days = f"{in_days(-10)[:10]}/{in_days(20)[:10]}"
    for flag in ({}, {"show_archived": "true"}):
        assert calendar.ids("appointments", date_range=days, **flag) == []
    period = {"start_date": f"{in_days(-1)[:10]} 00:00:00", "end_date": f"{in_days(1)[:10]} 23:00:00"}
    delta = cerbo.get("/api/v1/delta/appointments", params=period).json()["delta_data"]
    ids = {int(one["id"]) for one in (past, coming, taken, cancelled)}
    assert not ids & {*delta["added"], *delta["modified"]}

    with tenancy.within(calendar.clinic.id):
        other = Patient.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, first_name="Grace", gender="Female"
        )
    calendar.book(in_days(4), patient=other.pk)
    restore(console, calendar.patient_id)
    assert list_transitions(calendar, coming)[1:] == [
        ("Confirmed", "Cancelled", "The patient was deleted."),
        ("Cancelled", "Confirmed", "The patient was restored."),
    ]
    assert list_transitions(calendar, taken)[-1] == ("", "Cancelled", "The patient was deleted.")
    statuses = [calendar.get(one["id"], "appointments")["status"] for one in (past, coming, taken, cancelled)]
    assert statuses == ["Complete", "Confirmed", "Cancelled", "Cancelled"]


def test_no_reminder_is_sent_of_a_visit_of_a_deleted_patient(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(email="ada@example.com")
    profile = calendar.new(
        "reminder_profiles", name="A day", reminders=[{"amount": 1, "unit": "days", "type": "email"}]
    )["id"]
    calendar.book(in_days(3), reminder_profile=profile)
    assert calendar.http.delete(f"/api/patients/{calendar.patient_id}").status_code == 204
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=2, hours=12))
    reminder_delivery.send_due_reminders()
    with tenancy.within(calendar.clinic.id):
        assert not Outgoing.objects.exists()
