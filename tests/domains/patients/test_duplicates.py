"""The practice's switch that refuses a second patient of the same name, birthday and gender."""

from typing import Any

import pytest

from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.domains.caller import Caller, at_once
from tests.support import make_doctor, make_practice


@pytest.fixture
def strict() -> Caller:
    return Caller(make_practice(refuse_duplicate_patients=True))


def test_the_switch_is_off_by_default(caller: Caller) -> None:
    caller.new()
    caller.new()


@pytest.mark.parametrize("path", ["patients", "patients_summary"])
def test_a_duplicate_is_a_conflict(strict: Caller, path: str) -> None:
    strict.new(patient_status="I")
    response = strict.post(path, strict.patient(first_name="AMARA", last_name="okafor"))
    assert response.status_code == 409
    assert "Amara" not in response.text
    assert "AMARA" not in response.text
    assert strict.new(path, allow_duplicates=True)["id"]
    url = f"/api/{path}?allow_duplicates=true"
    assert strict.http.post(url, json=strict.patient()).status_code == 201
    assert strict.post(path, strict.patient(allow_duplicates=False)).status_code == 409


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Amina"},
        {"last_name": "Okafo"},
        {"gender": "Other"},
        {"date_of_birth": "1987-04-13"},
        {"date_of_birth": None},
        {"first_name": ""},
    ],
)
def test_patients_that_are_no_duplicates(strict: Caller, other: dict[str, Any]) -> None:
    strict.new()
    strict.new(**other)
    if not all(other.values()):
        strict.new(**other)  # too little is known to take anybody for somebody


def test_deleted_patients_are_no_duplicates(strict: Caller) -> None:
    gone = strict.new()["id"]
    assert strict.http.delete(f"/api/patients/{gone}").status_code == 204
    strict.new()


def test_the_whole_practice_counts_and_no_other() -> None:
    clinic = make_practice(sharing=(), refuse_duplicate_patients=True)
    stranger = Caller(make_practice(refuse_duplicate_patients=True))
    theirs = Caller(clinic, doctor=make_doctor(clinic.practice))
    theirs.new()
    mine = Caller(clinic)
    assert mine.post("patients", mine.patient()).status_code == 409
    stranger.new()


def test_a_list_with_a_duplicate_writes_nothing(strict: Caller) -> None:
    assert strict.post("patients", [strict.patient(), strict.patient()]).status_code == 409
    assert strict.ids() == []


def test_of_concurrent_requests_one_succeeds(strict: Caller) -> None:
    def make(index: int) -> int:
        name = "Amara" if index % 2 else "AMARA"
        return strict.post("patients", strict.patient(first_name=name)).status_code

    assert sorted(at_once(12, make)) == [201] + [409] * 11
    with tenancy.within(strict.clinic.id):
        assert Patient.objects.count() == 1
