"""Times that a change of the clocks skips or repeats: docs/decisions/0031-changing-clocks.md."""

from datetime import UTC, datetime

import pytest

from charthouse.domains.practice.models import Doctor
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import Calendar, make_office


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        ("US/Eastern", "2026-03-08T01:59:00", "2026-03-08T06:59:00"),
        ("US/Eastern", "2026-03-08T03:00:00", "2026-03-08T07:00:00"),
        ("US/Eastern", "2026-11-01T00:59:00", "2026-11-01T04:59:00"),
        ("US/Eastern", "2026-11-01T01:00:00", "2026-11-01T05:00:00"),  # twice: the first
        ("US/Eastern", "2026-11-01T01:59:59", "2026-11-01T05:59:59"),
        ("US/Eastern", "2026-11-01T02:00:00", "2026-11-01T07:00:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00"),  # half an hour twice
        ("Australia/Lord_Howe", "2026-04-05T02:00:00", "2026-04-04T15:30:00"),
        ("Pacific/Apia", "2026-07-01T09:00:00", "2026-06-30T20:00:00"),
        ("US/Arizona", "2026-03-08T02:30:00", "2026-03-08T09:30:00"),
        ("Asia/Kathmandu", "2026-03-08T02:30:00", "2026-03-07T20:45:00"),
        ("Europe/Dublin", "2026-10-25T01:30:00", "2026-10-25T00:30:00"),  # twice, its winter is the odd half
        ("America/St_Johns", "2026-11-01T01:30:00", "2026-11-01T04:00:00"),
        ("Antarctica/Troll", "2026-10-25T01:30:00", "2026-10-24T23:30:00"),  # two hours twice
    ],
)
def test_a_wall_clock_time_means_its_first_moment(zone: str, wall: str, moment: str) -> None:
    calendar = Calendar(zone)
    made = calendar.book(wall)
    assert calendar.row(made).scheduled_time == utc(moment)
    assert made["scheduled_time"] == wall


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("US/Eastern", "2026-03-08T02:00:00"),
        ("US/Eastern", "2026-03-08T02:59:59"),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00"),
        ("Europe/Dublin", "2026-03-29T01:30:00"),
        ("Antarctica/Troll", "2026-03-29T02:59:00"),
        ("Pacific/Apia", "2011-12-30T09:00:00"),  # a whole day
    ],
)
def test_a_skipped_time_is_refused(zone: str, wall: str) -> None:
    calendar = Calendar(zone)
    refused = {"scheduled_time": [f"{wall} does not exist in {zone}: the clocks skip it."]}
    answer = calendar.try_to_book(wall)
    assert (answer.status_code, answer.json()) == (400, refused)
    made = calendar.book("2026-01-05T09:00:00")
    assert calendar.change(made, scheduled_time=wall).json() == refused
    assert calendar.read_appointment(made) == made


def test_the_second_of_two_is_kept_by_a_write_that_does_not_move_it() -> None:
    calendar = Calendar("US/Eastern")
    made = calendar.book("2026-11-01T01:30:00")
    with tenancy.within(calendar.clinic.id):
        row = calendar.row(made)
        row.scheduled_time = utc("2026-11-01T06:30:00")  # half past one again, as an import may bring it
        row.save()
    body = calendar.body("2026-11-01T01:30:00", notes="same time")
    assert calendar.http.put(f"/api/appointments/{made['id']}", json=body).status_code == 204
    assert calendar.row(made).scheduled_time == utc("2026-11-01T06:30:00")
    assert calendar.try_to_book("2026-11-01T01:30:00").status_code == 201, "an hour earlier is another time"


def test_over_the_change_length_is_real_minutes() -> None:
    calendar = Calendar("US/Eastern")
    calendar.book("2026-03-08T01:30:00", duration=60)  # to half past three
    assert calendar.try_to_book("2026-03-08T03:29:00").status_code == 409
    assert calendar.try_to_book("2026-03-08T03:30:00").status_code == 201


def test_the_office_brings_the_zone_and_a_move_to_another_keeps_the_wall_clock() -> None:
    calendar = Calendar("US/Eastern")
    far = calendar.add_colleague(timezone="US/Pacific")
    there = make_office(far)
    made = calendar.book("2026-07-01T09:00:00")
    assert calendar.row(made).scheduled_time == utc("2026-07-01T13:00:00")
    assert calendar.change_and_read(made, office=there.pk)["scheduled_time"] == "2026-07-01T09:00:00"
    assert calendar.row(made).scheduled_time == utc("2026-07-01T16:00:00")
    local = calendar.book("2026-07-01T23:30:00", office=there.pk)
    assert calendar.row(local).scheduled_time == utc("2026-07-02T06:30:00")
    for day, found in (("2026-07-01", [made["id"], local["id"]]), ("2026-07-02", [])):
        assert [row["id"] for row in calendar.list_appointments(date=day)] == found
        assert [row["id"] for row in calendar.list_appointments(date_range=f"{day}/{day}")] == found


def test_when_the_doctor_changes_zone_the_moments_stay() -> None:
    calendar = Calendar("US/Eastern")
    made = calendar.book("2026-07-01T09:00:00")
    with tenancy.within(calendar.clinic.id):
        Doctor.objects.filter(pk=calendar.doctor.pk).update(timezone="US/Central")
    assert calendar.read_appointment(made)["scheduled_time"] == "2026-07-01T08:00:00"


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00+02:00", "soon", "", None, 5])
def test_invalid_wall_clock_times_are_refused(text: object) -> None:
    assert list(Calendar().try_to_book(text).json()) == ["scheduled_time"]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2026-03-02 09:00:00", "2026-03-02T09:00", "2026-03-02T09:00:00.75"])
def test_other_spellings(text: str) -> None:
    assert Calendar().book(text)["scheduled_time"] == "2026-03-02T09:00:00"
