"""Vitals through Cerbo's API: those of DrChrono's visits, and readings outside of visits."""

from typing import Any

import httpx
import pytest

from charthouse.domains.scheduling.models import CustomVital
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.support import make_api_user


class Program:
    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.http = make_api_user(calendar.clinic.practice).client()

    def url(self, kind: Any) -> str:
        return f"/api/v1/patients/{self.calendar.patient_id}/vitals/{kind}"

    def post(self, kind: Any, **values: Any) -> httpx.Response:
        return self.http.post(self.url(kind), json=values)

    def list_rows(self, kind: Any) -> list[dict[str, Any]]:
        answer = self.http.get(self.url(kind))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def program(calendar: Calendar) -> Program:
    return Program(calendar)


FLOW = {"name": "Peak flow", "data_type": "number", "unit": "L/min"}


@pytest.fixture
def flow(calendar: Calendar) -> int:
    """The definition of a vital that is a number."""
    with tenancy.within(calendar.clinic.id):
        made = CustomVital.objects.create(
            practice=calendar.clinic.practice,
            doctor=calendar.doctor,
            name="Peak flow",
            data_type="number",
            unit="L/min",
        )
    return made.pk


def test_readings_at_visits_and_outside_of_visits(calendar: Calendar, program: Program, flow: int) -> None:
    visit = calendar.book(
        vitals={"blood_pressure_1": 130, "blood_pressure_2": 85, "pulse": 70, "height": 67, "weight": 150},
        custom_vitals=[{"vital_type": flow, "value": "410"}],
    )
    made = program.post(
        "bp", systolic="121", diastolic="79", comments="At home", date_taken="2026-03-05 08:00 EST"
    )
    assert made.status_code == 200, made.text
    program.post(flow, value="390", abnormal=True)
    at_visit, own = program.list_rows("bp")
    assert (at_visit["systolic"], at_visit["diastolic"], at_visit["pulse"], at_visit["units"]) == (
        130,
        85,
        70,
        "mmHg",
    )
    assert (at_visit["date_taken"], at_visit["addedby"]) == (f"{DAY} 14:00:00", calendar.user.pk)
    assert own == made.json()
    assert (own["date_taken"], own["addedby"], own["pt_id"]) == (
        "2026-03-05 13:00:00",
        99999,
        calendar.patient_id,
    )
    assert [(row["height"], row["units"]) for row in program.list_rows("height")] == [(67, "inches")]
    assert [(row["weight"], row["units"]) for row in program.list_rows("weight")] == [(150, "lbs")]
    first, second = program.list_rows(flow)
    assert (first["value"], first["encounter_id"]) == ("410", int(visit["id"]))
    assert first["url_encounter"].endswith(f"/api/v1/encounters/{visit['id']}")
    assert (second["value"], second["abnormal"], second["units"]) == ("390", True, "L/min")
    assert (second["encounter_id"], second["url_encounter"]) == (None, None)
    calendar.http.delete(f"/api/appointments/{visit['id']}")
    assert program.list_rows("bp") == [own]
    assert calendar.read_appointment(visit)["vitals"]["blood_pressure_1"] == 130


def test_readings_of_others_are_not_listed(calendar: Calendar, program: Program) -> None:
    other = Program(Calendar(clinic=calendar.clinic))
    other.post("weight", weight=60, units="kg")
    assert program.list_rows("weight") == []
    assert len(other.list_rows("weight")) == 1


@pytest.mark.parametrize(
    ("kind", "values", "key"),
    [
        ("bp", {"pulse": 60}, "systolic"),
        ("bp", {"systolic": -1}, "systolic"),
        ("bp", {"systolic": 120, "pulse": "fast"}, "pulse"),
        ("height", {}, "height"),
        ("height", {"height": 1001}, "height"),
        ("weight", {"weight": 60, "units": "stone"}, "units"),
        ("weight", {"weight": 60, "date_taken": "2026-03-05 08:00 XYZ"}, "date_taken"),
        ("weight", {"weight": 60, "date_taken": "yesterday"}, "date_taken"),
        ("weight", {"weight": 60, "date_taken": "9999-12-31 23:00 PST"}, "date_taken"),
    ],
)
def test_what_is_refused(program: Program, kind: str, values: dict[str, Any], key: str) -> None:
    answer = program.post(kind, **values)
    assert answer.status_code == 400
    assert key in answer.json()["error"]["fields"]


def test_values_fit_their_definition(program: Program, flow: int) -> None:
    answer = program.post(flow, value="strong")
    assert list(answer.json()["error"]["fields"]) == ["value"]
    assert program.post(flow).status_code == 400
    assert program.post(999_999, value="1").status_code == 404


def test_definitions_with_values(program: Program, flow: int) -> None:
    def shown(**parameters: str) -> list[int]:
        return [row["id"] for row in program.http.get("/api/v1/vitals", params=parameters).json()["data"]]

    assert shown() == []
    assert shown(show_all="true") == [flow]
    assert shown(show_all="false") == []
    assert program.http.get(f"/api/v1/vitals/{flow}").json()["units"] == "L/min"
    program.post(flow, value="400")
    assert shown() == [flow]


def test_a_measure_that_several_doctors_have_set_up_is_one(
    calendar: Calendar, program: Program, flow: int
) -> None:
    with tenancy.within(calendar.clinic.id):
        others = [
            CustomVital.objects.create(
                practice=calendar.clinic.practice, doctor=calendar.add_colleague(), **FLOW | values
            ).pk
            for values in ({}, {"name": " peak FLOW"}, {"unit": "L/s"})
        ]
    assert program.post(flow, value="400").status_code == 200
    calendar.book(custom_vitals=[{"vital_type": others[1], "value": "410"}])
    shown = program.http.get("/api/v1/vitals").json()["data"]
    assert [one["id"] for one in shown] == [flow]
    shown = program.http.get("/api/v1/vitals?show_all=true").json()["data"]
    assert [one["id"] for one in shown] == [flow, others[2]]
    assert sorted(one["value"] for one in program.list_rows(flow)) == ["400", "410"]
    assert {
        (one["vital_id"], one["vital_url"][-len(f"/vitals/{flow}") :]) for one in program.list_rows(flow)
    } == {(flow, f"/vitals/{flow}")}
    assert program.list_rows(others[2]) == []


def test_a_value_taken_during_a_visit_is_shown_there(calendar: Calendar, program: Program, flow: int) -> None:
    """The first one of a measure; others stay outside of it, and all of them are listed."""
    visit = calendar.book(duration=30)

    def at_visit() -> list[str]:
        shown = calendar.http.get(f"/api/appointments/{visit['id']}?verbose=true").json()
        return [one["value"] for one in shown["custom_vitals"]]

    before = program.post(flow, value="380", date_taken=f"{DAY} 13:59:59").json()
    assert (before["encounter_id"], at_visit()) == (None, [])
    during = program.post(flow, value="390", date_taken=f"{DAY} 14:10:00").json()
    assert (during["encounter_id"], during["date_taken"]) == (int(visit["id"]), f"{DAY} 14:10:00")
    again = program.post(flow, value="400", date_taken=f"{DAY} 14:20:00").json()
    after = program.post(flow, value="405", date_taken=f"{DAY} 14:30:00").json()
    assert (again["encounter_id"], after["encounter_id"], at_visit()) == (None, None, ["390"])
    assert calendar.http.delete(f"/api/appointments/{visit['id']}").status_code == 204
    assert [one["value"] for one in program.list_rows(flow)] == ["380", "390", "400", "405"]
