"""A test of many cases runs every one of them and names each that fails."""

import inspect

import pytest

from tests import cases
from tests.cases import each_case

NUMBERS = [("even", 2), ("odd", 3), ("odd", 5)]


def test_every_case_runs_and_each_failure_is_named() -> None:
    seen = []

    @each_case(("kind", "number"), NUMBERS, ids=[str(number) for _, number in NUMBERS])
    def check(sign: int, kind: str, number: int) -> None:
        seen.append(sign * number)
        assert kind == "even", f"{number} is {kind}"

    with pytest.raises(ExceptionGroup, match="2 of 3 cases failed: 3, 5") as caught:
        check(sign=-1)
    assert seen == [-2, -3, -5]
    assert [error.__notes__ for error in caught.value.exceptions] == [["Case: 3"], ["Case: 5"]]
    assert list(inspect.signature(check).parameters) == ["sign"]


def test_a_group_is_an_item_of_its_own() -> None:
    seen = []

    @each_case(("kind", "number"), NUMBERS, by=lambda kind, number: kind)
    def check(kind: str, number: int) -> None:
        seen.append(number)

    (mark,) = check.pytestmark  # type: ignore[attr-defined]
    assert mark.args == ("group_of_cases", ["even", "odd"])
    check(group_of_cases="odd")
    assert seen == [3, 5]


def test_one_case_can_be_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    check = each_case("word", ["one", "two"])(lambda word: seen.append(word))
    monkeypatch.setattr(cases, "_selected", ("tw",))
    check()
    assert seen == ["two"]
    monkeypatch.setattr(cases, "_selected", ("three",))
    with pytest.raises(pytest.skip.Exception):
        check()


def test_a_case_within_cases_is_selected_by_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    @each_case("color", ["red", "blue"])
    @each_case("size", ["big", "small"])
    def check(color: str, size: str) -> None:
        seen.append(f"{color} {size}")

    for text, found in (("blue", ["blue big", "blue small"]), ("big", ["red big", "blue big"])):
        monkeypatch.setattr(cases, "_selected", (text,))
        check()
        assert seen == found
        seen.clear()


def test_what_a_case_patches_is_undone_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    @each_case("number", [1, 2])
    def check(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        assert shown == cases.SHOWN
        monkeypatch.setattr(cases, "SHOWN", -number)

    shown = cases.SHOWN
    check(monkeypatch=monkeypatch)
    assert shown == cases.SHOWN


def test_a_test_that_skips_every_case_is_skipped() -> None:
    def skip(number: int) -> None:
        pytest.skip(str(number))

    with pytest.raises(pytest.skip.Exception):
        each_case("number", [1, 2])(skip)()


def test_two_cases_of_one_name_are_refused() -> None:
    with pytest.raises(AssertionError, match="one name"):
        each_case("number", [1, 1])(print)
