"""The waiting list: who fits a time that was freed, booking it with one click, and when patients leave the list."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.console.schedule import waiting_offers
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment, FreedSlot, WaitingListEntry
from charthouse.identity import tenancy
from charthouse.identity.permission_presets import PRESETS
from tests.console.schedule.test_today import posted, read_undo
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, make_api_user, make_practice, make_user


def find_monday() -> str:
    """A Monday that is one to two weeks ahead."""
    today = clock.now().date()
    return (today + timedelta(days=14 - today.weekday())).isoformat()


class Desk:
    """A front desk on a Monday with a visit at 9:00 and patients who wait."""

    def __init__(self, calendar: Calendar, browser: httpx.Client) -> None:
        self.calendar, self.browser, self.day = calendar, browser, find_monday()
        self.visit = calendar.book(f"{self.day}T09:00:00")

    def add_patient(self, name: str, **values: Any) -> int:
        with tenancy.within(self.calendar.clinic.id):
            made = Patient.objects.create(
                practice=self.calendar.clinic.practice, doctor=self.calendar.doctor, first_name=name, **values
            )
        return made.pk

    def wait(self, name: str, **values: Any) -> int:
        """Put a new patient on the list; the id of the entry."""
        patient = self.add_patient(name)
        answer = send(
            self.browser, "/waiting-list/new",
            **{"patient": str(patient), "duration": "30", "priority": "2", "patient_name": "", **values},
        )  # fmt: skip
        assert answer.status_code == 302, answer.text
        with tenancy.within(self.calendar.clinic.id):
            return WaitingListEntry.objects.get(patient=patient).pk

    def cancel(self) -> None:
        self.calendar.change_and_read(self.visit, status="Cancelled")

    def list_offered(self, address: str = "") -> list[str]:
        """Who is offered the freed time, in order."""
        with bounded_queries():
            page = self.browser.get(address or f"/day?date={self.day}").text
        return re.findall(r'<span class="freed-who"><strong>([^<]+)</strong>', page)

    def get_booked(self, entry: int) -> Appointment | None:
        with tenancy.within(self.calendar.clinic.id):
            return WaitingListEntry.objects.select_related("appointment").get(pk=entry).appointment

    def list_waiting(self) -> list[str]:
        return re.findall(r'href="/waiting-list/\d+">([^<]+)</a>', self.browser.get("/waiting-list").text)


@pytest.fixture
def desk(calendar: Calendar, browser: httpx.Client) -> Desk:
    return Desk(calendar, browser)


def test_who_fits_a_freed_time(desk: Desk) -> None:
    """By provider, office, days, times of day, length and last day, the most urgent first."""
    other = desk.calendar.add_colleague()
    day = desk.day
    desk.wait("Any")
    desk.wait("Urgent", priority="1", note="Worse since Monday")
    desk.wait("Fitting", doctor=str(desk.calendar.doctor.pk), office=str(desk.calendar.office.pk), week_days="0",
              day_parts="morning", until=day)  # fmt: skip
    desk.wait("Colleague", doctor=str(other.pk))
    desk.wait("Tuesday", week_days="1")
    desk.wait("Afternoon", day_parts="afternoon")
    desk.wait("Long", duration="45")
    desk.wait("Over", until=(clock.now() + timedelta(days=1)).date().isoformat())
    busy = desk.wait("Busy")
    with tenancy.within(desk.calendar.clinic.id):
        patient = WaitingListEntry.objects.get(pk=busy).patient_id
    desk.calendar.book(f"{day}T09:15:00", doctor=other.pk, exam_room=2, patient=patient)
    assert desk.list_offered() == [], "the time is not free"
    desk.cancel()
    fitting = ["Urgent", "Any", "Fitting"]
    assert desk.list_offered() == fitting
    assert desk.list_offered(f"/calendar?date={day}") == fitting
    assert desk.list_offered(f"/appointments/{desk.visit['id']}") == fitting
    assert desk.list_offered("/waiting-list") == fitting
    assert desk.list_offered("/day?date=2026-03-10") == []
    assert "Worse since Monday" in desk.browser.get(f"/day?date={day}").text
    desk.calendar.book(f"{day}T09:00:00")
    assert desk.list_offered() == [], "somebody else has it now"


def test_what_a_page_leaves_out_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.wait("Grace")
    for hour in range(10, 16):
        made = desk.calendar.book(f"{desk.day}T{hour}:00:00")
        desk.calendar.change_and_read(made, status="Cancelled")
    desk.cancel()
    for address, shown in (
        (f"/day?date={desk.day}", 5),
        (f"/calendar?date={desk.day}", 2),
        ("/waiting-list", 7),
    ):
        page = desk.browser.get(address).text
        assert page.count('class="freed-who"') == shown, address
        assert re.findall(r"\+(\d+) more on the waiting list", page) == (
            [str(7 - shown)] if shown < 7 else []
        )
        assert "Later freed times" not in page
    monkeypatch.setattr(waiting_offers, "MAX_READ", 3)
    assert "Later freed times are shown when these are booked" in desk.browser.get("/waiting-list").text


Free = Callable[[Desk], Any]
FREEING: dict[str, Free] = {
    "cancelled": lambda desk: desk.cancel(),
    "moved": lambda desk: desk.calendar.change_and_read(desk.visit, scheduled_time=f"{desk.day}T14:00:00"),
    "another doctor": lambda desk: desk.calendar.change_and_read(
        desk.visit, doctor=desk.calendar.add_colleague().pk, exam_room=2
    ),
    "deleted": lambda desk: desk.calendar.http.delete(f"/api/appointments/{desk.visit['id']}"),
    "deleted in the other API": lambda desk: (
        make_api_user(desk.calendar.clinic.practice)
        .client()
        .delete(f"/api/v1/appointments/{desk.visit['id']}")
    ),
    "missed": lambda desk: posted(desk.browser, f"/visits/{desk.visit['id']}/status", status="No Show"),
    "the patient is deleted": lambda desk: send(desk.browser, f"/patients/{desk.calendar.patient_id}/delete"),
}


@pytest.mark.parametrize("how", FREEING)
def test_a_time_is_freed(desk: Desk, how: str) -> None:
    desk.wait("Grace")
    FREEING[how](desk)
    assert desk.list_offered() == ["Grace"]


def test_nothing_is_noted_where_nobody_waits_or_nothing_is_freed(desk: Desk) -> None:
    desk.cancel()
    desk.wait("Grace")
    second = desk.calendar.book(f"{desk.day}T10:00:00")
    desk.calendar.change_and_read(second, exam_room=2, notes="Bring the letter", status="Confirmed")
    past = desk.calendar.book("2026-03-10T09:00:00")
    desk.calendar.change_and_read(past, status="Cancelled")
    desk.calendar.change_and_read(
        desk.calendar.book(f"{desk.day}T12:00:00", patient=None), status="Cancelled"
    )
    with tenancy.within(desk.calendar.clinic.id):
        assert not FreedSlot.objects.exists()


def test_a_freed_time_is_booked_with_one_click_and_undone(desk: Desk) -> None:
    first, second = desk.wait("Grace", duration="20"), desk.wait("Hedy")
    desk.cancel()
    page = desk.browser.get(f"/day?date={desk.day}").text
    grace, hedy = re.findall(r'action="(/waiting-list/\d+/book/\d+)"', page)
    back = f"/day?date={desk.day}"
    assert posted(desk.browser, grace, back=back).headers["Location"] == back
    booked = desk.get_booked(first)
    assert booked is not None
    shown = desk.calendar.read_appointment(str(booked.pk))
    assert (shown["scheduled_time"], shown["duration"], shown["exam_room"]) == (f"{desk.day}T09:00:00", 20, 1)
    assert desk.list_offered() == []
    assert desk.list_waiting() == ["Hedy"]
    posted(desk.browser, hedy)
    refused = desk.browser.get("/waiting-list").text
    assert "This overlaps with Grace" in refused, "somebody else was quicker"
    assert desk.get_booked(second) is None
    posted(desk.browser, grace)
    assert desk.get_booked(first) == booked, "sent twice, booked once"
    where = f"/waiting-list/{first}/undo"
    assert posted(desk.browser, where).status_code == 302
    assert desk.get_booked(first) is None
    assert desk.list_offered() == ["Grace", "Hedy"]
    posted(desk.browser, f"/freed-slots/{grace.rsplit('/', 1)[1]}/dismiss")
    assert desk.list_offered() == []


def test_the_undo_of_the_message_puts_the_patient_back_on_the_list(desk: Desk) -> None:
    entry = desk.wait("Grace")
    desk.cancel()
    (address,) = re.findall(
        r'action="(/waiting-list/\d+/book/\d+)"', desk.browser.get(f"/day?date={desk.day}").text
    )
    posted(desk.browser, address)
    page = desk.browser.get("/waiting-list").text
    assert "Grace booked: Mon" in page
    where, values = read_undo(page)
    assert desk.browser.post(where, data=values).status_code == 302
    assert desk.get_booked(entry) is None
    assert desk.list_waiting() == ["Grace"]


def test_an_entry_is_booked_through_the_booking_page(desk: Desk) -> None:
    profile = desk.calendar.new(
        "appointment_profiles", name="Physical", color="#112233", duration=40, reason="Physical", online_scheduling=True
    )["id"]  # fmt: skip
    entry = desk.wait("Grace", duration="40", profile=str(profile))
    with tenancy.within(desk.calendar.clinic.id):
        patient = WaitingListEntry.objects.get(pk=entry).patient_id
    address = f"/book/{patient}?waiting={entry}"
    with bounded_queries():
        page = desk.browser.get(address).text
    assert f'name="waiting" value="{entry}"' in page
    assert 'name="duration" value="40"' in page
    values = {"doctor": str(desk.calendar.doctor.pk), "office": str(desk.calendar.office.pk), "exam_room": "1",
              "scheduled_time": f"{desk.day}T15:00:00", "duration": "40"}  # fmt: skip
    assert send(desk.browser, address, **values).status_code == 302
    booked = desk.get_booked(entry)
    assert booked is not None
    assert booked.duration == 40
    assert desk.list_waiting() == []
    assert "Grace" in desk.browser.get("/waiting-list", params={"which": "booked"}).text


def test_who_was_booked_elsewhere_is_taken_off_the_list_and_put_back(desk: Desk) -> None:
    """By an API, as in the portal and on the calendar: the list says so, and the appointment's page takes them off."""
    entry, other = desk.wait("Grace"), desk.wait("Hedy")
    with tenancy.within(desk.calendar.clinic.id):
        patient = WaitingListEntry.objects.get(pk=entry).patient_id
    before = desk.browser.get("/waiting-list").text
    assert "Booked " not in before
    visit = desk.calendar.book(f"{desk.day}T15:00:00", patient=patient)
    with bounded_queries():
        page = desk.browser.get("/waiting-list").text
    assert re.findall(r'<a href="/appointments/(\d+)">Booked Mon [^<]+3:00 PM</a>', page) == [visit["id"]]
    assert page.count(">Book</a>") == 1, "the other one"
    address = f"/appointments/{visit['id']}"
    with bounded_queries():
        page = desk.browser.get(address).text
    assert "Any provider, 30 min · Any time" in page
    assert posted(desk.browser, f"/waiting-list/{other}/off/{visit['id']}").status_code == 404
    assert posted(desk.browser, f"/waiting-list/{entry}/off/{visit['id']}").status_code == 302
    page = desk.browser.get(address).text
    assert "On the waiting list" not in page
    where, values = read_undo(page)
    assert desk.get_booked(entry) is not None
    assert desk.list_waiting() == ["Hedy"]
    posted(desk.browser, f"/waiting-list/{entry}/off/{visit['id']}")
    assert "off the waiting list already" in desk.browser.get(address).text
    desk.browser.post(where, data=values)
    assert desk.get_booked(entry) is None
    assert desk.list_waiting() == ["Grace", "Hedy"]
    assert desk.calendar.read_appointment(visit["id"])["status"] != "Cancelled", "the appointment stays"
    desk.calendar.change_and_read(visit, status="Cancelled")
    assert "On the waiting list" not in desk.browser.get(address).text
    assert "Booked " not in desk.browser.get("/waiting-list").text


def test_what_a_patient_waits_for_is_changed_and_the_patient_taken_off(desk: Desk) -> None:
    entry = desk.wait("Grace", week_days="0")
    address = f"/waiting-list/{entry}"
    with bounded_queries():
        assert "Waiting list · Grace" in desk.browser.get(address).text
    assert send(desk.browser, address, duration="45", priority="1", until="2026-01-01").status_code == 400
    assert send(desk.browser, address, duration="45", priority="1", week_days="2").status_code == 302
    page = desk.browser.get("/waiting-list").text
    for words in ("Wed", "45 min", "Urgent"):
        assert words in page, words
    assert "off the waiting list?" in desk.browser.get(f"{address}/remove").text
    assert posted(desk.browser, f"{address}/remove").status_code == 302
    assert desk.list_waiting() == []
    nobody = send(desk.browser, "/waiting-list/new", patient_name="", duration="30", priority="2")
    assert (nobody.status_code, "Enter a patient." in nobody.text) == (400, True)


def test_patients_who_die_or_are_deleted_leave_the_waiting_list(desk: Desk) -> None:
    entry = desk.wait("Grace")
    with tenancy.within(desk.calendar.clinic.id):
        patient = WaitingListEntry.objects.get(pk=entry).patient_id
    desk.cancel()
    assert desk.list_offered() == ["Grace"]

    def write(status: str) -> None:
        assert desk.calendar.patch(patient, patient_status=status).status_code == 204

    write("D")
    assert (desk.list_offered(), desk.list_waiting()) == ([], [])
    refused = send(
        desk.browser, f"/waiting-list/new?patient={patient}", patient=str(patient), patient_name="",
        duration="30", priority="2",
    )  # fmt: skip
    assert refused.status_code == 400
    write("A")
    assert (desk.list_offered(), desk.list_waiting()) == (["Grace"], ["Grace"])
    send(desk.browser, f"/patients/{patient}/delete")
    assert (desk.list_offered(), desk.list_waiting()) == ([], [])
    send(desk.browser, f"/patients/deleted/{patient}")
    assert (desk.list_offered(), desk.list_waiting()) == (["Grace"], ["Grace"])


def test_a_merge_moves_the_entries_of_the_waiting_list(desk: Desk) -> None:
    entry = desk.wait("Grace")
    kept = desk.add_patient("Gracie")
    with tenancy.within(desk.calendar.clinic.id):
        patient = WaitingListEntry.objects.get(pk=entry).patient_id
    send(desk.browser, f"/patients/{kept}/merge/{patient}")
    assert desk.list_waiting() == ["Gracie"]


def test_the_waiting_list_needs_the_permission_of_the_schedule_and_shows_no_other_practice(
    desk: Desk,
) -> None:
    entry = desk.wait("Grace")
    front = make_user(desk.calendar.clinic.practice, password=PASSWORD, permissions=PRESETS["Front desk"])
    assert "Grace" in open_signed_in_browser(front.username).get("/waiting-list").text
    nobody = make_user(desk.calendar.clinic.practice, password=PASSWORD, permissions=["Manage Patients"])
    there = open_signed_in_browser(nobody.username)
    for address in ("/waiting-list", "/waiting-list/new", f"/waiting-list/{entry}"):
        assert there.get(address).status_code == 403, address
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    stranger = open_signed_in_browser(clinic.user.username)
    Calendar(clinic=clinic)
    assert "Grace" not in stranger.get("/waiting-list").text
    assert stranger.get(f"/waiting-list/{entry}").status_code == 404
    desk.cancel()
    with tenancy.within(desk.calendar.clinic.id):
        slot = FreedSlot.objects.get().pk
    assert posted(stranger, f"/waiting-list/{entry}/book/{slot}").status_code == 404
    assert posted(stranger, f"/freed-slots/{slot}/dismiss").status_code == 404
