"""A patient's death is one fact, whoever writes it and wherever it is read; what follows from it, and undoing it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.cases import each_case
from tests.domains.caller import Caller

DAY = "2026-03-04"


class Shown:
    """A patient as both APIs show it."""

    def __init__(self, caller: Caller, program: httpx.Client, **values: Any) -> None:
        self.caller, self.program = caller, program
        self.id = caller.new(**values)["id"]

    def patch(self, **values: Any) -> None:
        answer = self.caller.patch(self.id, **values)
        assert answer.status_code == 204, answer.text

    def patch_cerbo(self, **values: Any) -> None:
        answer = self.program.patch(f"patients/{self.id}", json=values)
        assert answer.status_code == 200, answer.text

    def read(self) -> tuple[str, str | None, str, bool]:
        one = self.caller.get(self.id)
        other = self.program.get(f"patients/{self.id}").json()
        return (
            one["patient_status"],
            one["date_of_death"],
            other["patient_status_description"],
            other["inactive"],
        )


@pytest.fixture
def shown(caller: Caller, program: httpx.Client) -> Shown:
    return Shown(caller, program)


ALIVE = ("A", None, "active", False)
DEAD = ("D", None, "deceased", True)
DATED = ("D", DAY, "deceased", True)
Write = Callable[[Shown], None]
WRITES: dict[str, tuple[Write, Any, Write]] = {
    "a date": (lambda p: p.patch(date_of_death=DAY), DATED, lambda p: p.patch(date_of_death=None)),
    "DrChrono's status": (lambda p: p.patch(patient_status="D"), DEAD, lambda p: p.patch(patient_status="A")),
    "Cerbo's status": (
        lambda p: p.patch_cerbo(inactive="deceased"),
        DEAD,
        lambda p: p.patch_cerbo(inactive="active"),
    ),
    "a date, undone by status": (
        lambda p: p.patch(date_of_death=DAY),
        DATED,
        lambda p: p.patch(patient_status="A"),
    ),
    "a date, undone in Cerbo": (
        lambda p: p.patch(date_of_death=DAY),
        DATED,
        lambda p: p.patch_cerbo(inactive="active"),
    ),
    "a date with the status of a form": (
        lambda p: p.patch(date_of_death=DAY, patient_status="A"),
        DATED,
        lambda p: p.patch(date_of_death=DAY, patient_status="A"),
    ),
}


@each_case("name", WRITES)
def test_each_way_of_saying_it_says_all_and_undoing_it_restores(shown: Shown, name: str) -> None:
    say, expected, undo = WRITES[name]
    assert shown.read() == ALIVE
    say(shown)
    assert shown.read() == expected
    assert shown.caller.get(shown.id)["id"] not in shown.caller.ids()
    undo(shown)
    assert shown.read() == ALIVE


@each_case(("values", "before"), [({"patient_status": "I"}, "inactive"), ({}, "active")])
def test_undoing_it_by_the_date_gives_the_status_of_before(
    caller: Caller, program: httpx.Client, values: dict[str, Any], before: str
) -> None:
    patient = Shown(caller, program)
    patient.patch(**values)
    patient.patch(date_of_death=DAY)
    assert patient.read() == DATED
    patient.patch(date_of_death=None)
    assert patient.read()[2] == before


def test_a_prospective_patient_is_prospective_again(shown: Shown) -> None:
    shown.patch_cerbo(inactive="prospective")
    shown.patch(date_of_death=DAY)
    assert shown.read() == DATED
    shown.patch(date_of_death=None)
    assert shown.read()[2] == "prospective"


def test_a_new_patient_with_a_date_of_death_is_deceased(caller: Caller, program: httpx.Client) -> None:
    assert Shown(caller, program, date_of_death=DAY).read() == DATED


def test_a_date_can_be_unknown(shown: Shown) -> None:
    """Who says the status in the same request means that the date alone is wrong."""
    shown.patch(date_of_death=DAY)
    shown.patch(date_of_death=None, patient_status="D")
    assert shown.read() == DEAD


def test_a_date_and_another_new_status_contradict_each_other(shown: Shown) -> None:
    answer = shown.caller.patch(shown.id, date_of_death=DAY, patient_status="I")
    assert answer.status_code == 400
    assert list(answer.json()) == ["date_of_death"]
    assert shown.read() == ALIVE
