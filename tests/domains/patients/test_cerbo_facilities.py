"""Laboratories, pharmacies and specialists of patients through Cerbo."""

from typing import Any

import httpx
import pytest

from charthouse.domains.patients.models import Facility
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.support import make_api_user


@pytest.fixture
def program(caller: Caller) -> httpx.Client:
    http = make_api_user(caller.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def facility(caller: Caller, kind: str, name: str, **values: Any) -> int:
    with tenancy.within(caller.clinic.practice.pk):
        return int(
            Facility.objects.create(practice=caller.clinic.practice, kind=kind, name=name, **values).pk
        )


@pytest.mark.parametrize(("kind", "path"), [("laboratory", "laboratories"), ("specialist", "specialists")])
def test_the_order_of_a_patients_facilities(
    caller: Caller, program: httpx.Client, kind: str, path: str
) -> None:
    url, key = f"patients/{caller.new()['id']}/{path}", f"{kind}_id"
    first, second, third = (facility(caller, kind, f"Number {n}") for n in range(3))

    def order() -> list[tuple[int, int]]:
        rows = program.get(url).json()["data"]
        return sorted((row["priority_order"], row[key]) for row in rows)

    for row in (first, second):
        program.post(url, json={key: row})
    assert order() == [(1, first), (2, second)]
    made = program.post(url, json={key: third, "set_as_primary": True, "note": "Near home"}).json()
    assert (made["priority_order"], made["note"], made["addedby"]) == (1, "Near home", 99999)
    assert made[f"{kind}_details"]["name"] == "Number 2"
    assert order() == [(1, third), (2, first), (3, second)]
    again = program.post(url, json={key: third, "priority_order": 9, "set_as_primary": True}).json()
    assert again["id"] == made["id"]
    assert order() == [(2, first), (3, second), (9, third)]
    assert program.post(url, json={key: second}).json()["priority_order"] == 3
    assert program.delete(f"{url}/{made['id']}").json()["result"] is True
    assert order() == [(2, first), (3, second)]
    assert program.post(url, json={key: third}).json()["id"] != made["id"]
    assert order() == [(2, first), (3, second), (4, third)]
    elsewhere = f"patients/{caller.new(first_name='Imani')['id']}/{path}"
    assert program.post(elsewhere, json={key: first}).json()["priority_order"] == 1


def test_a_facility_of_another_kind_is_none(caller: Caller, program: httpx.Client) -> None:
    url, row = f"patients/{caller.new()['id']}", facility(caller, "pharmacy", "Corner Drug")
    for key, path in (("laboratory_id", "laboratories"), ("specialist_id", "specialists")):
        answer = program.post(f"{url}/{path}", json={key: row, "note": "x" * 256, "priority_order": -1})
        assert answer.status_code == 400
        assert {"note", "priority_order"} <= set(answer.json()["error"]["fields"])
        assert program.post(f"{url}/{path}", json={key: row}).status_code == 400
    assert program.get("laboratories").json()["data"] == []
    assert program.get("specialists").status_code == 404


def test_laboratories_are_found_by_place_and_brand(caller: Caller, program: httpx.Client) -> None:
    facility(caller, "laboratory", "A", city="Boulder", state="CO", company_brand="Summit Labs")
    facility(caller, "laboratory", "B", city="Denver", state="CO", company_brand="Summit Labs")

    def found(**parameters: str) -> list[str]:
        return [row["name"] for row in program.get("laboratories", params=parameters).json()["data"]]

    assert found(state="co") == ["A", "B"]
    assert found(city="boulder") == ["A"]
    assert found(**{"company-brand": "summit%", "city": "Denver"}) == ["B"]
    assert found(city="Bould") == []


def test_pharmacies_are_those_that_the_patients_row_names(caller: Caller, program: httpx.Client) -> None:
    near = facility(caller, "pharmacy", "Near", ncpdp_id="9900001", city="Boulder")
    far = facility(caller, "pharmacy", "Far", ncpdp_id="9900002")
    patient = caller.new()["id"]
    assert program.get(f"patients/{patient}/pharmacies").json()["data"] == []
    caller.patch(
        patient, default_pharmacy="9900002", preferred_pharmacies=["9900001", "9900002", "9999999", ""]
    )
    rows = program.get(f"patients/{patient}/pharmacies").json()["data"]
    assert [(row["priority_order"], row["pharmacy_id"]) for row in rows] == [(1, far), (2, near)]
    assert (rows[1]["pharmacy_details"]["name"], rows[1]["pharmacy_details"]["city"]) == ("Near", "Boulder")
