"""What cannot be measured is refused by both APIs, by the table of limits; what was measured is kept as it was."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.domains import limits
from tests.domains.scheduling.calendar import Calendar
from tests.domains.scheduling.test_cerbo_vitals import Program

DOCUMENT = Path(__file__).parents[3] / "docs" / "limits.md"
UNITS = {
    "height": ("cm", "inches"), "head_circumference": ("cm", "inches"), "weight": ("kg", "lbs"),
    "temperature": ("c", "f"),
}  # fmt: skip
EDGES = [
    (kind, unit, value, possible)
    for kind, limit in limits.LIMITS.items()
    for unit in UNITS.get(kind, ("",))
    for low, high in [limits.get_range(kind, unit or limit.unit)]
    for value, possible in (
        (low - Fraction(1, 100), False),
        (low - 1, False),
        (high + Fraction(1, 100), False),
        (high + 1, False),
        (low + Fraction(1, 100), True),
        (high - Fraction(1, 100), True),
    )
    if kind in UNITS or kind == "oxygen_saturation" or value.denominator == 1
]


def test_the_page_has_the_table() -> None:
    rows = re.findall(
        r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| (\S+) \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE
    )
    assert rows == [
        (kind, str(limit.low), str(limit.high), limit.unit, limit.source)
        for kind, limit in limits.LIMITS.items()
    ]


def test_the_page_has_the_codes_of_results() -> None:
    text = DOCUMENT.read_text().partition("## Results")[2].partition("## Dates")[0]
    assert sorted(re.findall(r"\b\d{3,5}-\d\b", text)) == sorted(limits.RESULT_LIMITS)


@given(st.decimals(0, 500, places=6), st.sampled_from(["inches", "lbs", "f"]))
def test_conversions_are_exact(value: Any, unit: str) -> None:
    found, _ = limits.convert(value, unit)
    back = {
        "inches": found / Fraction("2.54"),
        "lbs": found / Fraction("0.45359237"),
        "f": found * 9 / 5 + 32,
    }
    assert back[unit] == Fraction(value)


def test_vitals_of_visits(calendar: Calendar) -> None:
    visit = calendar.book()
    wrong = []
    for kind, unit, value, possible in EDGES:
        number = int(value) if value.denominator == 1 else float(value)
        body = {kind: number} | ({f"{kind}_units": unit} if unit else {})
        answer = calendar.change(visit, vitals=body)
        if answer.status_code != (204 if possible else 400) or (
            not possible and set(answer.json()["vitals"]) != {kind}
        ):
            wrong.append((kind, unit, number, answer.text))
        calendar.change(visit, vitals=dict.fromkeys([kind]))
    assert wrong == []


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"blood_pressure_1": 80, "blood_pressure_2": 120}, "blood_pressure_2"),
        ({"blood_pressure_2": 131}, "blood_pressure_2"),
        ({"blood_pressure_1": 70}, "blood_pressure_2"),
        ({"temperature": 200}, "temperature"),
        ({"temperature_units": "c"}, "temperature"),
        ({"weight": 0}, "weight"),
        ({"height": -3}, "height"),
        ({"pain": "11"}, "pain"),
    ],
    ids=str,
)
def test_a_change_is_judged_with_what_is_there(
    calendar: Calendar, values: dict[str, Any], wrong: str
) -> None:
    visit = calendar.book(vitals={"blood_pressure_1": 130, "blood_pressure_2": 85, "temperature": 98.6})
    answer = calendar.change(visit, vitals=values)
    assert answer.status_code == 400
    assert set(answer.json()["vitals"]) == {wrong}
    assert calendar.read_appointment(visit)["vitals"]["blood_pressure_1"] == 130


@pytest.mark.parametrize(
    ("kind", "values", "wrong"),
    [
        ("bp", {"systolic": 80, "diastolic": 120}, "diastolic"),
        ("bp", {"systolic": "500"}, "systolic"),
        ("bp", {"systolic": 120, "pulse": 600}, "pulse"),
        ("height", {"height": 5}, "height"),
        ("height", {"height": 300, "units": "cm"}, "height"),
        ("weight", {"weight": "0.1", "units": "kg"}, "weight"),
        ("weight", {"weight": 2000}, "weight"),
        ("bp", {"systolic": 120, "date_taken": "2099-01-01 00:00:00"}, "date_taken"),
        ("weight", {"weight": 120, "date_taken": "2099-01-01 00:00 EST"}, "date_taken"),
        ("weight", {"weight": 120, "date_taken": "0001-01-01 00:00:00"}, "date_taken"),
    ],
    ids=str,
)
def test_readings(calendar: Calendar, kind: str, values: dict[str, Any], wrong: str) -> None:
    program = Program(calendar)
    answer = program.post(kind, **values)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {wrong}
    assert program.list_rows(kind) == []


def test_what_was_measured_is_kept(calendar: Calendar) -> None:
    program = Program(calendar)
    assert program.post("weight", weight=3.2555, units="kg").status_code == 200
    assert program.post("height", height="51.123456", units="cm").status_code == 200
    assert [row["weight"] for row in program.list_rows("weight")] == [3.2555]
    assert [row["height"] for row in program.list_rows("height")] == [51.123456]
    visit = calendar.book(vitals={"weight": 3.2555, "weight_units": "kg", "temperature": "98.625"})
    assert (visit["vitals"]["weight"], visit["vitals"]["temperature"]) == (3.2555, 98.625)


def test_orders_of_dates(calendar: Calendar) -> None:
    body = {"patient": calendar.patient_id, "name": "Metformin", "date_started_taking": "2026-03-02"}
    answer = calendar.post(
        "medications", {"doctor": calendar.doctor.pk, "date_stopped_taking": "2026-03-01"} | body
    )
    assert answer.status_code == 400
    assert set(answer.json()) == {"date_stopped_taking"}
    made = calendar.new("medications", date_stopped_taking="2026-03-02", **body)
    answer = calendar.patch(made["id"], "medications", date_stopped_taking="2026-03-01")
    assert answer.status_code == 400
    assert calendar.patch(made["id"], "medications", date_started_taking="2026-03-03").status_code == 400
    assert calendar.patch(made["id"], "medications", date_stopped_taking=None).status_code == 204


@pytest.mark.parametrize("name", ["date_onset", "date_diagnosis", "date_changed"])
def test_problems_have_begun(calendar: Calendar, name: str) -> None:
    body = {"doctor": calendar.doctor.pk, "patient": calendar.patient_id, "icd_code": "I10"}
    for day in ("2099-01-01", "1700-01-01"):
        answer = calendar.post("problems", body | {name: day})
        assert answer.status_code == 400
        assert set(answer.json()) == {name}
