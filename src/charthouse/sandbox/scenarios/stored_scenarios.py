"""The scenarios that were added, kept in the sandbox's database: a snapshot and a fork have those that they were made
with. The table is no part of the record, and made when it is first needed."""

import json
from typing import Any

from django.db import connections

from charthouse.toolkit.controls.scenarios import Scenario

_CREATE = """
create table if not exists sandbox_scenario (
    id integer generated always as identity primary key,
    name text not null, practice bigint not null, ids jsonb not null
)
"""


def list_all() -> list[Scenario]:
    """List the scenarios in the order in which they were added."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("select to_regclass('sandbox_scenario')")
        if cursor.fetchone()[0] is None:
            return []
        cursor.execute("select id, name, practice, ids::text from sandbox_scenario order by id")
        return [
            Scenario(row, name, practice, json.loads(ids)) for row, name, practice, ids in cursor.fetchall()
        ]


def add(name: str, practice: int, ids: dict[str, Any]) -> Scenario:
    """Note a scenario that was added."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(_CREATE)
        cursor.execute(
            "insert into sandbox_scenario (name, practice, ids) values (%s, %s, %s) returning id",
            [name, practice, json.dumps(ids)],
        )
        (row,) = cursor.fetchone()
    return Scenario(row, name, practice, ids)
