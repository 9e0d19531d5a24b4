"""Undoing the edit of a series, deleting appointments of one, and blocks over several days."""

import re
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.scheduling.models import Appointment, Reminder, ReminderProfile
from charthouse.identity import tenancy
from tests.console.schedule.test_today import events, posted, read_undo
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.queries import bounded_queries

DAY = "2030-03-05"  # a Tuesday; the clocks change on Sunday the 10th


@pytest.fixture
def weekly(calendar: Calendar) -> list[dict[str, Any]]:
    """Four Tuesdays at 9:00."""
    calendar.book(f"{DAY}T09:00:00", recur_end_date="2030-03-26", recurring_days=[1])
    return read_all(calendar)


def read_all(calendar: Calendar) -> list[dict[str, Any]]:
    listed = calendar.list_appointments(date_range="2030-02-01/2030-06-30")
    return sorted(listed, key=lambda one: one["scheduled_time"])


def read_times(calendar: Calendar) -> list[str]:
    return [one["scheduled_time"] for one in read_all(calendar)]


def edit(browser: httpx.Client, visit: dict[str, Any], scope: str, **values: str) -> str:
    """Edit an appointment, and return the page that says so."""
    answer = send(browser, f"/appointments/{visit['id']}/edit", scope=scope, **values)
    assert answer.status_code == 302, answer.text
    return browser.get(answer.headers["Location"]).text


def undo(browser: httpx.Client, page: str) -> str:
    """Undo what the page says, and return the page after that."""
    where, values = read_undo(page)
    return browser.get(browser.post(where, data=values).headers["Location"]).text


def test_the_edit_of_a_series_is_undone_as_a_whole(
    calendar: Calendar, browser: httpx.Client, weekly: list[dict[str, Any]]
) -> None:
    before = [(one["scheduled_time"], one["reason"], one["duration"]) for one in weekly]
    page = edit(browser, weekly[1], "following", scheduled_time="2030-03-13T10:30", reason="Physical therapy")
    assert "3 appointments of the series are saved." in page
    assert read_times(calendar) == [
        f"{DAY}T09:00:00", "2030-03-13T10:30:00", "2030-03-20T10:30:00", "2030-03-27T10:30:00",
    ]  # fmt: skip
    assert "3 appointments are as before." in undo(browser, page)
    assert [(one["scheduled_time"], one["reason"], one["duration"]) for one in read_all(calendar)] == before
    # Those that move into each other's times, in both directions; and one alone.
    for time in ("2030-03-12T09:00", "2030-02-26T09:00"):
        page = edit(browser, weekly[0], "all", scheduled_time=time)
        assert "4 appointments are as before." in undo(browser, page)
        assert [one["scheduled_time"] for one in read_all(calendar)] == [one for one, _, _ in before]
    page = edit(browser, weekly[2], "one", duration="60")
    assert read_all(calendar)[2]["duration"] == 60
    assert "The appointment is as before." in undo(browser, page)
    assert read_all(calendar)[2]["duration"] == 30


def test_an_edit_is_not_undone_where_something_has_changed_since(
    calendar: Calendar, browser: httpx.Client, weekly: list[dict[str, Any]]
) -> None:
    page = edit(browser, weekly[0], "all", scheduled_time=f"{DAY}T13:00")
    calendar.change_and_read(weekly[2], scheduled_time="2030-03-19T15:00:00")
    after = read_times(calendar)
    assert "Tue Mar 19, 2030 was changed since. Nothing was undone." in undo(browser, page)
    assert read_times(calendar) == after
    page = edit(browser, weekly[0], "one", scheduled_time=f"{DAY}T16:00")
    calendar.book(f"{DAY}T13:00:00")
    assert "This overlaps with Ada" in undo(browser, page)
    page = edit(browser, weekly[1], "one", reason="Late")
    posted(browser, f"/visits/{weekly[1]['id']}/delete")
    assert "was deleted since" in undo(browser, page)
    address = f"/appointments/{weekly[0]['id']}/undo"
    assert posted(browser, address, edited="forged").status_code == 404


def test_appointments_of_a_series_are_deleted_from_one_on(
    calendar: Calendar, browser: httpx.Client, weekly: list[dict[str, Any]]
) -> None:
    address = f"/visits/{weekly[2]['id']}/delete"
    with bounded_queries():
        assert "This and those that follow" in browser.get(address).text
    assert posted(browser, address, scope="following").status_code == 302
    assert "2 appointments have been deleted." in browser.get("/day").text
    assert read_times(calendar) == [f"{DAY}T09:00:00", "2030-03-12T09:00:00"]
    posted(browser, f"/visits/{weekly[0]['id']}/delete")
    assert read_times(calendar) == ["2030-03-12T09:00:00"], "this one alone, where nothing is chosen"


def block(calendar: Calendar, browser: httpx.Client, start: str, end: str, **more: str) -> httpx.Response:
    values = {"doctor": str(calendar.doctor.pk), "office": str(calendar.office.pk), "exam_room": "0",
              "scheduled_time": start, "block_end": end, "reason": "Vacation", **more}  # fmt: skip
    return send(browser, "/book/0", **values)


def test_a_block_over_several_days_is_on_each_of_them(calendar: Calendar, browser: httpx.Client) -> None:
    made = block(calendar, browser, "2030-03-08T13:00", "2030-03-11T12:00")
    assert made.status_code == 302, made.text
    page = browser.get(made.headers["Location"]).text
    assert "Fri Mar 8, 1:00 PM to Mon Mar 11, 12:00 PM" in page
    found = events(browser, start="2030-03-03", end="2030-03-17").json()
    assert [(one["start"], one["end"]) for one in found] == [
        ("2030-03-08T13:00:00", "2030-03-09T00:00:00"),
        ("2030-03-09T00:00:00", "2030-03-10T00:00:00"),
        ("2030-03-10T00:00:00", "2030-03-10T23:00:00"),  # the clocks skip an hour of this day
        ("2030-03-11T00:00:00", "2030-03-11T12:00:00"),
    ]
    for day, when in (("08", "1:00 PM to midnight"), ("09", "All day"), ("11", "12:00 AM to 12:00 PM")):
        shown = browser.get("/day", params={"date": f"2030-03-{day}"}).text
        assert when in shown, day
        assert "Vacation" in shown
    assert "Vacation" not in browser.get("/day", params={"date": "2030-03-12"}).text
    refused = calendar.try_to_book("2030-03-09T10:00:00")
    assert refused.status_code == 409
    calendar.book("2030-03-11T12:00:00")
    where, values = read_undo(page)
    assert browser.post(where, data=values).status_code == 302
    assert [one["title"] for one in events(browser, start="2030-03-03", end="2030-03-17").json()] == ["Ada"]


def test_a_block_is_refused_where_a_later_day_is_taken_or_its_end_makes_no_sense(
    calendar: Calendar, browser: httpx.Client
) -> None:
    visit = calendar.book("2030-03-07T10:00:00")
    taken = block(calendar, browser, "2030-03-05T08:00", "2030-03-08T17:00")
    assert taken.status_code == 409
    assert "This overlaps with Ada" in taken.text
    calendar.change_and_read(visit, status="Cancelled")
    for end in ("2030-03-05T08:00", "2030-03-01T08:00", "", "2031-06-01T08:00", "never"):
        wrong = block(calendar, browser, "2030-03-05T08:00", end)
        assert (wrong.status_code, 'id="id_block_end-wrong"' in wrong.text) == (400, True), end
    repeated = block(calendar, browser, "2030-03-05T08:00", "2030-03-08T17:00", recurring_days="1",
                     recur_end_date="2030-04-30")  # fmt: skip
    assert "does not repeat" in repeated.text
    with tenancy.within(calendar.clinic.id):
        assert not Appointment.objects.filter(patient=None).exists()
    assert block(calendar, browser, "2030-03-05T22:00", "2030-03-06T06:00").status_code == 302, "over night"
    with tenancy.within(calendar.clinic.id):
        assert Appointment.objects.get(patient=None).duration == 480


def test_one_day_of_a_block_is_freed(calendar: Calendar, browser: httpx.Client) -> None:
    block(calendar, browser, "2030-03-05T08:00", "2030-03-07T17:00")
    days = read_all(calendar)
    asked = browser.get(f"/visits/{days[1]['id']}/delete").text
    assert "The whole block" in asked
    posted(browser, f"/visits/{days[1]['id']}/delete", scope="one")
    assert [one["scheduled_time"][:10] for one in read_all(calendar)] == ["2030-03-05", "2030-03-07"]
    posted(browser, f"/visits/{days[0]['id']}/delete", scope="all")
    assert read_all(calendar) == []


def test_start_and_end_of_a_block_are_edited_together(calendar: Calendar, browser: httpx.Client) -> None:
    block(calendar, browser, f"{DAY}T08:00", f"{DAY}T10:30")
    (one,) = read_all(calendar)
    address = f"/appointments/{one['id']}/edit"
    with bounded_queries():
        page = browser.get(address).text
    assert re.search(rf'name="block_end"[^>]*value="{DAY}T10:30"', page)
    assert 'name="duration"' not in page
    assert "data-find" not in page, "a block has no length to find a free time for"

    def read() -> tuple[str, int]:
        (found,) = read_all(calendar)
        return found["scheduled_time"], found["duration"]

    shown = edit(browser, one, "one", scheduled_time=f"{DAY}T09:00", block_end=f"{DAY}T12:00")
    assert read() == (f"{DAY}T09:00:00", 180)
    assert "The appointment is as before." in undo(browser, shown)
    assert read() == (f"{DAY}T08:00:00", 150)
    edit(browser, one, "one", block_end=f"{DAY}T11:00")
    assert read() == (f"{DAY}T08:00:00", 180)
    for end in (f"{DAY}T08:00", "2030-03-09T08:00", "", "never"):
        wrong = send(browser, address, block_end=end)
        assert (wrong.status_code, 'id="id_block_end-wrong"' in wrong.text) == (400, True), end
    assert read() == (f"{DAY}T08:00:00", 180)


def test_undo_takes_back_the_reminders_that_an_edit_added(calendar: Calendar, browser: httpx.Client) -> None:
    with tenancy.within(calendar.clinic.id):
        profile = ReminderProfile.objects.create(
            practice=calendar.clinic.practice,
            doctor=calendar.doctor,
            name="Usual",
            reminders=[{"type": "email", "amount": amount, "unit": "days"} for amount in (1, 3)],
        )
    visit = calendar.book(f"{DAY}T13:00:00")

    def count() -> int:
        with tenancy.within(calendar.clinic.id):
            return Reminder.objects.filter(appointment=visit["id"], archived=False).count()

    for values in ({}, {"reason": "Follow-up"}):
        page = edit(browser, visit, "one", reminder_profile=str(profile.pk), **values)
        assert count() == 2
        assert "The appointment is as before." in undo(browser, page)
        assert count() == 0
    page = edit(browser, visit, "one", reminder_profile=str(profile.pk))
    with tenancy.within(calendar.clinic.id):
        sent = Reminder.objects.filter(appointment=visit["id"], archived=False).first()
        Reminder.objects.filter(pk=sent.pk).update(sent_at=clock.now())
    undo(browser, page)
    assert count() == 1, "the patient has it"
