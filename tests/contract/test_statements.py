"""How often a read touches the database, counted on the wire: once for the token, once for the rows."""

import re
import tempfile
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from psycopg import pq

from charthouse.engine.declaration.resources import Resource
from charthouse.engine.execution import planning
from charthouse.engine.sql.statements import Statement, bind
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity.database import base, prepared_statements
from tests.cases import each_case
from tests.statements import explain, find_page_statement

from .test_lists import fill_needed
from .world import World

READ = [r for r in get_registry() if "GET" in r.method_set]
# Messages that make the server run something: simple queries, and executions of prepared statements.
RUNS = re.compile(r"^F\t\d+\t(?:Query|Execute)\b", re.MULTILINE)


def count_statements(call: Callable[[], Any]) -> int:
    """How many statements a call sends, by libpq's own trace of the connection. Without those that say how the one
    after them, in the same trip, is planned."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        with path.open("wb") as file:
            pgconn: Any = connection.connection.pgconn
            pgconn.trace(file.fileno())
            pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            try:
                call()
            finally:
                pgconn.untrace()
        trace = path.read_text(errors="replace")
    (planning_first,) = connection._prepared.find_names(prepared_statements.PLAN_FOR_VALUES)
    return len(RUNS.findall(trace)) - trace.count(f'\tBind\t "" "{planning_first.decode()}" ')


@each_case("resource", READ, ids=lambda r: r.path)
@each_case("verbose", [False, True], ids=["plain", "verbose"])
def test_a_read_is_two_statements(world: World, resource: Resource, verbose: bool) -> None:
    """Whatever the number of rows, with every filter that narrows nothing, on the second page as on the first."""
    for _ in range(5):
        world.new(resource.path)
    asked = fill_needed(resource) | ({"verbose": "true"} if verbose else {})
    urls: list[tuple[str, dict[str, str] | None]] = [
        (f"/api/{resource.path}", asked),
        (f"/api/{resource.path}", asked | {"page_size": "2", "page": "2"}),
        (f"/api/{resource.path}/{world.row(resource.path)}", asked),
    ]
    first = world.client.get(f"/api/{resource.path}", params=asked | {"page_size": "2"}).json()
    if first["next"]:
        urls.append((first["next"], None))
    for url, parameters in urls:
        world.client.get(url, params=parameters)  # the first time prepares
        assert count_statements(lambda: world.client.get(url, params=parameters)) == 2, url  # noqa: B023


def estimate_cost(cursor: Any, statement: str) -> float:
    return float(explain(cursor, statement)["Total Cost"])


@each_case(
    ("path", "table"),
    [
        ("patients", "patients_patient"),
        ("patients?verbose=true", "patients_patient"),
        ("problems?patient={}", "clinical_problem"),
    ],
    ids=lambda case: case[0],
)
def test_pages_are_planned_once(world: World, path: str, table: str) -> None:
    """A plan for any values costs no more than one for the page's size, however large the table: PostgreSQL compares
    the two when it decides whether to plan a prepared statement at each run (decision 0366)."""
    url = f"/api/{path}".format(world.row("patients"))
    statement = find_page_statement(lambda: world.client.get(url))
    for_this_size = re.sub(r"limit \$\d+(::bigint)?$", "limit 100", statement)
    unbounded = re.sub(r"limit \d+\) as page limit", ") as page limit", statement)
    assert len({statement, for_this_size, unbounded}) == 3
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("set local plan_cache_mode = force_generic_plan")
        cursor.execute(
            "update pg_class set reltuples = 1e12, relpages = 1 where oid = any(%s::regclass[])",
            [[table, f"{table}_pkey"]],
        )
        cursor.execute(
            "delete from pg_statistic where starelid = %s::regclass", [table]
        )  # whatever tests wrote
        # The tables keep their few pages: with so many rows a page it is the rows that cost.
        assert estimate_cost(cursor, statement) <= estimate_cost(cursor, for_this_size) * 1.05
        assert estimate_cost(cursor, unbounded) > estimate_cost(cursor, statement) * 2
        transaction.set_rollback(True, "owner")


def test_lists_by_range_are_planned_for_their_values(world: World) -> None:
    """Prepared once, planned at each run; what is read in the same session after it is not."""
    for _ in range(8):
        world.client.get("/api/patients", params={"since": "2020-01-01", "doctor": world.row("doctors")})
    with connection.cursor() as cursor:
        cursor.execute(
            "select generic_plans, custom_plans >= 8 from pg_prepared_statements "
            'where statement like \'%"patients_patient"."updated_at" >=%\''
        )
        assert cursor.fetchall() == [(0, True)]
        cursor.execute("show plan_cache_mode")
        assert cursor.fetchone() == ("auto",)


def test_a_failure_before_a_list_by_range_is_reported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what it was, not as a statement that was skipped."""
    monkeypatch.setattr(base, "PLAN_FOR_VALUES", b"select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        bind(Statement(b"select 1", (), custom_plan=True), {}).fetch()


def test_combinations_of_parameters_are_not_kept_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what this process makes of them nor what PostgreSQL does: there are tens of thousands."""
    narrowing = {
        "doctor": str(world.row("doctors")),
        "gender": "Other",
        "since": "2020-01-01",
        "race": "white",
        "show_inactive": "true",
    }
    chosen = [
        dict(pairs) for many in range(len(narrowing)) for pairs in combinations(narrowing.items(), many)
    ]
    answers = [world.client.get("/api/patients", params=query).json() for query in chosen]
    connection.close()
    get_registry().plans.clear()
    monkeypatch.setattr(prepared_statements, "MAX_PREPARED", 6)
    monkeypatch.setattr(planning, "MAX_PLANS", 4)
    for query, answer in zip(chosen, answers, strict=True):
        assert world.client.get("/api/patients", params=query).json() == answer
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_prepared_statements")
            assert cursor.fetchone()[0] <= 6
    assert len(get_registry().plans) <= 4


def test_the_counter_counts(world: World) -> None:
    def three() -> None:
        for _ in range(3):
            with connection.cursor() as cursor:
                cursor.execute("select 1")

    three()  # brings the connection up to date
    assert count_statements(three) == 3
