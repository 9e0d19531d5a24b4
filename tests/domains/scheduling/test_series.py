"""Recurring appointments: docs/decisions/0032-series.md."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.domains.scheduling import series
from tests.domains.scheduling.calendar import Calendar


def list_times(calendar: Calendar, **parameters: Any) -> list[str]:
    found = calendar.list_appointments(**({"date_range": "2026-03-01/2026-06-30"} | parameters))
    return sorted(row["scheduled_time"] for row in found)


def test_a_series_is_made_at_once(calendar: Calendar) -> None:
    made = calendar.book("2026-03-02T09:00:00", recur_end_date="2026-03-23", reason="Physiotherapy")
    assert list_times(calendar) == [f"2026-03-{day:02}T09:00:00" for day in (2, 9, 16, 23)]
    assert (made["recurring_appointment"], made["base_recurring_appointment"]) == (True, None)
    assert (made["recur_start_date"], made["recurs_every"], made["recurring_days"]) == ("2026-03-02", 1, [0])
    others = [row for row in calendar.list_appointments(date_range="2026-03-03/2026-03-30")]
    for row in others:
        assert row["id"].isdigit()
        assert (row["recurring_appointment"], row["base_recurring_appointment"]) == (True, int(made["id"]))
        assert (row["reason"], row["duration"], row["patient"]) == (
            "Physiotherapy",
            30,
            calendar.patient_id,
        )
        assert (row["recur_end_date"], row["recurring_days"], row["is_virtual_base"]) == (None, [], False)


def test_days_weeks_and_start(calendar: Calendar) -> None:
    calendar.book(
        "2026-03-04T09:00:00",
        recurring_days=[0, 2, 4, 2],
        recurs_every=2,
        recur_start_date="2026-03-06",
        recur_end_date="2026-03-31",
    )
    assert list_times(calendar) == [f"2026-03-{day:02}T09:00:00" for day in (4, 6, 16, 18, 20, 30)]


def test_breaks_recur_on_the_wall_clock_over_a_change_of_the_clocks(calendar: Calendar) -> None:
    calendar.book("2026-03-07T02:30:00", patient=None, recurring_days="5,6", recur_end_date="2026-03-15")
    assert list_times(calendar) == [
        "2026-03-07T02:30:00",
        "2026-03-08T03:30:00",  # that day's clocks skip from two to three
        "2026-03-14T02:30:00",
        "2026-03-15T02:30:00",
    ]


def test_one_taken_day_refuses_the_whole_series(calendar: Calendar) -> None:
    taken = calendar.book("2026-03-16T09:15:00")
    answer = calendar.try_to_book("2026-03-02T09:00:00", recur_end_date="2026-03-23")
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": f"Appointment overlaps with {taken['id']}"},
    )
    assert list_times(calendar) == ["2026-03-16T09:15:00"]
    calendar.book("2026-03-02T09:00:00", recur_end_date="2026-03-23", allow_overlapping=True)
    assert len(list_times(calendar)) == 5
    assert calendar.try_to_book("2026-03-23T09:00:00").status_code == 409


def test_each_of_a_series_is_an_appointment_of_its_own(calendar: Calendar) -> None:
    made = calendar.book("2026-03-02T09:00:00", recur_end_date="2026-03-16", status="Confirmed")
    second, third = calendar.list_appointments(date_range="2026-03-03/2026-03-30")
    assert [step["to_status"] for step in calendar.read_appointment(third)["status_transitions"]] == [
        "Confirmed"
    ]
    assert calendar.change(second, scheduled_time="2026-03-10T11:00:00").status_code == 204
    assert calendar.http.delete(f"/api/appointments/{made['id']}").status_code == 204
    assert list_times(calendar) == ["2026-03-10T11:00:00", "2026-03-16T09:00:00"]


def test_the_pattern_is_set_once(calendar: Calendar) -> None:
    made = calendar.book("2026-03-02T09:00:00", recur_end_date="2026-03-16")
    refused = ["A series is set when its first appointment is made."]
    assert calendar.change(made, recur_end_date="2026-03-30").json() == {"recur_end_date": refused}
    assert calendar.change(made, recurring_days=[0], notes="same").status_code == 204
    single = calendar.book("2026-03-03T09:00:00")
    assert calendar.change(single, recurs_every=2).json() == {"recurs_every": refused}
    assert calendar.http.put(f"/api/appointments/{made['id']}", json=calendar.body()).status_code == 204
    assert calendar.read_appointment(made)["recur_end_date"] == "2026-03-16"


@pytest.mark.parametrize(
    ("given_keys", "wrong"),
    [
        ({"recurring_days": [1]}, "recur_end_date"),
        ({"recur_end_date": "2026-03-01"}, "recur_end_date"),
        ({"recur_end_date": "2028-03-03"}, "recur_end_date"),
        ({"recur_end_date": "2028-03-01", "recurring_days": [0, 1, 2, 3, 4]}, "recur_end_date"),
        ({"recur_end_date": "2026-04-01", "recur_start_date": "2026-03-01"}, "recur_start_date"),
        ({"recur_end_date": "2026-04-01", "recurs_every": 0}, "recurs_every"),
        ({"recur_end_date": "2026-04-01", "recurring_days": [7]}, "recurring_days"),
    ],
)
def test_bounds(calendar: Calendar, given_keys: dict[str, Any], wrong: str) -> None:
    answer = calendar.try_to_book("2026-03-02T09:00:00", **given_keys)
    assert (answer.status_code, list(answer.json())) == (400, [wrong])
    assert list_times(calendar) == []


def test_two_years_of_a_week_day_fit(calendar: Calendar) -> None:
    calendar.book("2026-03-02T09:00:00", recur_end_date="2028-03-02")
    assert calendar.try_to_book("2028-02-28T09:00:00").status_code == 409
    last_of_all = {"recur_end_date": "2100-01-04"}
    assert calendar.try_to_book("2099-12-28T09:00:00", **last_of_all).status_code == 400


@given(
    st.dates(date(2000, 1, 1), date(2097, 1, 1)),
    st.integers(0, 731),
    st.integers(1, 52),
    st.sets(st.integers(0, 6), min_size=1),
)
def test_days_against_a_count_of_weeks(first: date, length: int, every: int, week_days: set[int]) -> None:
    last = first + timedelta(days=length)
    expected, day = [], first
    while day <= last:
        weeks = (day.toordinal() - day.weekday() - (first.toordinal() - first.weekday())) // 7
        if weeks % every == 0 and day.weekday() in week_days:
            expected.append(day)
        day += timedelta(days=1)
    assert series.list_days(first, last, every, sorted(week_days)) == expected


def test_each_visit_of_a_series_has_a_key_of_its_own(calendar: Calendar) -> None:
    first = calendar.book(recur_end_date="2026-03-16")
    series = calendar.list_appointments(date_range="2026-03-01/2026-03-31")
    assert [row["recurrence_instance_key"] for row in series] == [
        f"{first['id']}-{row['id']}" for row in series
    ]
    assert len(series) == 3
    moved = calendar.change_and_read(series[1], scheduled_time="2026-03-10T11:00:00")
    assert moved["recurrence_instance_key"] == series[1]["recurrence_instance_key"]
    assert calendar.book("2026-03-04T09:00:00")["recurrence_instance_key"] == ""
