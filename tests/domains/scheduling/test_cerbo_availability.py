"""Availability through Cerbo's API: windows can be booked through both APIs, and are then taken."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.practice.models import Doctor, DoctorWorkSchedule, ExamRoom, Office
from charthouse.domains.scheduling import bookable_windows
from charthouse.domains.scheduling.cerbo import availability
from charthouse.domains.scheduling.timeline import Timeline, find_crowded, find_maximal, subtract, union
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import DAY, Calendar, make_office
from tests.domains.scheduling.test_availability import add_opening, add_working_hours, hours
from tests.domains.scheduling.test_cerbo_appointments import Program
from tests.support import make_doctor, make_user

TUESDAY = "2026-03-03"


@pytest.fixture(autouse=True)
def sunday() -> Any:
    """The day before the one that is asked for."""
    with clock.shift(datetime(2026, 3, 1, 12, tzinfo=UTC) - clock.now()):
        yield


class Asker(Program):
    def ask_for(self, **parameters: Any) -> httpx.Response:
        asked = {"start_date": DAY, "end_date": DAY} | parameters
        return self.http.get("/api/v1/appointments/availability", params=asked)

    def found(self, **parameters: Any) -> dict[str, Any]:
        answer = self.ask_for(**parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def windows(self, kind: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
        """Of the calendar's own provider and one type."""
        found = self.found(
            **{"provider_ids[]": [self.user], "appointment_type_ids[]": kind["id"]} | parameters
        )
        ((only,),) = [one["availability_by_type"] for one in found["user_availabilies"]]
        assert only["appointment_type_id"] == kind["id"]
        return only["available_windows"]

    def starts(self, kind: dict[str, Any], **parameters: Any) -> list[str]:
        return [one["window_start"][11:16] for one in self.windows(kind, **parameters)]


@pytest.fixture
def asker(calendar: Calendar) -> Asker:
    add_opening(calendar, 9, 12)
    return Asker(calendar)


def test_the_shape(calendar: Calendar, asker: Asker) -> None:
    kind = asker.add_type()
    found = asker.found(**{"appointment_type_ids[]": [kind["id"], "999999"]})
    (one,) = found.pop("user_availabilies")
    assert found == {
        "object": "list",
        "parameters": {
            "start_date": DAY,
            "end_date": DAY,
            "provider_ids": None,
            "appointment_type_ids": [kind["id"], 999999],
        },
        "gmt_timezone_offset": "-05:00",
        "has_more": False,
    }
    assert one["provider_id"] == asker.user
    assert one["provider_details"] == asker.http.get(f"/api/v1/users/{asker.user}").json()
    (of_type,) = one["availability_by_type"]
    assert of_type["appointment_type_details"] == kind
    assert of_type["available_windows"][0] == {
        "window_start": f"{DAY} 09:00:00",
        "window_end": f"{DAY} 12:00:00",
        "minutes_available_at_this_time": 180,
        "gmt_timezone_offset": "-05:00",
    }


def test_a_window_can_be_booked_through_both_apis_and_is_then_taken(calendar: Calendar, asker: Asker) -> None:
    """Book every window, alternately through Cerbo and DrChrono; then the next one comes first."""
    kind = asker.add_type(default_length=45)
    booked = []
    while windows := asker.windows(kind):
        start = windows[0]["window_start"]
        if len(booked) % 2:
            calendar.book(start.replace(" ", "T"), duration=45)
        else:
            at = datetime.fromisoformat(start) + timedelta(hours=5)
            asker.book(f"{at:%Y-%m-%d %H:%M:%S}", minutes=45)
        booked.append(start[11:16])
        assert start not in [one["window_start"] for one in asker.windows(kind)]
    assert booked == ["09:00", "09:45", "10:30", "11:15"]


def test_drchronos_slots_lie_in_the_windows(calendar: Calendar, asker: Asker) -> None:
    add_working_hours(
        calendar, hours("1", "08:00-09:50", "10:30-24:00"), hours("2", "09:00-12:00", enabled=False)
    )
    calendar.book(f"{DAY}T11:10:00", duration=20)
    calendar.book(f"{DAY}T09:10:00", patient=None, duration=5)
    kind = asker.add_type()
    of_doctor = {"doctor": calendar.doctor.pk, "date_range": f"{DAY}/{TUESDAY}"}
    other = calendar.http.get("/api/availability", params=of_doctor).json()["results"]
    ours = [(one["window_start"], one["window_end"]) for one in asker.windows(kind, end_date=TUESDAY)]
    assert [(start[11:16], end[11:16]) for start, end in ours] == [
        ("09:15", "09:50"),
        ("10:30", "11:10"),
        ("11:30", "12:00"),
    ]
    assert [slot["start_time"] for slot in other] == [f"{DAY}T10:30:00", f"{DAY}T11:30:00"]


def test_how_long_a_visit_might_be(calendar: Calendar, asker: Asker) -> None:
    kind = asker.add_type()
    calendar.book(f"{DAY}T10:45:00", duration=15)
    free = {one["window_start"][11:16]: one["minutes_available_at_this_time"] for one in asker.windows(kind)}
    assert free == {"09:00": 105, "11:00": 60}
    long = asker.add_type("Long", default_length=60)
    assert asker.starts(long) == ["09:00", "11:00"]
    assert asker.starts(asker.add_type("Longer", default_length=61)) == ["09:00"]


def test_what_a_type_lets_overlap(calendar: Calendar, asker: Asker) -> None:
    alone, group = asker.add_type("Alone"), asker.add_type("Group", number_of_overlaps_to_allow=1)
    add_opening(calendar, 9, 10)
    calendar.book(f"{DAY}T09:00:00", patient=None)
    assert asker.starts(group) == ["09:30"], "a break lets nothing overlap"
    calendar.book(f"{DAY}T09:30:00")
    assert (asker.starts(alone), asker.starts(group)) == ([], ["09:30"])
    asker.book(f"{DAY} 14:30:00", appointment_type="Group")
    assert asker.starts(group) == []


def test_a_room_is_needed_but_for_video_and_for_sharing(calendar: Calendar, asker: Asker) -> None:
    add_opening(calendar, 9, 10)
    for room in (1, 2):
        calendar.book(f"{DAY}T09:00:00", doctor=calendar.add_colleague().pk, exam_room=room)
    kinds = [
        asker.add_type("Visit"),
        asker.add_type("Video", telemedicine=True),
        asker.add_type("Group", number_of_overlaps_to_allow=5),
    ]
    with tenancy.within(calendar.clinic.id):
        ExamRoom.objects.create(
            practice=calendar.clinic.practice, office=calendar.office, index=3, name="Closed", archived=True
        )
    assert [asker.starts(kind) for kind in kinds] == [["09:30"], ["09:00"], ["09:30"]]
    assert asker.ask(appointment_type="Visit").status_code == 409
    assert asker.ask(appointment_type="Video").status_code == 200
    with tenancy.within(calendar.clinic.id):
        ExamRoom.objects.filter(office=calendar.office.pk).update(archived=True)
    assert asker.starts(kinds[0]) == ["09:30"], "where there are no rooms none is needed"


def test_providers_by_type(calendar: Calendar, asker: Asker) -> None:
    """A type's own providers; DrChrono's profiles belong to their doctor. Staff, suspended doctors and people who
    can't sign in are left out."""
    clinic = calendar.clinic
    colleague = make_user(clinic.practice, doctor=make_doctor(clinic.practice), role="doctor")
    suspended = make_doctor(clinic.practice, is_account_suspended=True)
    gone = make_user(clinic.practice, doctor=suspended, role="doctor", is_active=False)
    make_user(clinic.practice, doctor=clinic.doctor, role="staff")
    everybody = asker.add_type("Everybody")
    hers = asker.add_type("Hers", which_providers=[colleague.pk])
    his = calendar.new(
        "appointment_profiles", name="His", color="#ff0000", duration=20, reason="His", online_scheduling=True
    )["id"]
    found = asker.found()
    types = {
        one["provider_id"]: [of["appointment_type_id"] for of in one["availability_by_type"]]
        for one in found["user_availabilies"]
    }
    assert types == {asker.user: [everybody["id"], his], colleague.pk: [everybody["id"], hers["id"]]}
    only = asker.found(**{"provider_ids[]": [colleague.pk, gone.pk]})
    assert [one["provider_id"] for one in only["user_availabilies"]] == [colleague.pk]
    assert asker.found(**{"provider_ids[]": gone.pk})["user_availabilies"] == []


@pytest.mark.parametrize(
    ("first", "last", "offsets", "minutes"),
    [("2026-03-06", "2026-03-10", (-5, -4), 5 * 1440 - 60), ("2026-10-31", "2026-11-02", (-4, -5), 3 * 1440)],
)
def test_a_range_over_a_change_of_clocks_is_answered_whole(
    calendar: Calendar, asker: Asker, first: str, last: str, offsets: tuple[int, int], minutes: int
) -> None:
    """On the practice's clock, and each window with its offset; what it says can be booked."""
    kind = asker.add_type()
    with tenancy.within(calendar.clinic.id):
        Office.objects.filter(pk=calendar.office.pk).update(start_hour=0, end_hour=24)
    found = asker.found(start_date=first, end_date=last)
    assert (found["gmt_timezone_offset"], found["has_more"]) == (f"-0{-offsets[0]}:00", False)
    assert found["parameters"]["end_date"] == last
    windows = found["user_availabilies"][0]["availability_by_type"][0]["available_windows"]
    assert [one["window_start"][11:] for one in windows] == ["00:00:00"] * len(windows)
    assert {one["gmt_timezone_offset"] for one in windows} == {f"-0{-offset}:00" for offset in offsets}
    assert sum(one["minutes_available_at_this_time"] for one in windows) == minutes
    for one in windows:
        at = datetime.fromisoformat(one["window_start"] + one["gmt_timezone_offset"]).astimezone(UTC)
        asker.book(f"{at:%Y-%m-%d %H:%M:%S}")
    assert asker.starts(kind, start_date=first, end_date=last) == ["00:30"] * len(windows)


def test_the_clock_is_the_practices(calendar: Calendar, asker: Asker) -> None:
    """An office in another zone: its hours, on the clock of the primary user."""
    kind = asker.add_type()
    with tenancy.within(calendar.clinic.id):
        west = make_doctor(calendar.clinic.practice, timezone="US/Pacific")
        Office.objects.filter(pk=calendar.office.pk).update(archived=True)
        office = make_office(west)
        Office.objects.filter(pk=office.pk).update(start_hour=21, end_hour=22)
    assert asker.starts(kind) == ["00:00"], "of the evening before"
    assert asker.windows(kind)[0]["window_start"] == f"{DAY} 00:00:00"


def test_windows_that_have_begun_or_passed_are_listed(calendar: Calendar, asker: Asker) -> None:
    kind = asker.add_type()
    calendar.book(f"{DAY}T10:00:00", duration=30)
    with clock.shift(datetime(2026, 3, 2, 16, 10, tzinfo=UTC) - clock.now()):
        assert asker.starts(kind) == ["09:00", "10:30"]


def test_a_part_of_any_window_can_be_booked_wherever_it_begins(calendar: Calendar, asker: Asker) -> None:
    """Rooms that are free one after the other are windows of their own: no visit could change rooms."""
    kinds = [asker.add_type("Visit"), asker.add_type("Group", number_of_overlaps_to_allow=1)]
    colleague = calendar.add_colleague().pk
    calendar.book(f"{DAY}T09:00:00", doctor=colleague, exam_room=1, duration=75)
    calendar.book(f"{DAY}T10:45:00", doctor=colleague, exam_room=2, duration=75)
    calendar.book(f"{DAY}T10:50:00", exam_room=1, duration=20)
    shown = [
        [(one["window_start"][11:16], one["window_end"][11:16]) for one in asker.windows(kind)]
        for kind in kinds
    ]
    assert shown == [
        [("09:00", "10:45"), ("10:15", "10:50"), ("11:10", "12:00")],
        [("09:00", "10:45"), ("10:15", "12:00")],
    ]
    for kind, windows in zip(kinds, shown, strict=True):
        for begins, ends in windows:
            first, last = (
                datetime.fromisoformat(f"{DAY} {at}") + timedelta(hours=5) for at in (begins, ends)
            )
            for at in (first, first + timedelta(minutes=5), last - timedelta(minutes=30)):
                made = asker.book(f"{at:%Y-%m-%d %H:%M:%S}", appointment_type=kind["name"], pt_id=None)
                assert asker.http.delete(f"/api/v1/appointments/{made['id']}").status_code == 200


@pytest.mark.parametrize(
    ("parameters", "key"),
    [
        ({"start_date": ""}, "start_date"),
        ({"end_date": ""}, "end_date"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"end_date": "tomorrow"}, "end_date"),
        ({"start_date": "0001-01-01", "end_date": "0001-01-02"}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date"),
        ({"end_date": "2026-06-01"}, "end_date"),
        ({"end_date": "2026-03-01"}, "end_date"),
        ({"provider_ids[]": ["1", "x"]}, "provider_ids[]"),
        ({"provider_ids[]": ["1"] * 101}, "provider_ids[]"),
        ({"appointment_type_ids[]": "1,2"}, "appointment_type_ids[]"),
    ],
)
def test_what_is_refused(asker: Asker, parameters: dict[str, Any], key: str) -> None:
    answer = asker.ask_for(**parameters)
    assert answer.status_code == 400
    assert key in answer.json()["error"]["fields"]
    assert key.removesuffix("[]") in answer.json()["error"]["message"]


def test_ninety_days(asker: Asker) -> None:
    kind = asker.add_type()
    last = date(2026, 3, 9) + timedelta(days=90)
    assert len(asker.windows(kind, start_date="2026-03-09", end_date=str(last))) == 91
    assert asker.ask_for(start_date="2026-03-09", end_date=str(last + timedelta(days=1))).status_code == 400


def test_bounds(calendar: Calendar, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole days up to the limit; where one day alone exceeds it, the answer is an error."""
    asker.add_type()
    monkeypatch.setattr(bookable_windows, "MAX_WINDOWS", 3)
    monkeypatch.setattr(bookable_windows, "_DAYS_AT_ONCE", 2)
    seen, start = [], date.fromisoformat(DAY)
    while True:
        found = asker.found(start_date=str(start), end_date="2026-03-07")
        (of_type,) = found["user_availabilies"][0]["availability_by_type"]
        seen += [one["window_start"] for one in of_type["available_windows"]]
        start = date.fromisoformat(found["parameters"]["end_date"]) + timedelta(days=1)
        if not found["has_more"]:
            break
    assert len(seen) == len(set(seen)) == 6
    for name, most in (("MAX_WINDOWS", 0), ("MAX_CHECKS", 0)):
        monkeypatch.setattr(bookable_windows, name, most)
        answer = asker.ask_for()
        assert answer.status_code == 400
        assert "ask for some" in answer.json()["error"]["message"]
    monkeypatch.setattr(availability, "MAX_PAIRS", 0)
    assert asker.ask_for().status_code == 400


def test_intervals_are_as_if_counted_second_by_second() -> None:
    """Random bookings: where more than so many overlap, and what is left of a day without others."""
    random = Random(5)  # noqa: S311
    for _ in range(200):
        bookings, others = (
            [(begins, begins + random.randrange(5)) for begins in random.choices(range(30), k=6)]
            for _ in "ab"
        )
        overlaps = random.randrange(3)
        taken = Timeline()
        for one in bookings:
            taken.add(*one)
        crowded = {at for at in range(40) if sum(begins <= at < ends for begins, ends in bookings) > overlaps}
        assert _seconds(taken.list_busy((0, 40), overlaps)) == crowded
        assert _seconds(subtract([(3, 20), (22, 40)], taken.list_busy((3, 40), overlaps))) == (
            {*range(3, 20), *range(22, 40)} - crowded
        )
        both = union(find_crowded(bookings, 0), find_crowded(others, 0))
        assert _seconds(both) == {at for at in range(40) if any(b <= at < e for b, e in bookings + others)}
        assert all(first[1] < second[0] for first, second in pairwise(both)), "joined where they touch"
    assert find_maximal([(1, 5), (0, 3), (1, 4), (1, 5), (4, 6)]) == [(0, 3), (1, 5), (4, 6)]


def _seconds(intervals: list[tuple[int, int]]) -> set[int]:
    return {at for begins, ends in intervals for at in range(begins, ends)}


def test_practices_without_offices_types_or_providers(calendar: Calendar, asker: Asker) -> None:
    """A practice without an office, a type or a provider has no windows."""
    assert asker.found()["user_availabilies"] == []
    kind = asker.add_type()
    with tenancy.within(calendar.clinic.id):
        Office.objects.filter(pk=calendar.office.pk).update(archived=True)
        DoctorWorkSchedule.objects.filter(doctor=calendar.doctor.pk).update(archived=True)
    assert asker.windows(kind) == []
    with tenancy.within(calendar.clinic.id):
        Doctor.objects.filter(pk=calendar.doctor.pk).update(archived=True)
    assert asker.windows(kind) == []
