"""Primary keys of tables other than records whose rows are of one practice each: ``(id, practice_id)``.

Their rows are found by their id alone, and they can be distributed by practice all the same (docs/scale.md), where each
unique key needs the practice.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps

from charthouse.identity.catalog import (
    list_invalid_indexes,
    list_large_tables,
    map_constraints,
    map_indexes,
    shorten,
)


def find_missing(cursor: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (table, what it lacks, the statements that make it, each a transaction of its own)."""
    keys = {table: (name, columns) for (table, name), columns in map_constraints(cursor, "p").items()}
    large, invalid, indexes = list_large_tables(cursor), list_invalid_indexes(cursor), map_indexes(cursor)
    for table in list_tables():
        name, columns = keys.get(table, ("", []))
        if columns != ["id"]:
            continue
        how, index = "concurrently" if table in large else "", f"{shorten(table)}_new_key"
        make = () if (table, index) in indexes else (
            f'create unique index {how} "{index}" on "{table}" (id, practice_id)',
        )  # fmt: skip
        if index in invalid:
            make = (f'drop index {how} "{index}"', *make)
        swap = f'drop constraint "{name}", add constraint "{name}" primary key using index "{index}"'
        yield table, "primary key (id, practice_id)", (*make, f'alter table "{table}" {swap}')


def list_tables() -> list[str]:
    """List the tables, as the models say."""
    return [
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "web_role_sees", "all") == "own"
        and any(field.column == "practice_id" and not field.null for field in model._meta.concrete_fields)
    ]
