"""Chart numbers: made from the name and unique."""

import pytest

from charthouse.domains.patients.hooks import make_chart_prefix
from tests.domains.caller import Caller, at_once


@pytest.mark.parametrize(
    ("first_name", "last_name", "prefix"),
    [
        ("Amara", "Okafor", "OkAm"),
        ("ANNA", "o'brien", "ObAn"),
        ("Łucja", "Żak", "ZaUc"),  # Ł has no plain letter of its own
        ("", "", "XXXX"),
        ("J", "", "XxJx"),
        ("李", "王", "XXXX"),
        ("1", "; drop", "DrXX"),
    ],
)
def test_prefix(first_name: str, last_name: str, prefix: str) -> None:
    assert make_chart_prefix(first_name, last_name).upper() == prefix.upper()


def test_numbers_go_on_after_the_highest_in_use(caller: Caller) -> None:
    assert caller.new()["chart_id"] == "OkAm000001"
    assert caller.new(chart_id="OkAm000007")["chart_id"] == "OkAm000007"
    assert caller.new(first_name="Amanda")["chart_id"] == "OkAm000008"
    assert caller.new(first_name="Bo")["chart_id"] == "OkBo000001"
    assert caller.new(chart_id="OkAm9")["chart_id"] == "OkAm9"  # not of our making, so it doesn't count
    gone = caller.new()
    assert gone["chart_id"] == "OkAm000009"
    assert caller.http.delete(f"/api/patients/{gone['id']}").status_code == 204
    assert caller.new()["chart_id"] == "OkAm000010"
    assert caller.new(chart_id="")["chart_id"] == "OkAm000011"
    assert caller.new(chart_id=None)["chart_id"] == "OkAm000012"


def test_numbers_outgrow_six_digits(caller: Caller) -> None:
    caller.new(chart_id="OkAm999999")
    assert caller.new()["chart_id"] == "OkAm1000000"
    assert caller.new()["chart_id"] == "OkAm1000001"


def test_a_chart_number_can_not_be_emptied(caller: Caller) -> None:
    made = caller.new()
    assert caller.patch(made["id"], last_name="Bello", chart_id="").status_code == 204
    assert (
        caller.http.put(f"/api/patients/{made['id']}", json=caller.patient(last_name="B")).status_code == 204
    )
    assert caller.get(made["id"])["chart_id"] == made["chart_id"]
    assert caller.patch(made["id"], chart_id="A-1").status_code == 204
    assert caller.get(made["id"])["chart_id"] == "A-1"


def test_each_practice_counts_for_itself(caller: Caller) -> None:
    assert caller.new()["chart_id"] == Caller().new()["chart_id"] == "OkAm000001"


def test_patients_created_concurrently_get_different_numbers(caller: Caller) -> None:
    def make(index: int) -> str:
        # every other one comes by the summary, and each list takes two names in another order
        names = [{"first_name": "Amara"}, {"first_name": "Bo"}]
        bodies = [caller.patient(**name) for name in names[:: 1 if index % 2 else -1]]
        path = "patients" if index % 3 else "patients_summary"
        response = caller.post(path, bodies)
        assert response.status_code == 201, response.text
        return [row["chart_id"] for row in response.json()]

    charts = [chart for made in at_once(8, make) for chart in made]
    expected = {f"{prefix}{number:06}" for prefix in ("OkAm", "OkBo") for number in range(1, 9)}
    assert len(charts) == 16
    assert set(charts) == expected
