"""How often a read touches the database, counted on the wire: once for the token, once for the rows."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import pq

from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry
from tests.cases import each_case

from .test_lists import needed
from .world import World

READ = [r for r in get_registry() if "GET" in r.method_set]
# Messages that make the server run something: simple queries, and executions of prepared statements.
RUNS = re.compile(r"^F\t\d+\t(?:Query|Execute)\b", re.MULTILINE)


def statements(call: Callable[[], Any]) -> int:
    """How many statements a call sends, by libpq's own trace of the connection."""
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
        return len(RUNS.findall(path.read_text(errors="replace")))


@each_case("resource", READ, ids=lambda r: r.path)
@each_case("verbose", [False, True], ids=["plain", "verbose"])
def test_a_read_is_two_statements(world: World, resource: Resource, verbose: bool) -> None:
    """Whatever the number of rows, with every filter that narrows nothing, on the second page as on the first."""
    for _ in range(5):
        world.new(resource.path)
    asked = needed(resource) | ({"verbose": "true"} if verbose else {})
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
        assert statements(lambda: world.client.get(url, params=parameters)) == 2, url  # noqa: B023


def test_pages_are_planned_once(world: World) -> None:
    """PostgreSQL plans a prepared statement for the values of its first five runs, and then as it likes."""
    patient = str(world.row("patients"))
    pages: dict[str, dict[str, str]] = {
        "patients?verbose=true": {},
        "patients": {},
        "problems": {"patient": patient},
    }
    for path, asked in pages.items():
        for _ in range(8):
            assert world.client.get(f"/api/{path}", params=asked or None).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(
            "select custom_plans from pg_prepared_statements where generic_plans + custom_plans >= 8 "
            "and statement ~ '^select [*] from [(].*(patients_patient|clinical_problem).*[)] as page limit'"
        )
        replanned = [custom for (custom,) in cursor.fetchall()]
    assert len(replanned) >= len(pages)
    assert max(replanned) <= 5


def test_the_counter_counts(world: World) -> None:
    def three() -> None:
        for _ in range(3):
            with connection.cursor() as cursor:
                cursor.execute("select 1")

    three()  # brings the connection up to date
    assert statements(three) == 3
