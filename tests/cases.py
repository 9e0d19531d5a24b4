"""Tests made of many small cases: one test runs them all and its failure names each case that failed.

pytest spends about 5 ms of CPU and 30 kB on an item of its own, more than most of these cases take. ``--case TEXT``
runs the cases alone whose name, with the names of the cases around it, contains the text.

A case begins as a test does: without a practice, and with nothing patched by the ``monkeypatch`` of another case. All
other fixtures are those of the item.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

import pytest

from charthouse.identity import tenancy

SHOWN = 8  # tracebacks of a test; the names of all failed cases are in its message
Decorator = Callable[[Callable[..., None]], Callable[..., None]]
_selected: tuple[str, ...] = ("",)
_around: list[str] = []  # names of the cases that are running


def select(text: str) -> None:
    """Run only the cases whose name contains ``text``, or one of several texts that commas separate."""
    global _selected
    _selected = tuple(text.split(","))


def each_case(
    names: str | Sequence[str],
    values: Iterable[Any],
    *,
    ids: Callable[[Any], str] | Iterable[str] = str,
    by: Callable[..., str] | None = None,
) -> Decorator:
    """Run the test for each of ``values``, as ``pytest.mark.parametrize`` would, without an item for each.

    ``by`` gives the name of a case's group from its arguments: each group is an item. Decorators can be stacked, the
    one with ``by`` on top.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    values = list(values)
    titles = [ids(value) for value in values] if callable(ids) else list(ids)
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for title, value in zip(titles, values, strict=True):
        arguments = dict(zip(names, (value,) if len(names) == 1 else value, strict=True))
        groups.setdefault(by(**arguments) if by else "", {})[title] = arguments
    assert sum(map(len, groups.values())) == len(values), "two cases have one name"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)
        assert "group_of_cases" not in signature.parameters, "the decorator with `by` goes on top"
        others = [parameter for name, parameter in signature.parameters.items() if name not in names]
        group = inspect.Parameter("group_of_cases", inspect.Parameter.KEYWORD_ONLY)

        @wraps(test)
        def run(group_of_cases: str = "", **fixtures: Any) -> None:
            _run(test, groups[group_of_cases], fixtures)

        run.runs_cases = True  # type: ignore[attr-defined]
        run.__signature__ = signature.replace(parameters=[*others, group] if by else others)  # type: ignore[attr-defined]
        return pytest.mark.parametrize("group_of_cases", list(groups))(run) if by else run

    return decorate


def _run(
    test: Callable[..., None], cases: Mapping[str, Mapping[str, Any]], fixtures: Mapping[str, Any]
) -> None:
    __tracebackhide__ = True
    failed: dict[str, Exception] = {}
    ran = skipped = 0
    for title, arguments in cases.items():
        name = "/".join((*_around, title))
        if not any(text in name for text in _selected) and not hasattr(test, "runs_cases"):
            continue
        ran += 1
        try:
            _run_case(test, title, {**fixtures, **arguments})
        except pytest.skip.Exception:
            skipped += 1
        except Exception as error:
            error.add_note(f"Case: {name}")
            failed[title] = error
        except pytest.fail.Exception as error:
            failed[title] = AssertionError(f"{error.msg}\nCase: {name}")
    if failed:
        named = ", ".join(failed)
        raise ExceptionGroup(f"{len(failed)} of {ran} cases failed: {named}", list(failed.values())[:SHOWN])
    if ran == skipped:
        pytest.skip("every case was skipped" if ran else "no case is selected")


def _run_case(test: Callable[..., None], title: str, arguments: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    tenancy.clear_tenant()
    _around.append(title)
    try:
        test(**arguments)
    finally:
        _around.pop()
        if "monkeypatch" in arguments:
            arguments["monkeypatch"].undo()
