"""The day, the calendar and booking follow the rules of the API's appointments."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from charthouse.identity.permission_presets import PRESETS
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar, make_office
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_doctor, make_practice, make_user

DAY = "2026-03-10"


def posted(browser: httpx.Client, address: str, **values: str) -> httpx.Response:
    token = parse_hidden_fields(browser.get("/day"))["csrfmiddlewaretoken"]
    return browser.post(address, data={"csrfmiddlewaretoken": token, **values})


def test_today_shows_visits_by_status_in_the_offices_time_zone(
    calendar: Calendar, browser: httpx.Client
) -> None:
    calendar.book(f"{DAY}T09:00:00", reason="Cough", status="Complete")
    calendar.book(f"{DAY}T23:30:00", exam_room=2)
    calendar.book("2026-03-11T00:30:00")
    calendar.book(f"{DAY}T12:00:00", patient=None)
    for hour in range(13, 19):
        calendar.book(f"{DAY}T{hour}:00:00")
    with bounded_queries():
        page = browser.get("/day", params={"date": DAY}).text
    assert "Tuesday, March 10, 2026" in page
    assert "8 visits" in page
    assert "9:00 AM" in page
    assert "11:30 PM" in page
    assert "12:30 AM" not in page, "that is the next day"
    assert (
        page.index("Scheduled <") < page.index("1:00 PM") < page.index("Checked out <") < page.index("Cough")
    )
    assert "Cough" not in browser.get("/day", params={"date": DAY, "status": "scheduled"}).text
    for query in ({"date": "nonsense", "office": "x", "doctor": "-1"}, {"status": "x"}):
        assert browser.get("/day", params=query).status_code == 200


def test_a_practice_without_an_office(clinic: Clinic, browser: httpx.Client) -> None:
    for address in ("/day", "/calendar"):
        assert "No offices yet." in browser.get(address).text
    assert browser.get("/book/0").status_code == 404


def read_undo(page: str) -> tuple[str, dict[str, str]]:
    """The address and the values of the undo of the last message."""
    (form,) = re.findall(
        r'<form method="post" action="([^"]+)">((?:(?!</form>).)*data-undo)', page, re.DOTALL
    )
    return form[0], {
        name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1])
    }


def test_waiting_times_and_undo(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    address = f"/visits/{visit['id']}/status"
    for status in ("Arrived", "Checked In"):
        answer = posted(browser, address, status=status, back="/day?date=2026-03-10")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/day?date=2026-03-10")
    with clock.shift(timedelta(minutes=25)):
        page = open_signed_in_browser(calendar.clinic.user.username).get("/day", params={"date": DAY}).text
    assert "25 min" in page
    assert "waited-long" in page
    assert "To room" in page
    room = address.replace("/status", "/room")
    for back in ("sign-out", "a:b", "9" * 26, "\0", "?x", "account/"):
        for where in (address, room):
            assert posted(browser, where, status=status, back=back).headers["Location"] == "/day", back
    away = posted(browser, address, status="Complete", back="https://evil.example/")
    assert away.headers["Location"] == "/day"
    said = browser.get("/day", params={"date": DAY}).text
    assert "Ada: Complete." in said
    where, values = read_undo(said)
    assert browser.post(where, data=values).status_code == 302
    assert calendar.read_appointment(visit)["status"] == "Checked In"
    steps = [item["to_status"] for item in calendar.read_appointment(visit)["status_transitions"]]
    assert steps[-3:] == ["Checked In", "Complete", "Checked In"]


def test_the_wait_begins_anew_when_an_arrival_was_a_mistake(
    calendar: Calendar, browser: httpx.Client
) -> None:
    visit = calendar.book(f"{DAY}T09:00:00", status="Arrived")
    with clock.shift(timedelta(minutes=40)):
        for status in ("Confirmed", "Arrived"):
            calendar.change_and_read(visit, status=status)
        page = open_signed_in_browser(calendar.clinic.user.username).get("/day", params={"date": DAY}).text
    assert "40 min" not in page
    assert "0 min" in page


def test_check_in_shows_what_is_owed_and_missing(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(copay="25.00", cell_phone="3035550142")
    address = f"/visits/{visit['id']}/check-in"
    with bounded_queries():
        page = browser.get(address, params={"back": "/day?date=2026-03-10"}).text
    for words in ("Not recorded", "$25.00", "Nothing owed", "Nothing to sign", "Missing: DOB, address"):
        assert words in page, words
    values = parse_hidden_fields(browser.get(address, params={"back": "/day?date=2026-03-10"}))
    assert browser.post(address, data=values).headers["Location"] == "/day?date=2026-03-10"
    assert calendar.read_appointment(visit)["status"] == "Checked In"
    assert (
        browser.get(f"/visits/{calendar.book(f'{DAY}T12:00:00', patient=None)['id']}/check-in").status_code
        == 404
    )


def test_a_cancellation_has_a_reason(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    address = f"/visits/{visit['id']}/cancel"
    assert "Choose or enter a reason." in posted(browser, address).text
    assert calendar.read_appointment(visit)["status"] == ""
    assert posted(browser, address, reason="Weather", back="/day").status_code == 302
    shown = calendar.read_appointment(visit)
    assert (shown["status"], shown["status_transitions"][-1]["reason"]) == ("Cancelled", "Weather")
    page = browser.get("/day", params={"date": DAY}).text
    assert "is cancelled: Weather." in page
    calendar.book(f"{DAY}T09:00:00")
    where, values = read_undo(page)
    browser.post(where, data=values)
    assert calendar.read_appointment(visit)["status"] == "Cancelled", "somebody else has the time now"
    assert "overlaps" in browser.get("/day").text


def test_a_room_is_chosen_and_a_taken_one_is_refused(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    other = make_doctor(calendar.clinic.practice)
    calendar.book(f"{DAY}T09:00:00", exam_room=2, doctor=other.pk)
    address = f"/visits/{visit['id']}/room"
    posted(browser, address, exam_room="2")
    assert calendar.read_appointment(visit)["exam_room"] == 1
    calendar.change_and_read(visit, scheduled_time=f"{DAY}T10:00:00")
    posted(browser, address, exam_room="2")
    assert calendar.read_appointment(visit)["exam_room"] == 2
    assert "moved to Room 2" in browser.get("/day").text
    posted(browser, address, exam_room="\N{ARABIC-INDIC DIGIT SEVEN}")
    assert calendar.read_appointment(visit)["exam_room"] == 2


def test_a_front_desk_books_and_receives_without_clinical_or_billing_permissions(
    calendar: Calendar, clinic: Clinic
) -> None:
    person = make_user(clinic.practice, password=PASSWORD, permissions=PRESETS["Front desk"])
    there = open_signed_in_browser(person.username)
    visit = calendar.book(f"{DAY}T09:00:00")
    for address in ("/day", "/calendar", "/book", f"/book/{calendar.patient_id}"):
        with bounded_queries():
            assert there.get(address, params={"date": DAY}).status_code == 200, address
    assert f'href="/visits/{visit["id"]}"' not in there.get("/day", params={"date": DAY}).text
    assert there.get(f"/visits/{visit['id']}").status_code == 403
    for address in (f"/appointments/{visit['id']}", f"/appointments/{visit['id']}/edit"):
        with bounded_queries():
            assert there.get(address).status_code == 200, address
    posted(there, f"/visits/{visit['id']}/check-in")
    assert calendar.read_appointment(visit)["status"] == "Checked In"
    values = {"doctor": str(calendar.doctor.pk), "office": str(calendar.office.pk), "exam_room": "1",
              "scheduled_time": f"{DAY}T15:00:00", "duration": "30"}  # fmt: skip
    assert send(there, f"/book/{calendar.patient_id}", **values).status_code == 302
    nobody = make_user(clinic.practice, password=PASSWORD, permissions=PRESETS["Physician"][:2])
    assert open_signed_in_browser(nobody.username).get("/day").status_code == 403


def events(browser: httpx.Client, **values: Any) -> httpx.Response:
    return browser.get(
        "/calendar/events", params={"start": "2026-03-08T00:00:00Z", "end": "2026-03-15", **values}
    )


def test_the_calendar_loads_a_week(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00", reason="Cough")
    calendar.book(f"{DAY}T12:00:00", patient=None)
    with bounded_queries():
        found = events(browser).json()
    assert [(one["title"], one["start"], one["end"]) for one in found] == [
        ("Ada · Cough", f"{DAY}T09:00:00", f"{DAY}T09:30:00"),
        ("Blocked", f"{DAY}T12:00:00", f"{DAY}T12:30:00"),
    ]
    assert found[0]["url"] == f"/appointments/{visit['id']}"
    assert events(browser, start="x").status_code == 400
    assert events(browser, start="0001-01-01", end="9999-12-31").json() == [], "bounded"
    page = browser.get("/calendar")
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]


def test_a_visit_over_midnight_is_on_both_days(calendar: Calendar, browser: httpx.Client) -> None:
    calendar.book(f"{DAY}T23:45:00", duration=60, reason="Sleep study")
    calendar.book(
        f"{DAY}T22:00:00", duration=120, reason="Until midnight", exam_room=2, allow_overlapping=True
    )
    for day in (DAY, "2026-03-11"):
        assert "Sleep study" in browser.get("/day", params={"date": day}).text
    assert "Until midnight" not in browser.get("/day", params={"date": "2026-03-11"}).text
    assert "Sleep study" not in browser.get("/day", params={"date": "2026-03-12"}).text
    found = events(browser, start="2026-03-11T00:00:00Z", end="2026-03-12").json()
    assert [one["end"] for one in found] == ["2026-03-11T00:45:00"]


def test_a_dragged_appointment_is_moved_or_refused(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    calendar.book(f"{DAY}T11:00:00")
    address = f"/visits/{visit['id']}/move"
    assert posted(browser, address, scheduled_time=f"{DAY}T10:00:00", duration="45").json() == {}
    moved = calendar.read_appointment(visit)
    assert (moved["scheduled_time"], moved["duration"]) == (f"{DAY}T10:00:00", 45)
    taken = posted(browser, address, scheduled_time=f"{DAY}T11:00:00")
    named = "This overlaps with Ada: Tue Mar 10, 11:00 AM to 11:30 AM, "
    assert taken.json()["detail"].startswith(named), taken.json()
    assert taken.json()["detail"].endswith(", room 1.")
    assert posted(browser, address, scheduled_time="never").json()["detail"]
    assert calendar.read_appointment(visit) == moved
    other = Calendar(clinic=make_practice()).book(f"{DAY}T09:00:00")
    assert posted(browser, f"/visits/{other['id']}/move", duration="5").status_code == 404


def test_booking(calendar: Calendar, browser: httpx.Client) -> None:
    office = str(calendar.office.pk)
    with bounded_queries():
        page = browser.get("/book", params={"office": office, "time": f"{DAY}T14:00:00"})
    assert f'value="{DAY}T14:00"' in page.text
    address = f"/book/{calendar.patient_id}?office={office}&time={DAY}T14%3A00%3A00"
    with bounded_queries():
        form = browser.get(address)
    assert f'value="{DAY}T14:00"' in form.text
    values = parse_hidden_fields(form) | {
        "doctor": str(calendar.doctor.pk),
        "office": office,
        "exam_room": "1",
        "scheduled_time": f"{DAY}T14:00",
        "duration": "30",
        "reason": "Cough",
    }
    made = browser.post(address, data=values)
    assert made.status_code == 302
    again = browser.post(address, data=values | {"submission": ""})
    assert again.status_code == 409
    assert "overlaps" in again.text
    assert "Cough" in again.text, "nothing that was typed is lost"
    wrong = browser.post(address, data=values | {"submission": "", "exam_room": "9", "duration": "0"})
    assert wrong.status_code == 400
    with tenancy.within(calendar.clinic.id):
        row = Appointment.objects.get(practice=calendar.clinic.id)
    assert (row.patient_id, row.created_by_id) == (calendar.patient_id, calendar.clinic.user.pk)


def test_a_series_and_a_break(calendar: Calendar, browser: httpx.Client) -> None:
    values = {
        "doctor": str(calendar.doctor.pk), "office": str(calendar.office.pk), "exam_room": "1", "duration": "30",
    }  # fmt: skip
    weekly = values | {
        "scheduled_time": f"{DAY}T09:00",
        "recur_end_date": "2026-03-31",
        "recurring_days": "1",
    }
    assert send(browser, f"/book/{calendar.patient_id}", **weekly).status_code == 302
    assert (
        send(
            browser,
            "/book/0",
            **values,
            scheduled_time=f"{DAY}T12:00",
            block_end=f"{DAY}T12:30",
            reason="Lunch",
        ).status_code
        == 302
    )
    with tenancy.within(calendar.clinic.id):
        rows = list(Appointment.objects.filter(practice=calendar.clinic.id).order_by("scheduled_time"))
    assert [row.patient_id is None for row in rows] == [False, True, False, False, False]
    with bounded_queries():
        assert "Blocked time" in browser.get(f"/appointments/{rows[1].pk}").text
    assert "4 appointments" in browser.get(f"/appointments/{rows[0].pk}").text


def test_an_appointment_is_deleted_after_confirmation(calendar: Calendar, browser: httpx.Client) -> None:
    visit = calendar.book(f"{DAY}T09:00:00")
    address = f"/visits/{visit['id']}/delete"
    assert "Delete this appointment?" in browser.get(address).text
    assert posted(browser, address).status_code == 302
    assert calendar.http.get(f"/api/appointments/{visit['id']}").json()["deleted_flag"] is True


def test_the_calendar_needs_its_permissions(calendar: Calendar) -> None:
    person = make_user(calendar.clinic.practice, password=PASSWORD, permissions=["Manage Patients"])
    there = open_signed_in_browser(person.username)
    for address in ("/day", "/calendar", "/calendar/events", "/book"):
        assert there.get(address).status_code == 403


def test_the_day_of_a_big_office_is_bounded(calendar: Calendar, browser: httpx.Client) -> None:
    make_office(calendar.doctor)
    start = datetime.fromisoformat(f"{DAY}T14:00:00+00:00")
    with tenancy.within(calendar.clinic.id):
        Appointment.objects.bulk_create(
            Appointment(
                practice=calendar.clinic.practice, doctor=calendar.doctor, office=calendar.office, exam_room=1,
                patient_id=calendar.patient_id, duration=1, scheduled_time=start, status="Arrived",
            )
            for _ in range(300)
        )  # fmt: skip
    with bounded_queries():
        assert browser.get("/day", params={"date": DAY}).text.count("flow-line") == 300
