"""Rows that belong to other rows (``RecordKey.is_part_of``): archived with them, and restored with them.

Every table whose rows have parts gets a trigger that archives the parts of a row that is archived, and restores them
with it. ``ArchivedPart`` notes which rows were archived in this way: a part that was archived before stays so. Every
table of parts gets triggers that refuse an active row below an archived one: they fire after the foreign key is
checked, so they see an owner that another transaction archived in the meantime (``for update`` makes that transaction
wait for the rows that were being added).

``find_missing`` is a part of ``rowsecurity.secure``: a new table gets its triggers by the declaration of its keys.
When a trigger is first put on a table, the parts of the rows that are archived already are archived too.
"""

# ruff: noqa: S608 - statements are made of names of tables and columns of the models
from collections.abc import Iterator
from typing import Any, cast

from django.db import models

from charthouse.identity.tenancy import Record, RecordKey, list_part_keys

NOTES = "identity_archivedpart"
ARCHIVE, CHECK, CHECK_MOVED = "archive_parts", "check_owners", "check_moved"


class ArchivedPart(models.Model):
    """A row that was archived because a row that it belongs to was. Written by triggers alone."""

    web_role_sees = "own"
    web_role_may = frozenset({"SELECT"})

    practice = models.ForeignKey(
        "identity.Practice",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "table_name", "row_id"], name="archived_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


def find_missing(cursor: Any, migrated: list[type[Record]]) -> Iterator[tuple[str, str, str]]:
    """Yield (table, what it lacks, the SQL that adds it) of functions and triggers."""
    cursor.execute("select to_regclass(%s) is not null", [NOTES])
    if not cursor.fetchone()[0]:
        return
    cursor.execute(
        "select relname, tgname, prosrc from pg_trigger t join pg_class c on c.oid = tgrelid "
        "join pg_proc p on p.oid = tgfoid where c.relnamespace = current_schema()::regnamespace "
        "and tgname = any(%s) and tgenabled = 'O'",
        [[ARCHIVE, CHECK, CHECK_MOVED]],
    )
    existing = {(table, trigger): body for table, trigger, body in cursor.fetchall()}
    for model in migrated:
        table = model._meta.db_table
        parts = [(part, key) for part in migrated for key in list_part_keys(part) if _owner(key) is model]
        for trigger, body, sql in _make_triggers(model, parts):
            if existing.get((table, trigger)) != body:
                is_new = (table, trigger) not in existing and trigger == ARCHIVE
                sql += "".join(_make_backfill(model, part, key) for part, key in parts) if is_new else ""
                yield table, f"the trigger {trigger}", sql


Parts = list[tuple[type[Record], RecordKey]]


def _owner(key: RecordKey) -> type[Record]:
    return cast("type[Record]", key.remote_field.model)


def _make_triggers(model: type[Record], parts: Parts) -> Iterator[tuple[str, str, str]]:
    """Yield (trigger, body of its function, SQL that makes both)."""
    table = model._meta.db_table
    if parts:
        body = _make_archive_body(model, parts)
        change = "after update of archived on {table} for each row when (old.archived is distinct from new.archived)"
        yield ARCHIVE, body, _make_sql(table, ARCHIVE, body, change)
    if keys := [key for key in list_part_keys(model) if _owner(key).archives_parts]:
        body = _make_check_body("made", table, keys)
        yield (
            CHECK,
            body,
            _make_sql(
                table,
                CHECK,
                body,
                "after insert on {table} referencing new table as made for each statement",
            ),
        )
        columns = ", ".join(f'"{key.column}"' for key in keys)
        body = _make_check_body("(select new.*)", table, keys)
        change = (
            f"after update of {columns}, archived on {{table}} for each row when (not new.archived and "
            f"({_row('old', keys)}) is distinct from ({_row('new', keys)}))"
        )
        yield CHECK_MOVED, body, _make_sql(table, CHECK_MOVED, body, change)


def _row(of: str, keys: list[RecordKey]) -> str:
    return ", ".join([f'{of}."{key.column}"' for key in keys] + [f"{of}.archived"])


def _make_sql(table: str, trigger: str, body: str, change: str) -> str:
    """Make the SQL of a trigger and of its function, which runs as the owner of the tables."""
    function = f"{table}_{trigger}"
    quoted = body.replace("'", "''")
    return (
        f"""do $make$ begin execute format('create or replace function %I.{function}() returns trigger """
        f"language plpgsql security definer set search_path = %I, pg_temp as %L', current_schema(), "
        f"current_schema(), '{quoted}'); end $make$; "
        f"revoke all on function {function}() from public; "
        f'drop trigger if exists {trigger} on "{table}"; '
        f"create trigger {trigger} {change.format(table=chr(34) + table + chr(34))} execute function {function}(); "
    )


def _make_archive_body(model: type[Record], parts: Parts) -> str:
    """Make the body of the function that archives or restores the parts of a row."""
    table = model._meta.db_table
    only = "" if model.archives_parts else f" and exists ({_select_note(table, 'new')})"
    archived = "".join(
        f"with archived as (update {part._meta.db_table} set archived = true, updated_at = new.updated_at "
        f'where practice_id = new.practice_id and "{key.column}" = new.id and not archived returning id) '
        f"insert into {NOTES} (practice_id, table_name, row_id) "
        f"select new.practice_id, '{part._meta.db_table}', id from archived; "
        for part, key in parts
    )
    restored = "".join(_make_restore(part, key) for part, key in parts)
    return (
        f"begin if new.archived then if true{only} then "
        f"perform 1 from {table} where practice_id = new.practice_id and id = new.id for update; {archived}"
        f"end if; else {restored}end if; return null; end"
    )


def _select_note(table: str, row: str) -> str:
    return (
        f"select from {NOTES} n where n.practice_id = {row}.practice_id "
        f"and n.table_name = '{table}' and n.row_id = {row}.id"
    )


def _make_restore(part: type[Record], key: RecordKey) -> str:
    """Make the statement that restores the parts that were archived with a row, unless another row that they belong to
    is still archived."""
    table = part._meta.db_table
    others = "".join(
        f" and not exists (select from {_owner(other)._meta.db_table} o where o.practice_id = c.practice_id "
        f'and o.id = c."{other.column}" and o.archived)'
        for other in list_part_keys(part)
        if other is not key and _owner(other).archives_parts
    )
    return (
        f"with restored as (delete from {NOTES} n using {table} c where n.practice_id = new.practice_id "
        f"and n.table_name = '{table}' and c.practice_id = n.practice_id and c.id = n.row_id "
        f'and c."{key.column}" = new.id{others} returning n.row_id) '
        f"update {table} set archived = false, updated_at = new.updated_at "
        "where practice_id = new.practice_id and id in (select row_id from restored); "
    )


def _make_check_body(rows: str, table: str, keys: list[RecordKey]) -> str:
    """Make the body of the function that refuses active rows below archived ones."""
    conditions = " or ".join(
        f"exists (select from {_owner(key)._meta.db_table} o where o.practice_id = made.practice_id "
        f'and o.id = made."{key.column}" and o.archived)'
        for key in keys
    )
    return (
        f"begin if exists (select from {rows} as made where not made.archived and ({conditions})) then "
        "raise foreign_key_violation using message = 'a row that this one belongs to is archived', "
        f"constraint = 'owner_is_archived', table = '{table}'; end if; return null; end"
    )


def _make_backfill(model: type[Record], part: type[Record], key: RecordKey) -> str:
    """Make the statement that archives the parts of the rows that are archived already."""
    owner, table = model._meta.db_table, part._meta.db_table
    only = "" if model.archives_parts else f" and exists ({_select_note(owner, 'o')})"
    return (
        f"with archived as (update {table} c set archived = true, updated_at = greatest(c.updated_at, o.updated_at) "
        f'from {owner} o where o.practice_id = c.practice_id and o.id = c."{key.column}" and o.archived{only} '
        "and not c.archived returning c.practice_id, c.id) "
        f"insert into {NOTES} (practice_id, table_name, row_id) "
        f"select practice_id, '{table}', id from archived; "
    )
