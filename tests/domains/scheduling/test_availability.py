"""Availability through DrChrono's API: hours of doctor and office, less what is booked, where a room is free."""

from datetime import UTC, datetime
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.practice.models import (
    Doctor,
    DoctorWorkSchedule,
    ExamRoom,
    Office,
    OfficeWorkSchedule,
)
from charthouse.domains.scheduling.drchrono import availability
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import DAY, Calendar, make_office

BEFORE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sunday() -> Any:
    """The day before the one that is asked for."""
    with clock.shift(BEFORE - clock.now()):
        yield


def hours(day: str, *spans: str, enabled: bool = True) -> dict[str, Any]:
    return {
        "iso_weekday": day,
        "enabled": enabled,
        "work_hours": [
            {"start_time": span.split("-")[0], "end_time": span.split("-")[1], "enabled": True}
            for span in spans
        ],
    }


def add_opening(calendar: Calendar, start: int, end: int) -> None:
    with tenancy.within(calendar.clinic.id):
        Office.objects.filter(pk=calendar.office.pk).update(start_hour=start, end_hour=end)


def add_working_hours(calendar: Calendar, *days: dict[str, Any]) -> None:
    with tenancy.within(calendar.clinic.id):
        DoctorWorkSchedule.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, work_days=list(days)
        )


def list_slots(calendar: Caller, **parameters: Any) -> list[dict[str, Any]]:
    asked = {} if {"date", "date_range"} & set(parameters) else {"date": DAY}
    answer = calendar.http.get("/api/availability", params=asked | parameters)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["next"], answer.json()["previous"]) == (None, None)
    return answer.json()["results"]


def list_starts(calendar: Caller, **parameters: Any) -> list[str]:
    return [slot["start_time"][11:16] for slot in list_slots(calendar, **parameters)]


def test_an_office_is_open_by_its_hours(calendar: Calendar) -> None:
    add_opening(calendar, 9, 11)
    assert list_slots(calendar)[0] == {
        "doctor": calendar.doctor.pk,
        "office": calendar.office.pk,
        "exam_rooms": [1, 2],
        "start_time": f"{DAY}T09:00:00",
        "end_time": f"{DAY}T09:30:00",
    }
    assert list_starts(calendar) == ["09:00", "09:30", "10:00", "10:30"]
    assert list_starts(calendar, duration=45) == ["09:00", "09:45"]
    assert list_starts(calendar, duration=180) == []
    assert len(list_slots(calendar, date_range=f"{DAY}/2026-03-04", duration=60)) == 6


def test_schedules_of_doctor_and_office_both_apply(calendar: Calendar) -> None:
    add_working_hours(
        calendar, hours("1", "08:00-09:30", "10:30-24:00"), hours("2", "09:00-12:00", enabled=False)
    )
    with tenancy.within(calendar.clinic.id):
        OfficeWorkSchedule.objects.create(
            practice=calendar.clinic.practice,
            office=calendar.office,
            work_days=[hours("1", "09:00-11:00"), hours("2", "09:00-12:00")],
        )
    assert list_starts(calendar) == ["09:00", "10:30"]
    assert list_starts(calendar, date="2026-03-03") == [], "the doctor doesn't work on Tuesdays"
    assert list_starts(calendar, date="2026-03-04") == [], "nobody said Wednesday"


def test_bookings_of_the_doctor_are_subtracted(calendar: Calendar) -> None:
    add_opening(calendar, 9, 12)
    calendar.book(f"{DAY}T09:10:00", duration=30)
    calendar.book(f"{DAY}T10:00:00", patient=None)
    gone = calendar.book(f"{DAY}T10:30:00")
    calendar.book(f"{DAY}T11:00:00", status="Cancelled")
    assert list_starts(calendar) == ["11:00", "11:30"]
    calendar.http.delete(f"/api/appointments/{gone['id']}")
    block = {"provider": calendar.doctor.pk, "office": calendar.office.pk}
    block |= {"start_time": f"{DAY}T11:30:00", "end_time": f"{DAY}T12:00:00"}
    assert calendar.post("schedule_blocks", block).status_code == 201
    assert list_starts(calendar) == ["10:30", "11:00"]


def test_a_room_must_be_free(calendar: Calendar) -> None:
    add_opening(calendar, 9, 10)
    colleague = calendar.add_colleague()
    calendar.book(f"{DAY}T09:00:00", doctor=colleague.pk)
    own = {"doctor": calendar.doctor.pk}
    assert [slot["exam_rooms"] for slot in list_slots(calendar, **own)] == [[2], [1, 2]]
    calendar.book(f"{DAY}T09:15:00", doctor=calendar.add_colleague().pk, exam_room=2)
    assert [(slot["start_time"][11:16], slot["exam_rooms"]) for slot in list_slots(calendar, **own)] == [
        ("09:30", [1])
    ]
    with tenancy.within(calendar.clinic.id):
        ExamRoom.objects.create(
            practice=calendar.clinic.practice, office=calendar.office, index=3, name="Lab"
        )
    assert [slot["exam_rooms"] for slot in list_slots(calendar, **own)] == [[3], [1, 3]]
    with tenancy.within(calendar.clinic.id):
        ExamRoom.objects.filter(office=calendar.office, index=3).update(archived=True)
    assert [slot["exam_rooms"] for slot in list_slots(calendar, **own)] == [[1]]


def test_which_doctors_and_offices(calendar: Calendar) -> None:
    add_opening(calendar, 9, 10)
    colleague, annex = calendar.add_colleague(), make_office(calendar.doctor)
    with tenancy.within(calendar.clinic.id):
        Office.objects.filter(pk=annex.pk).update(start_hour=9, end_hour=10)
    pairs = [(slot["doctor"], slot["office"]) for slot in list_slots(calendar, duration=60)]
    doctors, offices = (calendar.doctor.pk, colleague.pk), (calendar.office.pk, annex.pk)
    assert pairs == [(doctor, office) for doctor in doctors for office in offices]
    assert {s["doctor"] for s in list_slots(calendar, doctor=colleague.pk)} == {colleague.pk}
    assert {s["office"] for s in list_slots(calendar, office=annex.pk)} == {annex.pk}
    with tenancy.within(calendar.clinic.id):
        Doctor.objects.filter(pk=colleague.pk).update(is_account_suspended=True)
        Office.objects.filter(pk=annex.pk).update(archived=True)
    assert {(s["doctor"], s["office"]) for s in list_slots(calendar)} == {
        (calendar.doctor.pk, calendar.office.pk)
    }
    assert list_slots(calendar, doctor=Calendar().doctor.pk) == []
    tenancy.clear_tenant()
    Practice.objects.filter(pk=calendar.clinic.id).update(sharing=[])
    other = Caller(calendar.clinic, doctor=colleague)
    assert list_slots(other, doctor=calendar.doctor.pk) == []
    assert {s["doctor"] for s in list_slots(calendar)} == {calendar.doctor.pk}


def test_times_are_wall_clock_through_a_change_of_the_clocks(calendar: Calendar) -> None:
    """US/Eastern skips 02:00 to 03:00 on 2026-03-08; a doctor's own zone is US/Pacific, an hour of it is given."""
    add_working_hours(calendar, hours("7", "02:30-04:00"))
    assert list_starts(calendar, date="2026-03-08") == ["03:30"]
    with tenancy.within(calendar.clinic.id):
        far = Doctor.objects.create(
            practice=calendar.clinic.practice, first_name="F", last_name="A", timezone="US/Pacific"
        )
        DoctorWorkSchedule.objects.create(
            practice=calendar.clinic.practice, doctor=far, work_days=[hours("1", "09:00-10:00")]
        )
    assert list_starts(calendar, doctor=far.pk) == ["12:00", "12:30"]


def test_the_past_can_not_be_booked(calendar: Calendar) -> None:
    add_opening(calendar, 9, 12)
    with clock.shift(datetime(2026, 3, 2, 15, 45, tzinfo=UTC) - clock.now()):
        assert list_starts(calendar) == ["11:00", "11:30"]
    assert list_slots(calendar, date="2020-01-06") == []


def test_bounds(calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**parameters: Any) -> Any:
        answer = calendar.http.get("/api/availability", params=parameters)
        assert answer.status_code == 400, answer.text
        return answer.json()

    assert "detail" in refused()
    assert list(refused(date_range="2026-03-01/2026-04-01")) == ["date_range"]
    assert list(refused(date=DAY, duration="4")) == ["duration"]
    assert list(refused(date=DAY, duration="1441")) == ["duration"]
    for day in ("0001-01-01", "9999-12-31"):
        assert list(refused(date=day)) == ["date"]
    assert (
        len(list_slots(calendar, date_range="2026-03-01/2026-03-31", duration=1440)) == 29
    )  # one has begun, one has 23 hours
    monkeypatch.setattr(availability, "MAX_SLOTS", 10)
    assert refused(date=DAY) == {
        "detail": "More than 10 slots: ask for fewer days, or for one doctor or office."
    }
