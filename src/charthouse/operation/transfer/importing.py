"""Importing an export: it is checked, its files are stored, and one transaction writes all rows, with new ids, as the
owner of the tables. The change feed gets the history of the export and nothing of the import, so no webhook is sent."""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from django.core.files.base import File
from django.db import DatabaseError, connections, transaction

from charthouse import clock
from charthouse.audit import seals
from charthouse.engine.errors import Unavailable
from charthouse.files import storage
from charthouse.files.models import StoredFile
from charthouse.identity import tenancy
from charthouse.operation.transfer import checking, layout, rows
from charthouse.operation.transfer.checking import CheckedExport
from charthouse.operation.transfer.id_maps import IdRange, Run
from charthouse.operation.transfer.layout import TransferError
from charthouse.operation.transfer.left_out import LEFT_OUT_COLUMNS
from charthouse.operation.transfer.mapping import Mapper, UnknownRow
from charthouse.operation.transfer.tables import Table, list_tables
from charthouse.operation.transfer.unique_names import UNIQUE_NAMES, USERNAME, Renamed, rename_taken

OWNER = "owner"
Progress = Callable[[str, int, int], None]  # what is imported, how much of it, and of how much
_FILES = StoredFile._meta.db_table
_PRACTICES, _HISTORY = "identity_practice", "changes_change"
_PLACE = re.compile(r"COPY (\w+), line (\d+)(?:, (column \w+))?")


@dataclass(frozen=True)
class Import:
    """A finished import. ``practice``: its new id; ``rows``: by table; ``unresolved``: how many ids were dropped since
    their rows are not in the export, by table.column; ``ranges``: new ids by table; ``reminders``: how many are due."""

    practice: int
    name: str
    rows: dict[str, int]
    files: int
    renamed: list[Renamed]
    unresolved: dict[str, int]
    ranges: dict[str, list[IdRange]]
    reminders: int


def import_practice(root: Path, progress: Progress = lambda *_: None) -> Import:
    """Import an export as a new practice. Raises TransferError, with nothing imported."""
    export = checking.check(root)
    counts = export.ids.finish()
    _assign_ids(export, {_PRACTICES: counts.pop(_PRACTICES, 0)})
    practice = export.ids.map_row(_PRACTICES, export.manifest.practice)
    stored: dict[str, str] = {}
    try:
        with tenancy.within(practice), _translate_errors(layout.FILES):
            addresses = _store_files(export, practice, stored, progress)
        mapper = Mapper(export.ids, addresses)
        with _translate_errors(layout.TABLES), transaction.atomic(using=OWNER):
            _begin(export, counts)
            renamed = _load_tables(export, mapper, progress)
            reminders = _count_reminders(practice)
            _record_event(export, practice, renamed)
    except BaseException:
        _delete_files(practice, stored)
        raise
    _finish(export)
    ranges = {table.name: export.ids.list_ranges(table.name) for table in list_tables()}
    return Import(
        practice, export.manifest.name, export.rows, export.manifest.files, renamed, mapper.unresolved,
        ranges, reminders,
    )  # fmt: skip


def _begin(export: CheckedExport, counts: dict[str, int]) -> None:
    """Begin the import's transaction. It has a number before it takes ids from the sequences, so that nothing is sealed
    up to a higher id meanwhile (``audit.seals``)."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute("set local charthouse.importing = 'on'")
        cursor.execute("select pg_current_xact_id(), identity_is_importing()")
        if not cursor.fetchone()[1]:
            raise TransferError("DATABASE_URL names the web role. Import as the owner of the tables.")
    _assign_ids(export, counts)


def _assign_ids(export: CheckedExport, counts: dict[str, int]) -> None:
    """Take new ids from the sequences of tables, which nobody else gets."""
    for table, count in counts.items():
        with connections[OWNER].cursor() as cursor:
            cursor.execute(
                "select min(v), count(*) from (select v, v - row_number() over (order by v) as g from "
                "(select nextval(pg_get_serial_sequence(%s, 'id')) as v from generate_series(1, %s)) s) t "
                "group by g order by 1",
                [table, count],
            )
            export.ids.assign(table, [Run(*row) for row in cursor.fetchall()])


# -- files --------------------------------------------------------------------------------------------------------


def _store_files(
    export: CheckedExport, practice: int, stored: dict[str, str], progress: Progress
) -> dict[str, str]:
    """Store the contents of files, each once. Return the new addresses by those in the export; ``stored``: by path."""
    addresses: dict[str, str] = {}
    index = rows.read_file_index(export.root, export.sums)
    number, entry = next(index, (0, None))
    for row in _read_named(export, _FILES):
        if entry is None or entry.id != row["id"]:
            continue  # missing already where the export was made
        if entry.path not in stored:
            with layout.open_listed(export.root, entry.path) as content:
                stored[entry.path], size = storage.store_content(File(content), practice)
            if size != entry.size:
                raise TransferError(f"{entry.path}: was changed meanwhile.")
        addresses[row["address"]] = stored[entry.path]
        progress("files", number, export.manifest.files)
        number, entry = next(index, (number, None))
    return addresses


def _delete_files(practice: int, stored: dict[str, str]) -> None:
    """Delete the contents of an import that failed. Those of a killed one are deleted by the sweep."""
    for address in set(stored.values()):
        with contextlib.suppress(OSError):
            storage.get_storage().delete(storage.content_path(practice, address))


# -- rows ---------------------------------------------------------------------------------------------------------


def _read_named(export: CheckedExport, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by column, as the export has them."""
    (found,) = (each for each in list_tables() if each.name == table)
    names = [column.name for column in found.columns]
    for _, values in rows.read_table(export.root, found, export.sums):
        yield dict(zip(names, values, strict=True))


def _load_tables(export: CheckedExport, mapper: Mapper, progress: Progress) -> list[Renamed]:
    """Load the rows of all tables. Return those whose name was taken."""
    renamed: list[Renamed] = []
    for table in list_tables():
        new_names: dict[int, dict[str, str]] = {}
        for index, column in enumerate(table.columns):
            if (table.name, column.name) in UNIQUE_NAMES:
                names = {
                    row[column.name]: mapper.ids.map_row(table.name, row["id"])
                    for row in _read_named(export, table.name)
                }
                found = rename_taken(table.name, column.name, names)
                new_names[index] = {each.old: each.new for each in found}
                renamed += found
        _load_table(export, table, mapper, new_names, progress)
    _note_renamed_users(export, mapper, renamed)
    return renamed


def _load_table(
    export: CheckedExport,
    table: Table,
    mapper: Mapper,
    new_names: dict[int, dict[str, str]],
    progress: Progress,
) -> None:
    fills = [
        (column, each.make_value) for (name, column), each in LEFT_OUT_COLUMNS.items() if name == table.name
    ]
    # Before every position in the feed of this server, whose readers have nothing to do with the history.
    fills += [("txid", lambda: "0")] if table.name == _HISTORY else []
    columns = ", ".join(f'"{name}"' for name in [*(each.name for each in table.columns), *dict(fills)])
    map_values, path = mapper.make_row_mapper(table), layout.name_table(table.name)
    texts = [index for index, column in enumerate(table.columns) if column.form == "JSON"]
    nullable = [column.is_nullable for column in table.columns]
    with (
        connections[OWNER].cursor() as cursor,
        cursor.copy(f'copy "{table.name}" ({columns}) from stdin') as out,
    ):
        for number, values in rows.read_table(export.root, table, export.sums):
            try:
                map_values(values)
            except UnknownRow as error:
                raise TransferError(f"{path}, line {number}: {error}.") from None
            for index in texts:
                is_null = nullable[index] and values[index] == rows.NULL
                values[index] = None if is_null else bytes(values[index]).decode()
            for index, names in new_names.items():
                values[index] = names.get(values[index], values[index])
            out.write_row([*values, *(make_value() for _, make_value in fills)])
            if number % 1000 == 0:
                progress(table.name, number, export.rows[table.name])
    progress(table.name, export.rows[table.name], export.rows[table.name])


def _note_renamed_users(export: CheckedExport, mapper: Mapper, renamed: list[Renamed]) -> None:
    """Write to the change feed which user names the import changed."""
    with connections[OWNER].cursor() as cursor:
        for each in renamed:
            if (each.table, each.column) == USERNAME:
                cursor.execute(
                    "insert into changes_change (practice_id, at, txid, table_name, row_id, operation, before, after) "
                    "values (%s, %s, '0', %s, %s, 'update', %s::jsonb, %s::jsonb)",
                    [
                        mapper.ids.map_row(_PRACTICES, export.manifest.practice), clock.now(), each.table, each.row,
                        _encode({"username": each.old}), _encode({"username": each.new}),
                    ],
                )  # fmt: skip


def _encode(content: Any) -> str:
    return msgspec.json.encode(content).decode()


def _count_reminders(practice: int) -> int:
    """Count the reminders to patients of the practice that are held."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "select count(*) from scheduling_reminder where practice_id = %s and sent_at is null and not archived "
            "and type in ('email', 'sms') and scheduled_time > %s",
            [practice, clock.now()],
        )
        return int(cursor.fetchone()[0])


def _record_event(export: CheckedExport, practice: int, renamed: list[Renamed]) -> None:
    """Record the import in the audit log of the practice: from where, and that the history before it was sealed
    elsewhere."""
    text = (export.root / layout.SUMS).read_bytes()
    details = {
        "from": export.manifest.practice, "as_of": export.manifest.as_of, "rows": sum(export.rows.values()),
        "sha256": sha256(text).hexdigest(), "renamed": len(renamed),
    }  # fmt: skip
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "insert into audit_event (at, practice_id, ip, what, details) values (%s, %s, '', 'imported', %s::jsonb)",
            [clock.now(), practice, _encode(details)],
        )


@contextmanager
def _translate_errors(where: str) -> Iterator[None]:
    """Raise TransferError for what the database or the storage refuses, without values of rows."""
    try:
        yield
    except (DatabaseError, psycopg.Error) as error:
        cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
        diagnostics = getattr(cause, "diag", None)
        place = _PLACE.search(getattr(diagnostics, "context", None) or "")
        line = f"{layout.name_table(place[1])}, line {place[2]}" if place else where
        table, constraint = (getattr(diagnostics, name, None) for name in ("table_name", "constraint_name"))
        what = f"{table}: {constraint}" if constraint else (place and place[3]) or ""
        reason = f"{type(cause).__name__} ({what})" if what else type(cause).__name__
        raise TransferError(f"{line}: the database refuses it: {reason}.") from None
    except Unavailable as error:
        raise TransferError(f"{where}: {error.detail}") from None


def _finish(export: CheckedExport) -> None:
    """Let the planner know the new rows, and seal the history at once."""
    filled = ", ".join(f'"{table}"' for table, count in export.rows.items() if count)
    with connections[OWNER].cursor() as cursor:
        cursor.execute(f"analyze {filled}")
    seals.seal()
