"""Reminder profiles and the reminders of appointments."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections

from charthouse import clock
from charthouse.commands import installation
from charthouse.datadir import CommandError
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import reminder_delivery
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.outbox.models import Outgoing
from tests.domains.scheduling.calendar import DAY, Calendar

REMINDERS = [
    {"amount": 30, "unit": "minutes", "type": "sms"},
    {"amount": 3, "unit": "hours", "type": "auto_call"},
    {"amount": 1, "unit": "days", "type": "email"},
    {"amount": 2, "unit": "weeks", "type": "phone"},
]


def profile(calendar: Calendar, reminders: Any = REMINDERS) -> int:
    return calendar.new("reminder_profiles", name="All", reminders=reminders)["id"]


def list_due(appointment: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["type"], item["scheduled_time"]) for item in appointment["reminders"]]


EXPECTED = [
    ("sms", "2026-03-10T08:30:00"),
    ("auto_call", "2026-03-10T06:00:00"),
    ("email", "2026-03-09T09:00:00"),
    ("phone", "2026-02-24T09:00:00"),  # of the same time of day, though clocks change on 8 March
]


def test_a_profile_becomes_reminders_which_move_along(calendar: Calendar) -> None:
    made = calendar.book("2026-03-10T09:00:00", reminder_profile=profile(calendar))
    assert list_due(made) == EXPECTED
    ids = [item["id"] for item in made["reminders"]]
    moved = calendar.change_and_read(made, scheduled_time="2026-03-11T10:00:00")
    assert list_due(moved)[0] == ("sms", "2026-03-11T09:30:00")
    assert list_due(moved)[3] == ("phone", "2026-02-25T10:00:00")
    assert [item["id"] for item in moved["reminders"]] == ids
    assert calendar.change_and_read(made, notes="x")["reminders"] == moved["reminders"]


def test_a_profile_can_be_applied_later_but_only_once(calendar: Calendar) -> None:
    chosen = profile(calendar)
    made = calendar.book("2026-03-10T09:00:00")
    assert made["reminders"] == []
    assert list_due(calendar.change_and_read(made, reminder_profile=chosen)) == EXPECTED
    again = calendar.change(made, reminder_profile=chosen)
    assert (again.status_code, again.json()) == (
        400,
        {"reminder_profile": ["The appointment has reminders already."]},
    )
    body = calendar.body("2026-03-10T09:00:00")
    assert calendar.http.put(f"/api/appointments/{made['id']}", json=body).status_code == 204
    assert list_due(calendar.read_appointment(made)) == EXPECTED
    assert calendar.change(made, reminder_profile=None).status_code == 204
    assert calendar.change(made, reminder_profile=2**40).status_code == 400


def test_a_series_is_reminded_of_each_time(calendar: Calendar) -> None:
    calendar.book("2026-03-02T09:00:00", recur_end_date="2026-03-16", reminder_profile=profile(calendar))
    last = calendar.list_appointments(date="2026-03-16")[0]
    assert list_due(calendar.read_appointment(last))[2] == ("email", "2026-03-15T09:00:00")


def test_profiles(calendar: Calendar) -> None:
    made = calendar.new("reminder_profiles", name="One", reminders=REMINDERS[:1])
    assert made == {
        "id": made["id"],
        "doctor": calendar.doctor.pk,
        "name": "One",
        "reminders": REMINDERS[:1],
    }
    assert calendar.patch(made["id"], "reminder_profiles", reminders=[]).status_code == 204
    assert calendar.ids("reminder_profiles") == [made["id"]]
    booked = calendar.book()
    assert calendar.http.delete(f"/api/reminder_profiles/{made['id']}").status_code == 204
    assert calendar.ids("reminder_profiles") == []
    assert calendar.http.get(f"/api/reminder_profiles/{made['id']}").status_code == 404
    assert calendar.change(booked, reminder_profile=made["id"]).status_code == 400


@pytest.mark.parametrize(
    "reminder",
    [
        {"amount": 1, "unit": "months", "type": "email"},
        {"amount": 1, "unit": "days", "type": "pigeon"},
        {"amount": -1, "unit": "days", "type": "email"},
        {"amount": 1001, "unit": "weeks", "type": "email"},
        {"unit": "days", "type": "email"},
        "tomorrow",
    ],
)
def test_invalid_reminders_are_refused(calendar: Calendar, reminder: Any) -> None:
    body = {"doctor": calendar.doctor.pk, "name": "x", "reminders": [REMINDERS[0], reminder]}
    answer = calendar.post("reminder_profiles", body)
    assert (answer.status_code, list(answer.json()["reminders"])) == (400, ["1"])
    assert calendar.list_appointments(date=DAY) == []


# -- sending ----------------------------------------------------------------------------------------------------

SOON = [
    {"amount": 2, "unit": "hours", "type": "sms"},
    {"amount": 1, "unit": "days", "type": "email"},
    {"amount": 1, "unit": "hours", "type": "phone"},
]
VISIT = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)  # nine o'clock in the office


@pytest.fixture
def visit(calendar: Calendar) -> dict[str, Any]:
    with tenancy.within(calendar.clinic.id):
        patient = Patient.objects.filter(pk=calendar.patient_id)
        patient.update(email="ada@patients.example", cell_phone="+15550100")
    return calendar.book("2026-03-10T09:00:00", reminder_profile=profile(calendar, SOON))


def list_sent(calendar: Calendar, at: datetime) -> list[tuple[str, str]]:
    """What has been given to the post by a moment: kind and recipient, in order."""
    with clock.shift(at - clock.now()):
        reminder_delivery.send_due_reminders()
    with tenancy.within(calendar.clinic.id):
        messages = Outgoing.objects.filter(practice=calendar.clinic.id).order_by("pk")
        return [(message.kind, message.recipient) for message in messages]


def test_reminders_are_sent_when_due_each_once(calendar: Calendar, visit: dict[str, Any]) -> None:
    mail, text = ("email", "ada@patients.example"), ("sms", "+15550100")
    assert list_sent(calendar, VISIT - timedelta(hours=25)) == []
    assert list_sent(calendar, VISIT - timedelta(hours=24)) == [mail]
    assert list_sent(calendar, VISIT - timedelta(hours=3)) == [mail]
    assert list_sent(calendar, VISIT - timedelta(minutes=30)) == [mail, text], "and nobody calls"
    with tenancy.within(calendar.clinic.id):
        letter = Outgoing.objects.filter(practice=calendar.clinic.id).order_by("pk")[0]
    assert (
        "for Ada: appointment with Doris Doctor at Main Street, Tuesday, March 10, 2026, 9:00 AM"
        in letter.text
    )


@pytest.mark.parametrize(
    ("start", "end", "waits"), [(21, 8, True), (8, 8, False), (9, 12, False), (5, 8, True)]
)
def test_text_messages_wait_for_the_end_of_quiet_hours(
    calendar: Calendar, visit: dict[str, Any], start: int, end: int, waits: bool
) -> None:
    """The text message is due at seven, by the office's clock."""
    row = Practice.objects.using("owner").filter(pk=calendar.clinic.id)
    row.update(quiet_from=start, quiet_until=end)
    mail, text = ("email", "ada@patients.example"), ("sms", "+15550100")
    assert list_sent(calendar, VISIT - timedelta(hours=24)) == [mail]
    assert list_sent(calendar, VISIT - timedelta(minutes=61)) == ([mail] if waits else [mail, text])
    assert list_sent(calendar, VISIT - timedelta(minutes=60)) == [mail, text]


def test_late_reminders_and_those_of_cancelled_visits_are_not_sent(
    calendar: Calendar, visit: dict[str, Any]
) -> None:
    assert list_sent(calendar, VISIT + timedelta(minutes=1)) == []
    assert calendar.change(visit, status="Cancelled").status_code == 204
    assert list_sent(calendar, VISIT - timedelta(hours=1)) == []
    assert calendar.change(visit, status="Confirmed").status_code == 204
    assert calendar.http.delete(f"/api/appointments/{visit['id']}").status_code == 204
    assert list_sent(calendar, VISIT - timedelta(hours=1)) == []


def test_a_moved_appointment_reminds_again(calendar: Calendar, visit: dict[str, Any]) -> None:
    assert len(list_sent(calendar, VISIT - timedelta(hours=24))) == 1
    with clock.shift(VISIT - timedelta(hours=20) - clock.now()):
        calendar.change_and_read(visit, scheduled_time="2026-03-17T09:00:00")
    later = VISIT + timedelta(days=7)
    assert len(list_sent(calendar, VISIT)) == 1
    assert len(list_sent(calendar, later - timedelta(hours=24))) == 2


def test_a_patient_who_disabled_text_messages_gets_none(calendar: Calendar, visit: dict[str, Any]) -> None:
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(disable_sms_messages=True, email="")
    assert list_sent(calendar, VISIT - timedelta(hours=1)) == []


def test_an_imported_practice_sends_none_until_it_is_resumed(
    calendar: Calendar, visit: dict[str, Any]
) -> None:
    clinic = calendar.clinic.id
    Practice.objects.using("owner").filter(pk=clinic).update(reminders_held_since=clock.now())
    assert list_sent(calendar, VISIT - timedelta(hours=24)) == []
    assert "from now on" in installation.resume_practice(clinic)
    assert len(list_sent(calendar, VISIT - timedelta(hours=23))) == 1
    assert "already" in installation.resume_practice(clinic)
    with pytest.raises(CommandError, match="no practice 999999"):
        installation.resume_practice(999999)


def test_several_workers_send_each_reminder_once(calendar: Calendar, visit: dict[str, Any]) -> None:
    def work() -> None:
        try:
            reminder_delivery.send_due_reminders()
        finally:
            connections.close_all()

    with clock.shift(VISIT - timedelta(hours=1) - clock.now()):
        workers = [Thread(target=work) for _ in range(5)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(list_sent(calendar, VISIT - timedelta(hours=1))) == 2
