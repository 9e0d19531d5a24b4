"""The statements that calls of the APIs run, and their plans."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

PAGE = re.compile(r" as page limit | limit \$\d+::bigint$")


def find_page_statement(call: Callable[[], Any]) -> str:
    """The statement of the page that a call reads."""
    counted = "select statement, generic_plans + custom_plans from pg_prepared_statements"
    with connection.cursor() as cursor:
        call()  # the first time prepares
        cursor.execute(counted)
        before = dict(cursor.fetchall())
        call()
        cursor.execute(counted)
        after: dict[str, int] = dict(cursor.fetchall())
    return next(text for text, runs in after.items() if runs > before.get(text, 0) and PAGE.search(text))


def explain(cursor: Any, statement: str) -> dict[str, Any]:
    """The plan of a statement that is planned without knowing the values, where ``plan_cache_mode`` says so."""
    cursor.execute(f"prepare a_page as {statement}")
    nulls = ", ".join(["null"] * len(set(re.findall(r"\$\d+", statement))))
    cursor.execute(f"explain (format json) execute a_page ({nulls})")
    (plan,) = cursor.fetchone()
    cursor.execute("deallocate a_page")
    return dict(plan[0]["Plan"])


def walk_plan(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from walk_plan(below)
