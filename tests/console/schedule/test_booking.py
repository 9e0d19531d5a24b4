"""Booking on one page, the next free slot, the preview of a series, and the page of an appointment."""

import re
from typing import Any

import httpx
import pytest

from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import DoctorWorkSchedule
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.identity import tenancy
from charthouse.identity.permission_presets import PRESETS
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user

MONDAY = "2044-03-07"


@pytest.fixture
def calendar(clinic: Clinic) -> Calendar:
    made = Calendar(clinic=clinic)
    work = [
        {"iso_weekday": day, "work_hours": [{"start_time": "09:00", "end_time": "12:00"}]}
        for day in range(1, 6)
    ]
    with tenancy.within(clinic.id):
        DoctorWorkSchedule.objects.create(practice=clinic.practice, doctor=made.doctor, work_days=work)
        Patient.objects.filter(pk=made.patient_id).update(last_name="Lee")
    return made


def values(calendar: Calendar, **changed: Any) -> dict[str, str]:
    usual = {
        "doctor": calendar.doctor.pk, "office": calendar.office.pk, "exam_room": 1,
        "scheduled_time": f"{MONDAY}T09:00", "duration": 30,
    }  # fmt: skip
    return {name: str(value) for name, value in (usual | changed).items()}


def count(calendar: Calendar) -> int:
    with tenancy.within(calendar.clinic.id):
        return Appointment.objects.filter(practice=calendar.clinic.id).count()


def test_patients_are_chosen_while_typing(calendar: Calendar, browser: httpx.Client) -> None:
    with bounded_queries():
        (found,) = browser.get("/book/patients", params={"q": "lee"}).json()["choices"]
    assert (found["value"], found["fills"]) == ("Lee, Ada", {"patient": str(calendar.patient_id)})
    assert browser.get("/book/patients", params={"q": ""}).json()["choices"] == []


def test_the_patient_of_the_form(calendar: Calendar, browser: httpx.Client) -> None:
    """Who was chosen counts as long as the name says so; a name that fits one patient is enough."""
    with tenancy.within(calendar.clinic.id):
        who = {"practice": calendar.clinic.practice, "doctor": calendar.doctor, "gender": "Female"}
        other = Patient.objects.create(first_name="Bo", last_name="Leeds", **who)
    for name, row, status in (
        ("", "", 400), ("lee", "", 400), ("nobody", "", 400), ("nobody", str(calendar.patient_id), 400),
        ("Leeds", "", 302), ("Lee, Ada", str(calendar.patient_id), 302), ("Leeds, Bo", "999999999", 302),
        ("x", "9" * 30, 400),
    ):  # fmt: skip
        sent = values(calendar, scheduled_time=f"{MONDAY}T{9 + count(calendar):02}:00")
        answer = send(browser, "/book", patient_name=name, patient=row, **sent)
        assert answer.status_code == status, (name, row)
        if status == 400:
            assert f'value="{name}"' in answer.text
            assert "patient" in answer.text
    with tenancy.within(calendar.clinic.id):
        rows = Appointment.objects.filter(practice=calendar.clinic.id).order_by("scheduled_time")
        assert [one.patient_id for one in rows] == [other.pk, calendar.patient_id, other.pk]


def test_a_form_that_is_sent_twice_books_once(calendar: Calendar, browser: httpx.Client) -> None:
    page = browser.get("/book").text
    token = re.search(r'name="submission" value="([^"]+)"', page)
    assert token is not None
    sent = values(calendar, patient_name="lee ada", submission=token[1])
    first = send(browser, "/book", **sent)
    assert "Ada Lee booked: Mon Mar 7, 9:00 AM." in browser.get(first.headers["Location"]).text
    second = send(browser, "/book", **sent)
    assert first.headers["Location"] == second.headers["Location"]
    assert count(calendar) == 1


def test_the_next_free_slot(calendar: Calendar, browser: httpx.Client) -> None:
    """In the provider's hours, after the time that the form shows, with a room that is free."""

    def find(**changed: Any) -> dict[str, str]:
        asked = {
            "doctor": calendar.doctor.pk,
            "office": calendar.office.pk,
            "duration": 30,
            "after": f"{MONDAY}T08:00",
        }
        with bounded_queries():
            found: dict[str, str] = browser.get("/book/next", params=asked | changed).json()
        return found

    assert find() == {"time": f"{MONDAY}T09:00", "words": "Mon Mar 7, 9:00 AM", "room": "1"}
    calendar.book(f"{MONDAY}T09:00:00", duration=60)
    assert find()["time"] == f"{MONDAY}T10:00"
    assert find(duration=150)["time"] == "2044-03-08T09:00", "as long as it must be"
    assert find(after=f"{MONDAY}T10:07")["time"] == f"{MONDAY}T10:10"
    assert find(after="2044-03-11T11:45")["time"] == "2044-03-14T09:00", "after the weekend"
    assert "no free 600 minutes" in find(duration=600)["detail"]
    for wrong in (
        {"doctor": "x"},
        {"doctor": "9" * 30},
        {"after": ""},
        {"after": "9999-12-31T00:00"},
        {"office": "99999"},
    ):
        assert "detail" in find(**wrong)


def test_the_dates_of_a_series_with_what_is_in_their_way(calendar: Calendar, browser: httpx.Client) -> None:
    calendar.book("2044-03-14T09:15:00")
    asked: dict[str, Any] = values(calendar, recur_end_date="2044-03-28", recurs_every=1)
    asked["recurring_days"] = ["0", "5"]
    with bounded_queries():
        found = browser.get("/book/series", params=asked).json()
    assert (found["count"], found["conflicts"]) == (7, 4)
    assert [(one["words"], one["conflict"]) for one in found["dates"][:4]] == [
        ("Mon Mar 7, 2044", ""), ("Sat Mar 12, 2044", "Closed"), ("Mon Mar 14, 2044", "Ada Lee"),
        ("Sat Mar 19, 2044", "Closed"),
    ]  # fmt: skip
    for changed in (
        {"recurring_days": []},
        {"recur_end_date": "x"},
        {"recurs_every": "99"},
        {"recur_end_date": "2099-01-01"},
    ):
        assert browser.get("/book/series", params=asked | changed).json()["dates"] == []


def test_week_days_are_chips(calendar: Calendar, browser: httpx.Client) -> None:
    sent: dict[str, Any] = values(
        calendar, patient_name="lee ada", recur_end_date="2044-03-16", recurs_every=1
    )
    sent["recurring_days"] = ["0", "2"]
    answer = send(browser, "/book", **sent)
    assert answer.status_code == 302, answer.text[-2000:]
    assert count(calendar) == 4


def test_an_appointment_is_edited_by_two_people(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{MONDAY}T09:00:00", reason="Cough")
    address = f"/appointments/{visit['id']}/edit"
    page = browser.get(address).text
    originals = dict(re.findall(r'name="(was\.[^"]+)" value="([^"]*)"', page))
    mine = {name.removeprefix("was."): value for name, value in originals.items()}
    calendar.change_and_read(visit, notes="Bring papers", duration=45)
    answer = send(browser, address, **originals, **mine | {"reason": "Fever"})
    assert answer.status_code == 302, answer.text[-3000:]
    shown = calendar.read_appointment(visit)
    assert (shown["reason"], shown["notes"], shown["duration"]) == ("Fever", "Bring papers", 45)
    conflict = send(browser, address, **originals, **mine | {"duration": "60"})
    assert conflict.status_code == 409
    assert "while you were editing" in conflict.text
    assert calendar.read_appointment(visit)["duration"] == 45
    with bounded_queries():
        page = browser.get(f"/appointments/{visit['id']}").text
    for words in (
        "Monday, March 7, 2044, 9:00 AM",
        "45 min",
        "Fever",
        "Bring papers",
        "Room 1",
        "Main Street",
    ):
        assert words in page, words


def test_a_series_is_edited_from_one_of_its_appointments(calendar: Calendar, browser: httpx.Client) -> None:
    first = calendar.book(
        f"{MONDAY}T09:00:00", recur_end_date="2044-03-28", recurs_every=1, recurring_days=[0], reason="Cough"
    )
    with tenancy.within(calendar.clinic.id):
        rows = Appointment.objects.filter(practice=calendar.clinic.id).order_by("scheduled_time")
        ids = list(rows.values_list("pk", flat=True))
    assert len(ids) == 4
    assert ids[0] == int(first["id"])

    def edit(row: int, scope: str, **changed: str) -> httpx.Response:
        address = f"/appointments/{row}/edit"
        page = browser.get(address).text
        originals = dict(re.findall(r'name="(was\.[^"]+)" value="([^"]*)"', page))
        own = {name.removeprefix("was."): value for name, value in originals.items()}
        return send(browser, address, scope=scope, **originals, **own | changed)

    def read() -> list[tuple[str, str]]:
        shown = [calendar.read_appointment({"id": row}) for row in ids]
        return [(one["scheduled_time"][5:16], one["reason"]) for one in shown]

    assert edit(ids[1], "one", reason="Fever").status_code == 302
    calendar.change_and_read({"id": ids[3]}, status="Cancelled")
    moved = edit(ids[1], "following", scheduled_time="2044-03-15T10:00")
    assert moved.status_code == 302
    assert "2 appointments of the series" in browser.get(moved.headers["Location"]).text
    expected = [
        ("03-07T09:00", "Cough"),
        ("03-15T10:00", "Fever"),
        ("03-22T10:00", "Cough"),
        ("03-28T09:00", "Cough"),
    ]
    assert read() == expected
    assert edit(ids[2], "all", reason="Control").status_code == 302
    expected = [(at, "Control" if number < 3 else reason) for number, (at, reason) in enumerate(expected)]
    assert read() == expected
    calendar.book("2044-03-22T11:00:00", reason="Taken", exam_room=1)
    refused = edit(ids[1], "following", scheduled_time="2044-03-15T11:00")
    assert refused.status_code == 409
    assert "Tue Mar 22, 2044" in refused.text
    assert 'value="following" checked' in refused.text
    assert read() == expected


def test_a_day_in_columns_and_colors_by_type(calendar: Calendar, browser: httpx.Client) -> None:
    with tenancy.within(calendar.clinic.id):
        kind = AppointmentProfile.objects.create(
            practice=calendar.clinic.practice,
            doctor=calendar.doctor,
            name="Physical",
            color="#FFCC00",
            duration=30,
        )
    calendar.book(f"{MONDAY}T09:00:00", profile=kind.pk)
    with bounded_queries():
        page = browser.get(f"/calendar?date={MONDAY}&by=room&color=type").text
    assert '{"key": "2", "name": "Room 2"}' in page
    assert 'fill="#ffcc00"' in page
    assert re.search(r'href="\?[^"]*by=room[^"]*date=2044-03-08"', page)
    asked = {"start": MONDAY, "end": MONDAY, "office": str(calendar.office.pk), "color": "type"}
    (event,) = browser.get("/calendar/events", params=asked).json()
    assert (event["backgroundColor"], event["textColor"]) == ("#ffcc00", "#000000")
    (event,) = browser.get("/calendar/events", params=asked | {"color": "x"}).json()
    assert "backgroundColor" not in event


def test_appointments_of_another_practice_are_not_found(calendar: Calendar) -> None:
    visit = calendar.book(f"{MONDAY}T09:00:00")
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    there = open_signed_in_browser(clinic.user.username)
    for address in (f"/appointments/{visit['id']}", f"/appointments/{visit['id']}/edit"):
        assert there.get(address).status_code == 404
    assert there.get("/book/patients", params={"q": "lee"}).json()["choices"] == []
    asked = {"doctor": calendar.doctor.pk, "after": f"{MONDAY}T08:00"}
    assert "time" not in there.get("/book/next", params=asked).json()


def test_a_type_that_every_doctor_has_is_offered_once(calendar: Calendar, browser: httpx.Client) -> None:
    """Also to a front desk. What is booked has the profile of the doctor who is booked."""
    other, practice = calendar.add_colleague(), calendar.clinic.practice
    practice.sharing = [*practice.sharing, "share_appointment_profiles"]
    practice.save()
    desk = make_user(practice, password=PASSWORD, permissions=PRESETS["Front desk"])
    with tenancy.within(calendar.clinic.id):
        mine, theirs = (
            AppointmentProfile.objects.create(
                practice=calendar.clinic.practice,
                doctor=doctor,
                name="Physical",
                duration=40,
                color="#112233",
            ).pk
            for doctor in (calendar.doctor, other)
        )
    address = f"/book/{calendar.patient_id}"
    page = browser.get(address).text
    assert page.count(">Physical</option>") == 1
    assert open_signed_in_browser(desk.username).get("/book").text.count(">Physical</option>") == 1
    assert browser.get("/waiting-list/new").text.count(">Physical</option>") == 1
    sent = {"office": str(calendar.office.pk), "exam_room": "1", "duration": "40", "profile": str(mine)}
    for doctor, kept, hour in ((other, theirs, 9), (calendar.doctor, mine, 11)):
        time = {"doctor": str(doctor.pk), "scheduled_time": f"{MONDAY}T{hour:02}:00"}
        assert send(browser, address, **sent, **time).status_code == 302
        with tenancy.within(calendar.clinic.id):
            made = Appointment.objects.latest("pk")
        assert (made.doctor_id, made.profile_id) == (doctor.pk, kept)
    page = browser.get(f"/appointments/{made.pk - 1}/edit").text
    assert f'<option value="{theirs}" selected>Physical</option>' in page
    assert page.count(">Physical</option>") == 1
