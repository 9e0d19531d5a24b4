"""Lists: pages, page sizes, ``next``, required parameters, and every filter against the database's own answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.models import Q

from charthouse import clock
from charthouse.domains.patients.search_filters import CONTAINS_NAME
from charthouse.engine.declaration.filters import (
    CONTAINS,
    EQUALS,
    EQUALS_FOLDED,
    SINCE,
    Filter,
    OnDay,
)
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.times import parse_timestamp
from charthouse.engine.execution import reading
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case

from .world import World

RESOURCES = [r for r in get_registry() if "GET" in r.method_set]
FILTERS = [(r, f) for r in RESOURCES for f in r.filters]
each = each_case("resource", RESOURCES, ids=lambda r: r.path)
each_filter = each_case(
    ("resource", "parameter"),
    FILTERS,
    ids=[f"{r.path}?{f.name}" for r, f in FILTERS],
)

DAYS = {"start_date": "1900-01-01", "end_date": "2039-01-01"}
SAMPLES = {"since": "2000-01-01", "date": "2030-01-07", "date_range": "2000-01-01/2001-01-01", **DAYS}


def fill_needed(resource: Resource) -> dict[str, str]:
    """Parameters without which the list can't be asked for, as wide as they go."""
    names = [group[0] for group in resource.one_of] + [f.name for f in resource.filters if f.required]
    return {
        name: SAMPLES.get(name, str(resource.filters_by_name[name].schema().get("enum", ["1"])[0]))
        for name in names
    }


def get(world: World, resource: Resource, **parameters: Any) -> Any:
    answer = world.client.get(f"/api/{resource.path}", params=fill_needed(resource) | parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def list_ids(world: World, resource: Resource, **parameters: Any) -> set[int]:
    """The ids of all pages."""
    found: set[int] = set()
    page = get(world, resource, **parameters)
    while True:
        found |= {int(item["id"]) for item in page["results"]}
        if not page["next"]:
            return found
        page = world.client.get(page["next"]).json()


# -- pages ------------------------------------------------------------------------------------------------------


@each
def test_a_walk_over_next_shows_every_row_once_and_keeps_every_parameter(
    world: World, resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)  # links to files change with every second
    for _ in range(4):
        world.new(resource.path)
    asked = fill_needed(resource) | {"page_size": "2", "an unknown one": "kept & escaped", "empty": ""}
    whole = get(world, resource)["results"]
    seen: list[Any] = []
    url: Any = f"/api/{resource.path}"
    parameters: Any = asked
    number = 1
    while url:
        page = world.client.get(url, params=parameters).json()
        seen += page["results"]
        if page["previous"]:
            back = world.client.get(page["previous"]).json()
            assert back["results"] == seen[-len(page["results"]) - 2 :][:2]
        assert bool(page["previous"]) == (number > 1)
        url, parameters, number = page["next"], None, number + 1
        if url:
            query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
            assert query.pop("cursor")
            assert query == asked | {"page": str(number)}
    assert seen[: len(whole)] == whole
    assert len(seen) == len(whole) or len(whole) == resource.page_size.default
    by_number = []
    for page_number in range(1, number):
        by_number += get(world, resource, page_size=2, page=page_number)["results"]
    assert by_number == seen
    assert world.client.get(f"/api/{resource.path}", params=asked | {"page": "9999"}).status_code == 404


@each
def test_page_sizes_out_of_bounds_are_cut_and_nonsense_is_ignored(
    world: World, resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reaches the database as LIMIT is what counts: a row more than the page, to know whether there is a next.
    How a text is read is the same for all, so only one resource gets all of them."""
    limits = []
    bind = reading.bind

    def watched(statement: Any, values: Any) -> Any:
        limits.append(values["limit"] - 1)
        return bind(statement, values)

    monkeypatch.setattr(reading, "bind", watched)
    size = resource.page_size
    verbose = min(size.verbose, size.maximum)
    expected = {"": size.default, "1": 1, "7": 7, str(size.maximum): size.maximum, "100000": size.maximum}
    nonsense = ("x", "0", "-1", "1.5", "9" * 30, "٣")
    expected |= dict.fromkeys(nonsense if resource is RESOURCES[0] else nonsense[:1], size.default)
    for text, limit in expected.items():
        get(world, resource, page_size=text)
        assert limits.pop() == limit, text
        if resource.has_verbose:
            get(world, resource, page_size=text, verbose="true")
            assert limits.pop() == min(limit, verbose), text


@each
@each_case("page", ["0", "-1", "x", "9" * 30, "1.5"])
def test_pages_that_can_not_be(world: World, resource: Resource, page: str) -> None:
    asked = fill_needed(resource) | {"page": page}
    assert world.client.get(f"/api/{resource.path}", params=asked).status_code == 404


@each
@each_case("cursor", ["x", "🙂", "YQ", "a" * 500, "YTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_forged_cursors(world: World, resource: Resource, cursor: str) -> None:
    asked = fill_needed(resource) | {"cursor": cursor}
    assert world.client.get(f"/api/{resource.path}", params=asked).status_code in (200, 404)


@each
def test_required_parameters(world: World, resource: Resource) -> None:
    if not fill_needed(resource):
        return
    bare = world.client.get(f"/api/{resource.path}")
    assert bare.status_code == 400
    for parameter in resource.filters:
        if parameter.required:
            assert parameter.name in bare.json()
    for group in resource.one_of:
        for name in group:
            others = {key: value for key, value in fill_needed(resource).items() if key not in group}
            asked = others | {name: SAMPLES.get(name, "2000-01-01")}
            assert world.client.get(f"/api/{resource.path}", params=asked).status_code == 200


# -- filters ----------------------------------------------------------------------------------------------------


@each_filter
def test_wrong_values_are_refused_and_named(world: World, resource: Resource, parameter: Filter) -> None:
    kind = parameter.schema()
    for text in WRONG.get(kind.get("format") or kind["type"], ()) + (
        ("no such choice",) if "enum" in kind else ()
    ):
        asked = fill_needed(resource) | _with(parameter) | {parameter.name: text}
        answer = world.client.get(f"/api/{resource.path}", params=asked)
        assert answer.status_code == 400, f"{text!r}: {answer.status_code}"
        assert list(answer.json()) == [parameter.name]


WRONG: dict[str, tuple[str, ...]] = {
    "integer": ("x", "1.5", "1 2", "null", "9" * 30),
    "date": ("x", "2024-02-30", "2024-2-3", "20240203", "2024-01-01T00:00:00"),
    "date-range": ("x", "2024-01-01", "2024-01-02/2024-01-01", "2024-01-01/x", "2030-01-01/2039-01-01"),
    "timestamp": ("x", "2024-02-30", "yesterday", "2024-01-01T25:00:00"),
}


HOSTILE = (
    *(
        "\x00",
        "a\x00",
        "%",
        "_",
        "\\",
        "'",
        '"',
        "{}",
        ",,,",
        "1,x",
        "-1",
        " 1 ",
        "1" * 200,
        "\u0664",
        "ä" * 2_000,
    ),
    *(
        "0001-01-01",
        "9999-12-31",
        "0001-01-01/9999-12-31",
        "9999-12-31T23:59:59-23:59",
        "2024-01-01T24:00:00",
    ),
)


LONG = 500  # characters


@each
def test_hostile_values_never_fail(world: World, resource: Resource) -> None:
    """Each text for all parameters at once, then for those that take it; one by one where they don't go together."""
    for text in HOSTILE:
        taken = {parameter.name for parameter in resource.filters}
        if len(text) > LONG:  # together they make a URL that the client refuses
            for name in taken:
                ask(world, resource, {name: text})
            continue
        while taken:
            answer = ask(world, resource, dict.fromkeys(taken, text))
            if answer.status_code == 200:
                break
            refused = taken & answer.json().keys()
            for name in () if refused else taken:
                ask(world, resource, {name: text})
            taken = (taken - refused) if refused else set()


def _with(parameter: Filter) -> dict[str, str]:
    """What the parameter needs beside it."""
    return {name: "1" for name in parameter.needs}


def ask(world: World, resource: Resource, parameters: dict[str, str]) -> Any:
    """The answer for hostile parameters, with what they need beside them."""
    asked = fill_needed(resource)
    for parameter in resource.filters:
        if parameter.name in parameters:
            asked |= _with(parameter)
    asked |= parameters
    answer = world.client.get(f"/api/{resource.path}", params=asked)
    assert answer.status_code in (200, 400), parameters
    return answer


@each_filter
def test_filters_together_with_what_they_need(world: World, resource: Resource, parameter: Filter) -> None:
    if not parameter.needs:
        return
    asked = fill_needed(resource) | {parameter.name: "2030-01-07"}
    if parameter.is_flag:
        assert get(world, resource, **asked) == get(world, resource), "a flag alone is ignored"
        return
    answer = world.client.get(f"/api/{resource.path}", params=asked)
    assert answer.status_code == 400
    assert list(answer.json()) == [parameter.name]


@each_filter
def test_narrows_as_it_says(world: World, resource: Resource, parameter: Filter) -> None:
    """The rows of the list are those that the database finds by the column's own value; special filters have a test
    of their own in SPECIAL, or the kit fails."""
    if _find_visibility(resource, parameter):
        return  # test_flags_show_hidden_rows
    if (resource.path, parameter.name) in SPECIAL:
        return
    oracle = _find_oracle(parameter)
    assert oracle is not None, "a filter of its own kind needs a test of its own"
    row_id = world.new(resource.path)
    with tenancy.within(world.practice):
        row = resource.model._default_manager.get(pk=row_id)
        texts = oracle(parameter, _path(row, parameter.path), row)
    for text, condition in texts:
        shown = list_ids(world, resource, **{parameter.name: text})
        assert row_id in shown or text.startswith("2999")
        with tenancy.within(world.practice):
            rows = world.visible(resource).filter(condition)
            for name, wanted in fill_needed(resource).items():
                rows = rows if name == parameter.name else rows.filter(_also(resource, name, wanted))
            for visibility in resource.visibilities:
                rows = rows.exclude(visibility.hidden)
            expected = set(rows.values_list("pk", flat=True))
        assert shown == expected, text


DAY_SHEETS = {
    "charges": "charges_date_type report_type claim_type examroom_id pg_mode",
    "credits": "credits_date_type report_type claim_type examroom_id pg_mode",
    "patient_payments": "charges_date_type report_type claim_type examroom_id legacy",
}

# Filters that aren't a column's own value are tested beside their domain (tests/domains).
SPECIAL = {
    ("user_groups", "doctor"),
    ("doctor_work_schedule", "show_all"),
    ("office_work_schedule", "show_all"),
    ("patients", "offices"),
    ("insurances", "term"),
    ("insurances", "payer_type"),
    ("appointments", "date"),
    ("appointments", "date_range"),
    ("schedule_blocks", "date"),
    ("schedule_blocks", "date_range"),
    ("appointments", "ignore_virtual"),
    ("appointments", "occurred_since"),
    ("appointments_list", "date"),
    ("appointments_list", "date_range"),
    ("appointments_list", "ignore_virtual"),
    ("appointments_list", "occurred_since"),
    ("appointment_templates", "available"),
    ("appointment_templates", "strict"),
    ("appointment_templates", "week_day"),
    ("appointment_templates", "week_days"),
    ("custom_insurance_plan_names", "user"),
    ("clinical_notes", "date"),
    ("clinical_notes", "date_range"),
    ("clinical_note_field_values", "show_persistent"),
    ("procedures", "mu_date_range"),
    ("implantable_devices", "mu_date"),
    ("implantable_devices", "mu_date_range"),
    ("care_plans", "plan_type"),
    ("line_items", "service_date"),
    ("line_items", "posted_date"),
    ("transactions", "posted_date"),
    ("eligibility_checks", "appointment_date"),
    ("eligibility_checks", "appointment_date_range"),
    ("eligibility_checks", "query_date"),
    ("eligibility_checks", "query_date_range"),
    ("eligibility_checks", "service_types"),
    ("eligibility_checks", "eligibilities"),
    ("tasks", "due_at_date"),
    ("tasks", "due_at_range"),
    ("tasks", "due_at_unknown"),
    ("line_item_deletions", "since"),
    ("line_item_deletions", "appointment_id"),
    ("patient_authorizations", "date_range"),
    ("fee_schedules_v2", "specialities"),
    ("fee_schedules_v2", "assignees"),
    ("day_sheet_charges", "start_date"),
    ("day_sheet_charges", "end_date"),
    ("day_sheet_charges", "patient_id"),
    ("day_sheet_charges", "office_id"),
    ("day_sheet_credits", "start_date"),
    ("day_sheet_credits", "end_date"),
    ("day_sheet_credits", "patient_id"),
    ("day_sheet_credits", "office_id"),
    ("day_sheet_patient_payments", "start_date"),
    ("day_sheet_patient_payments", "end_date"),
    ("day_sheet_patient_payments", "patient_id"),
    ("day_sheet_patient_payments", "office"),
    *((f"day_sheet_{sheet}", name) for sheet, names in DAY_SHEETS.items() for name in names.split()),
}


def test_every_special_filter_has_its_test() -> None:
    there = {(resource.path, parameter.name) for resource, parameter in FILTERS}
    assert sorted(SPECIAL - there) == []
    tests = "".join(path.read_text() for path in (Path(__file__).parents[1] / "domains").rglob("test_*.py"))
    assert [f"{path}?{name}" for path, name in sorted(SPECIAL) if name not in tests] == []


def _also(resource: Resource, name: str, wanted: str) -> Q:
    parameter = resource.filters_by_name[name]
    if parameter.operator is SINCE:
        return Q(**{f"{parameter.path}__gte": parse_timestamp(wanted)})
    return Q(**{parameter.path: wanted})


def _path(row: Any, path: str) -> Any:
    for step in path.removesuffix("__id").split("__"):
        row = getattr(row, step)
    return getattr(row, "pk", row)


def _equal(parameter: Filter, value: Any, row: Any) -> list[tuple[str, Q]]:
    return [] if value in (None, "") else [(str(value), Q(**{parameter.path: value}))]


def _contains(parameter: Filter, value: Any, row: Any) -> list[tuple[str, Q]]:
    text = str(value)
    parts = [text, text[1:-1].upper(), text.lower()] if len(text) > 2 else []
    return [(part, Q(**{f"{parameter.path}__icontains": part})) for part in parts if part]


def _day(parameter: Filter, value: Any, row: Any) -> list[tuple[str, Q]]:
    return [] if value is None else [(value.isoformat(), Q(**{parameter.path: value}))]


def _since(parameter: Filter, value: Any, row: Any) -> list[tuple[str, Q]]:
    texts = [
        value.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        value.strftime("%Y-%m-%d"),
        "2999-01-01",
        "2000-01-01 00:00:00",
    ]
    return [(text, Q(**{f"{parameter.path}__gte": parse_timestamp(text)})) for text in texts]


Oracle = Callable[[Any, Any, Any], list[tuple[str, Q]]]
ORACLES: dict[Any, Oracle] = {
    EQUALS: _equal,
    EQUALS_FOLDED: _equal,
    CONTAINS: _contains,
    CONTAINS_NAME: _contains,
    SINCE: _since,
}


def _find_oracle(parameter: Filter) -> Oracle | None:
    if type(parameter) is not Filter:
        return None
    return _day if type(parameter.operator) is OnDay else ORACLES.get(parameter.operator)


def _find_visibility(resource: Resource, parameter: Filter) -> Visibility | None:
    """The rows that are hidden unless the parameter is given."""
    return next((hides for hides in resource.visibilities if hides.shown_by == parameter.name), None)


@each_filter
def test_flags_show_hidden_rows(world: World, resource: Resource, parameter: Filter) -> None:
    visibility = _find_visibility(resource, parameter)
    if visibility is None or "id" not in resource.keys_by_name:
        return
    if (resource.path, parameter.name) in SPECIAL:
        return
    row_id = world.new(resource.path)
    with tenancy.within(world.practice):
        row = resource.model._default_manager.get(pk=row_id)
        for name, value in _find_hiding(visibility.hidden).items():
            setattr(row, name, value)
        row.save()
    plain = list_ids(world, resource)
    for text in ("true", "1", ""):
        assert row_id in list_ids(world, resource, **{parameter.name: text})
    for text in ("false", "0"):
        assert list_ids(world, resource, **{parameter.name: text}) == plain
    assert row_id not in plain
    assert world.client.get(f"/api/{resource.path}/{row_id}").status_code == 200, (
        "asked for by id, it is there"
    )


def _find_hiding(condition: Q) -> dict[str, Any]:
    """Column values that fulfil a plain condition."""
    if condition.negated:
        return {"patient_status": "I"}
    found: dict[str, Any] = {}
    for child in condition.children:
        if isinstance(child, Q):
            found |= _find_hiding(child)
        else:
            name, value = child
            name, _, how = name.partition("__")
            found[name] = value[0] if how == "in" else value
    return found
