"""Booking and overlaps: docs/decisions/0030-what-overlaps.md."""

from typing import Any

import pytest

from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.identity import tenancy
from tests.domains.caller import at_once
from tests.domains.scheduling.calendar import DAY, Calendar, make_office
from tests.support import client


def test_an_appointment_is_shown_as_it_was_booked(calendar: Calendar) -> None:
    made = calendar.book(reason="Cough", color="#aabbcc", notes="Bring films", is_walk_in=True)
    assert made["id"].isdigit()
    assert made == calendar.read_appointment(made)
    assert {name: made[name] for name in calendar.body()} == calendar.body()
    assert (made["reason"], made["color"], made["notes"], made["is_walk_in"]) == (
        "Cough",
        "#aabbcc",
        "Bring films",
        True,
    )
    assert (made["deleted_flag"], made["appt_is_break"], made["recurring_appointment"]) == (False,) * 3
    assert (made["cloned_from"], made["icd10_codes"], made["billing_notes"]) == (None, [], [])
    assert "clinical_note" not in calendar.list_appointments(date=DAY)[0]
    assert "reminder_profile" not in made


def test_the_same_room_at_overlapping_times_is_a_conflict(calendar: Calendar) -> None:
    first = calendar.book("2026-03-02T09:00:00", duration=60)
    for time, duration in (("08:45", 16), ("09:00", 60), ("09:30", 5), ("09:59", 1), ("08:00", 180)):
        response = calendar.try_to_book(f"{DAY}T{time}:00", duration=duration)
        assert (response.status_code, response.json()) == (
            409,
            {"detail": f"Appointment overlaps with {first['id']}"},
        )
    for time, duration in (("08:45", 15), ("10:00", 5)):
        assert calendar.try_to_book(f"{DAY}T{time}:00", duration=duration).status_code == 201


def test_a_list_that_overlaps_with_itself_names_no_id(calendar: Calendar) -> None:
    first = calendar.body("2026-03-02T09:00:00", duration=60)
    second = calendar.body("2026-03-02T09:30:00", duration=60)
    answer = calendar.post("appointments", [first, second])
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "Appointment overlaps with another one of this request"},
    )
    there = calendar.book("2026-03-02T09:45:00", duration=15)
    answer = calendar.post("appointments", [first, second])
    assert answer.json() == {"detail": f"Appointment overlaps with {there['id']}"}


def test_the_longest_appointment_is_seen_from_its_end(calendar: Calendar) -> None:
    calendar.book("2026-03-02T09:00:00", duration=1440)
    assert calendar.try_to_book("2026-03-03T08:59:00", duration=1).status_code == 409
    assert calendar.try_to_book("2026-03-03T09:00:00").status_code == 201
    assert calendar.try_to_book("2026-03-05T09:00:00", duration=1441).json() == {
        "duration": ["Ensure this value is less than or equal to 1440."]
    }


def test_another_room_is_free_even_for_the_same_doctor_and_a_room_is_taken_for_all(
    calendar: Calendar,
) -> None:
    calendar.book()
    other = calendar.add_colleague().pk
    assert calendar.try_to_book(exam_room=2).status_code == 201
    assert calendar.try_to_book(doctor=other).status_code == 409
    elsewhere = make_office(calendar.doctor)
    assert calendar.try_to_book(office=elsewhere.pk).status_code == 201


def test_a_break_takes_the_doctor_out_of_every_room(calendar: Calendar) -> None:
    lunch = calendar.book(f"{DAY}T12:00:00", patient=None, duration=60)
    assert (lunch["appt_is_break"], lunch["patient"]) == (True, None)
    assert calendar.try_to_book(f"{DAY}T12:30:00", exam_room=2).status_code == 409
    other = calendar.add_colleague().pk
    assert calendar.try_to_book(f"{DAY}T12:30:00", exam_room=2, doctor=other).status_code == 201
    calendar.book(f"{DAY}T15:00:00", exam_room=2)
    assert calendar.try_to_book(f"{DAY}T15:00:00", exam_room=1, patient=None).status_code == 409
    visit = calendar.book(f"{DAY}T15:00:00", exam_room=1)
    assert calendar.change(visit, patient=None).status_code == 409


def test_allow_overlapping_counts_for_the_new_appointment(calendar: Calendar) -> None:
    first = calendar.book()
    second = calendar.book(allow_overlapping=True)
    assert second["allow_overlapping"] is True
    assert calendar.try_to_book().status_code == 409
    assert calendar.change(second, reason="Twins").status_code == 204
    assert calendar.change(second, allow_overlapping=False).json() == {
        "detail": f"Appointment overlaps with {first['id']}"
    }


@pytest.mark.parametrize("status", FREEING_STATUSES)
def test_cancelled_visits_free_their_time(calendar: Calendar, status: str) -> None:
    first = calendar.book()
    assert calendar.change(first, status=status).status_code == 204
    second = calendar.book()
    taken_back = calendar.change(first, status="Confirmed")
    assert (taken_back.status_code, taken_back.json()["detail"]) == (
        409,
        f"Appointment overlaps with {second['id']}",
    )
    assert calendar.read_appointment(first)["status"] == status
    assert calendar.try_to_book(status=status).status_code == 201


def test_a_deleted_appointment_frees_its_time_and_stays_readable(calendar: Calendar) -> None:
    first = calendar.book()
    assert calendar.http.delete(f"/api/appointments/{first['id']}").status_code == 204
    assert calendar.http.delete(f"/api/appointments/{first['id']}").status_code == 204
    assert calendar.read_appointment(first)["deleted_flag"] is True
    second = calendar.book()
    assert [row["id"] for row in calendar.list_appointments(date=DAY)] == [second["id"]]
    assert [row["id"] for row in calendar.list_appointments(date=DAY, show_archived="true")] == [
        first["id"],
        second["id"],
    ]
    assert calendar.change(first, notes="Called to apologise").status_code == 204


def test_moving_into_another_one_is_a_conflict_and_changes_nothing(calendar: Calendar) -> None:
    first, second = calendar.book(), calendar.book(f"{DAY}T09:30:00")
    for change in ({"scheduled_time": f"{DAY}T09:10:00"}, {"scheduled_time": f"{DAY}T08:45:00"}):
        assert calendar.change(second, **change).status_code == 409
    assert calendar.change(first, duration=31).status_code == 409
    assert calendar.read_appointment(second) == second
    aside = calendar.book(exam_room=2)
    assert calendar.change(aside, exam_room=1).status_code == 409
    replaced = calendar.http.put(f"/api/appointments/{second['id']}", json=calendar.body())
    assert replaced.status_code == 409
    assert (
        calendar.change_and_read(second, scheduled_time=f"{DAY}T10:00:00")["scheduled_time"]
        == f"{DAY}T10:00:00"
    )
    assert calendar.change(first, duration=60).status_code == 204


def test_a_change_of_other_keys_is_not_checked_for_overlaps(calendar: Calendar) -> None:
    calendar.book()
    second = calendar.book(allow_overlapping=True)
    with tenancy.within(calendar.clinic.id):
        Appointment.objects.filter(pk=second["id"]).update(allow_overlapping=False)  # as an import leaves it
    shown = calendar.change_and_read(second, status="Arrived", notes="x", duration=30)
    assert (shown["status"], shown["notes"]) == ("Arrived", "x")
    assert calendar.change(second, scheduled_time=f"{DAY}T09:00:00").status_code == 204
    assert calendar.change(second, duration=31).status_code == 409


def test_a_list_is_booked_whole_or_not_at_all(calendar: Calendar) -> None:
    times = [f"{DAY}T{hour}:00:00" for hour in ("09", "10", "11")]
    made = calendar.post("appointments", [calendar.body(time) for time in times])
    assert [row["scheduled_time"] for row in made.json()] == times
    later = [calendar.body(time) for time in (f"{DAY}T14:00:00", f"{DAY}T14:10:00")]
    assert calendar.post("appointments", later).status_code == 409
    faulty = calendar.post("appointments", [later[0], later[1] | {"exam_room": 9}])
    assert (faulty.status_code, faulty.json()[0], list(faulty.json()[1])) == (400, {}, ["exam_room"])
    assert len(calendar.list_appointments(date=DAY)) == 3


def test_of_fifty_concurrent_bookings_exactly_one_succeeds(calendar: Calendar) -> None:
    """Each on a connection and a room clock of its own: same start, or overlapping it."""
    bodies = [calendar.body(f"{DAY}T09:{index % 20:02}:00") for index in range(50)]

    def book(index: int) -> tuple[int, Any]:
        response = client(calendar.token).post("/api/appointments", json=bodies[index])
        return response.status_code, response.json()

    answers = at_once(50, book)
    made = [answer for status, answer in answers if status == 201]
    assert sorted(status for status, _ in answers) == [201] + [409] * 49
    assert {answer["detail"] for status, answer in answers if status == 409} == {
        f"Appointment overlaps with {made[0]['id']}"
    }
    assert [row["id"] for row in calendar.list_appointments(date=DAY)] == [made[0]["id"]]


def test_concurrent_moves_and_bookings(calendar: Calendar) -> None:
    movable = [calendar.book(f"2026-03-{day:02}T09:00:00") for day in range(3, 13)]

    def take(index: int) -> int:
        caller = client(calendar.token)
        if index < 10:
            url = f"/api/appointments/{movable[index]['id']}"
            return caller.patch(url, json={"scheduled_time": f"{DAY}T09:00:00"}).status_code
        return caller.post("/api/appointments", json=calendar.body()).status_code

    statuses = at_once(20, take)
    assert sum(status in (201, 204) for status in statuses) == 1
    assert statuses.count(409) == 19


# -- values -------------------------------------------------------------------------------------------------------


def test_every_missing_key_is_named_at_once(calendar: Calendar) -> None:
    response = calendar.post("appointments", {})
    missing = ["doctor", "duration", "exam_room", "office", "patient", "scheduled_time"]
    assert response.json() == {name: ["This field is required."] for name in missing}


def test_the_exam_room_is_one_of_the_office(calendar: Calendar) -> None:
    wrong = {"exam_room": ["The office has no exam room of this index, or is closed."]}
    for room in (0, 3):
        assert calendar.try_to_book(exam_room=room).json() == wrong
    assert calendar.try_to_book(exam_room=-1).status_code == 400
    made = calendar.book()
    assert calendar.change(made, exam_room=3).json() == wrong
    assert calendar.change(made, office=make_office(calendar.doctor, rooms=0).pk).json() == wrong


@pytest.mark.parametrize(
    ("time", "status"),
    [
        ("1999-12-31T23:59:00", 400),
        ("2000-01-01T00:00:00", 201),
        ("2099-12-31T23:59:00", 201),
        ("2100-01-01T00:00:00", 400),
        ("0001-01-01T00:00:00", 400),
        ("9999-12-31T23:59:59", 400),
    ],
)
def test_years(calendar: Calendar, time: str, status: int) -> None:
    response = calendar.try_to_book(time)
    assert response.status_code == status
    if status == 201:
        assert response.json()["scheduled_time"] == time
    else:
        assert list(response.json()) == ["scheduled_time"]


def test_a_profile_fills_what_is_not_given(calendar: Calendar) -> None:
    profile = calendar.new(
        "appointment_profiles",
        name="Exam",
        color="#112233",
        duration=45,
        reason="Physical",
        online_scheduling=False,
    )["id"]
    body = calendar.body(profile=profile)
    del body["duration"]
    made = calendar.post("appointments", body).json()
    assert (made["duration"], made["color"], made["reason"]) == (45, "#112233", "Physical")
    given = calendar.book(f"{DAY}T11:00:00", profile=profile, duration=20, color="", reason="Own")
    assert (given["duration"], given["color"], given["reason"]) == (20, "", "Own")
    assert calendar.try_to_book(f"{DAY}T09:44:00").status_code == 409
    plain = calendar.book(f"{DAY}T12:00:00")
    later = calendar.change_and_read(plain, profile=profile)
    assert (later["profile"], later["duration"], later["color"]) == (profile, 30, "")
    del body["profile"]
    assert calendar.post("appointments", body).json() == {"duration": ["This field is required."]}


def test_forms_are_read_too(calendar: Calendar) -> None:
    body = {name: str(value) for name, value in calendar.body().items()} | {"patient": ""}
    made = calendar.http.post("/api/appointments", data=body)
    assert (made.status_code, made.json()["appt_is_break"]) == (201, True)
    again = calendar.http.post("/api/appointments", data=body | {"allow_overlapping": "true"})
    assert again.status_code == 201
