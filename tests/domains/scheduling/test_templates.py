"""Templates and profiles; the free times of a template, compared with a count of minutes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count, groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.domains.scheduling.models import FREEING_STATUSES
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import DAY, Calendar, make_office


def profile(calendar: Caller, **values: Any) -> int:
    kind = {"name": "Exam", "color": "#112233", "duration": 30, "reason": "r", "online_scheduling": True}
    return calendar.new("appointment_profiles", **kind | values)["id"]


def template(calendar: Calendar, needed: int = 30, **values: Any) -> dict[str, Any]:
    """Monday mornings from nine to noon in room 1, for visits of ``needed`` minutes."""
    body = {
        "office": calendar.office.pk,
        "exam_room": 1,
        "scheduled_time": "09:00:00",
        "duration": 180,
        "week_days": [0],
    } | values
    body.setdefault("profile", profile(calendar, duration=needed))
    response = calendar.post("appointment_templates", body)
    assert response.status_code == 201, response.text
    return response.json()


def openings(calendar: Caller, office: int, day: str = DAY, **parameters: Any) -> dict[int, Any]:
    """Free slots of a day by the id of their template."""
    query = {"available": day, "office": office, "verbose": "true"} | parameters
    answer = calendar.http.get("/api/appointment_templates", params=query)
    assert answer.status_code == 200, answer.text
    return {
        row["id"]: [(slot["start"][:5], slot["end"][:5]) for slot in row["open_slots"]]
        for row in answer.json()["results"]
    }


def test_booked_times_are_subtracted(calendar: Calendar) -> None:
    made = template(calendar)

    def free(**parameters: Any) -> Any:
        return openings(calendar, calendar.office.pk, **parameters).get(made["id"])

    assert free() == [("09:00", "12:00")]
    calendar.book(f"{DAY}T08:45:00")
    calendar.book(f"{DAY}T10:00:00")
    calendar.book(f"{DAY}T10:50:00", duration=50)
    assert free() == [("09:15", "10:00"), ],  "twenty and twenty minutes are too short for a visit"  # fmt: skip
    gone = calendar.book(f"{DAY}T09:15:00", duration=45)
    assert free() is None
    calendar.change_and_read(gone, status="No Show")
    assert free() == [("09:15", "10:00")]
    assert free(day="2026-03-09") == [("09:00", "12:00")]
    assert free(day="2026-03-03") is None


def test_strict_counts_the_doctors_other_rooms(calendar: Calendar) -> None:
    made = template(calendar)["id"]
    calendar.book(f"{DAY}T09:00:00", exam_room=2, duration=60)
    calendar.book(f"{DAY}T11:00:00", exam_room=1, office=make_office(calendar.doctor).pk)
    calendar.book(f"{DAY}T11:30:00", exam_room=2, doctor=calendar.add_colleague().pk)
    office = calendar.office.pk
    assert openings(calendar, office)[made] == [("09:00", "12:00")]
    for text in ("", "true", "anything"):
        found = openings(calendar, office, strict=text)[made]
        assert found == [("10:00", "11:00"), ("11:30", "12:00")]
    assert openings(calendar, office, strict="false")[made] == [("09:00", "12:00")]
    calendar.book(f"{DAY}T10:30:00", exam_room=2, patient=None)
    assert openings(calendar, office)[made] == [("09:00", "10:30"), ("11:00", "12:00")]


def test_an_open_slot_can_be_booked(calendar: Calendar) -> None:
    made = template(calendar, needed=20)
    calendar.book(f"{DAY}T09:20:00")
    calendar.book(f"{DAY}T10:30:00", exam_room=2)
    for start, end in openings(calendar, calendar.office.pk)[made["id"]]:
        minutes = (int(end[:2]) - int(start[:2])) * 60 + int(end[3:]) - int(start[3:])
        calendar.book(f"{DAY}T{start}:00", duration=minutes)
    assert openings(calendar, calendar.office.pk) == {}


def test_open_slots_are_computed_only_when_asked_for(calendar: Calendar) -> None:
    made = template(calendar)
    assert made["open_slots"] is None
    assert calendar.get(made["id"], "appointment_templates")["open_slots"] is None
    for query in ({"verbose": "true"}, {"verbose": "true", "office": calendar.office.pk}):
        rows = calendar.http.get("/api/appointment_templates", params=query).json()["results"]
        assert [row["open_slots"] for row in rows] == [None]
    plain = {"available": DAY, "office": calendar.office.pk}
    (row,) = calendar.http.get("/api/appointment_templates", params=plain).json()["results"]
    assert "open_slots" not in row
    alone = calendar.http.get("/api/appointment_templates", params={"available": DAY})
    assert alone.json() == {"available": ["This parameter needs office as well."]}
    wrong = calendar.http.get("/api/appointment_templates", params=plain | {"available": "Monday"})
    assert wrong.status_code == 400
    for day in ("0001-01-01", "9999-12-31"):
        answer = calendar.http.get("/api/appointment_templates", params=plain | {"available": day})
        assert answer.status_code in (200, 400)


def test_the_days_a_template_applies_to(calendar: Calendar) -> None:
    made = template(calendar, date_start="2026-03-09", date_end="2026-03-16")["id"]
    held = [
        day for day in range(2, 31) if made in openings(calendar, calendar.office.pk, f"2026-03-{day:02}")
    ]
    assert held == [9, 16]
    calendar.http.delete(f"/api/appointment_templates/{made}")
    assert openings(calendar, calendar.office.pk, "2026-03-09") == {}
    assert list(openings(calendar, calendar.office.pk, "2026-03-09", show_archived="1")) == [made]
    answer = calendar.patch(made, "appointment_templates", date_end="2026-03-08")
    assert list(answer.json()) == ["date_end"]


def test_over_midnight_and_over_a_change_of_the_clocks() -> None:
    calendar = Calendar("US/Eastern")
    late = template(calendar, scheduled_time="23:00", duration=30, week_days=[5, 6])["id"]
    calendar.http.patch(f"/api/appointment_templates/{late}", json={"duration": 240})
    office = calendar.office.pk
    calendar.book("2026-03-07T23:30:00", duration=60)
    assert openings(calendar, office, "2026-03-07")[late] == [("23:00", "23:30"), ("00:30", "04:00")]
    calendar.book("2026-10-31T23:00:00", duration=240)  # two in the morning comes an hour later
    assert openings(calendar, office, "2026-10-31") == {}
    assert openings(calendar, office, "2026-11-01")[late] == [("23:00", "03:00")]


def test_templates_are_filtered(calendar: Calendar) -> None:
    other = Calendar(clinic=calendar.clinic, doctor=calendar.add_colleague())
    first = template(calendar, week_days=[0, 2])
    second = template(other, week_days="4,2")
    assert second["week_days"] == [4, 2]
    a, b = first["id"], second["id"]
    found = {
        ("doctor", calendar.doctor.pk): [a],
        ("doctor", other.doctor.pk): [b],
        ("office", other.office.pk): [b],
        ("profile", first["profile"]): [a],
        ("week_day", "2"): [a, b],
        ("week_day", "0,1"): [a],
        ("week_day", "5,6"): [],
    }
    for (name, value), ids in found.items():
        assert calendar.ids("appointment_templates", **{name: value}) == ids
    for text in ("7", "x", "1;2"):
        assert calendar.http.get("/api/appointment_templates", params={"week_day": text}).status_code == 400


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"exam_room": 3}, "exam_room"),
        ({"week_days": [7]}, "week_days"),
        ({"week_days": "Monday"}, "week_days"),
        ({"scheduled_time": "25:00"}, "scheduled_time"),
        ({"duration": 0}, "duration"),
        ({"profile": 2**40}, "profile"),
    ],
)
def test_invalid_templates_are_refused(calendar: Calendar, values: dict[str, Any], wrong: str) -> None:
    made = template(calendar)
    answer = calendar.patch(made["id"], "appointment_templates", **values)
    assert (answer.status_code, list(answer.json())) == (400, [wrong])


def test_profiles_belong_to_the_caller_who_creates_them(calendar: Calendar) -> None:
    made = calendar.post(
        "appointment_profiles",
        {"name": "A", "color": "rgb(1, 2, 3)", "duration": 15, "reason": "r", "online_scheduling": "true"},
    ).json()
    assert (made["doctor"], made["archived"], made["sort_order"]) == (calendar.doctor.pk, False, None)
    whole = {name: made[name] for name in ("name", "color", "duration", "reason", "online_scheduling")}
    changed = calendar.http.put(f"/api/appointment_profiles/{made['id']}", json=whole | {"sort_order": 3})
    assert changed.status_code == 204
    assert calendar.get(made["id"], "appointment_profiles") == made | {"sort_order": 3}
    assert calendar.patch(made["id"], "appointment_profiles", color="red").status_code == 400
    assert calendar.http.delete(f"/api/appointment_profiles/{made['id']}").status_code == 204
    assert calendar.ids("appointment_profiles") == []
    assert calendar.ids("appointment_profiles", show_archived="true") == [made["id"]]
    assert calendar.try_to_book(profile=made["id"]).status_code == 400


# -- against a count of minutes -----------------------------------------------------------------------------------

ROOMS = 2
booked = st.tuples(
    st.integers(-300, 400),  # minutes after the template begins
    st.integers(1, 200),
    st.integers(1, ROOMS),
    st.sampled_from(["own", "colleague"]),
    st.sampled_from(["visit", "break"]),
    st.sampled_from(["", "Confirmed", *FREEING_STATUSES, "deleted"]),
)


def compute_expected(
    length: int, needed: int, rows: list[tuple[int, int, int, str, str, str]], *, strict: bool
) -> list[tuple[int, int]]:
    """Free blocks of minutes of the own doctor's template in room 1."""
    free = [True] * length
    for start, minutes, room, doctor, kind, state in rows:
        in_the_way = room == 1 or (doctor == "own" and (strict or kind == "break"))
        if in_the_way and state in ("", "Confirmed"):
            for minute in range(max(start, 0), min(start + minutes, length)):
                free[minute] = False
    blocks, at = [], 0
    for is_free, run in groupby(free):
        size = len(list(run))
        if is_free and size >= needed:
            blocks.append((at, at + size))
        at += size
    return blocks


ZONES = ["US/Eastern", "Asia/Kathmandu", "Pacific/Apia"]


@pytest.fixture(scope="module")
def calendars() -> dict[str, tuple[Calendar, int, Iterator[int]]]:
    """A calendar of each zone, a colleague there, and weeks that nothing is booked in yet."""
    made = {zone: Calendar(zone) for zone in ZONES}
    return {zone: (calendar, calendar.add_colleague().pk, count()) for zone, calendar in made.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 300), st.integers(5, 60), st.lists(booked, max_size=12), st.sampled_from(ZONES))
def test_slots_against_a_count_of_minutes(
    calendars: dict[str, tuple[Calendar, int, Iterator[int]]],
    length: int,
    needed: int,
    rows: list[tuple[int, int, int, str, str, str]],
    zone: str,
) -> None:
    calendar, colleague, weeks = calendars[zone]
    begin = datetime(2027, 1, 4, 9) + timedelta(weeks=next(weeks))  # noqa: DTZ001 - wall clock
    day = str(begin.date())
    made = template(calendar, needed, duration=length, date_start=day, date_end=day)["id"]
    bodies = [
        calendar.body(
            (begin + timedelta(minutes=start)).isoformat(),
            duration=minutes,
            exam_room=room,
            doctor=calendar.doctor.pk if doctor == "own" else colleague,
            patient=None if kind == "break" else calendar.patient_id,
            status="" if state == "deleted" else state,
            allow_overlapping=True,
        )
        for start, minutes, room, doctor, kind, state in rows
    ]
    answer = calendar.post("appointments", bodies)
    assert answer.status_code == 201, answer.text
    for row, of in zip(answer.json(), rows, strict=True):
        if of[5] == "deleted":
            calendar.http.delete(f"/api/appointments/{row['id']}")
    for strict, parameters in ((False, {}), (True, {"strict": ""})):
        blocks = compute_expected(length, needed, rows, strict=strict)
        shown = [
            tuple((begin + timedelta(minutes=minute)).strftime("%H:%M") for minute in block)
            for block in blocks
        ]
        assert openings(calendar, calendar.office.pk, day, **parameters).get(made, []) == shown
