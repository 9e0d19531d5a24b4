"""Lists of a practice as CSV files: what a file says is checked line by line and compared with the list.

A row is known by its name, or by several columns as panel and test, without regard to case and accents: the same name
changes the row, another one adds a row.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from django.db import transaction
from django.db.models import Q, QuerySet

from charthouse.console.kit import records
from charthouse.console.kit.page import list_messages
from charthouse.domains.code_lists import fold_text
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import Conflict, Invalid, Malformed
from charthouse.engine.execution import writing
from charthouse.engine.sql import statements

MAX_SIZE = 500_000  # characters of a file
MAX_ROWS = 1_000
MAX_ERRORS = 200  # that are listed
BATCH_SIZE = 1_000  # rows of a query when the list is printed
ENCODING = "utf-8-sig"  # with the mark that spreadsheets know it by
YES, NO = ("yes", "true", "1", "x", "y"), ("no", "false", "0", "n", "")


@dataclass(frozen=True)
class FileColumn:
    """A column of a file: the key of the resource, and the heading. ``names_row``: rows are known by it."""

    key: Key
    label: str
    names_row: bool = False

    def parse(self, text: str) -> Any:
        """Parse a cell into what the engine takes. Raises ValueError."""
        if self.key.type.control == "number":
            return text.strip() or None
        if self.key.type.control != "checkbox":
            return text.strip()
        answer = text.strip().lower()
        if answer not in (*YES, *NO):
            raise ValueError("Enter yes or no.")
        return answer in YES

    def format(self, value: Any) -> str:
        """Format a value as a cell."""
        if self.key.type.control == "checkbox":
            return "yes" if value else "no"
        if isinstance(value, Decimal):
            return f"{value.normalize():f}"
        return "" if value is None else str(value)

    def is_same(self, value: Any, stored: Any) -> bool:
        """Say whether a parsed cell is what is stored."""
        if self.key.type.control != "number" or value is None or stored is None:
            return bool(value == stored)
        try:
            return bool(Decimal(value) == stored)
        except InvalidOperation:
            return False


@dataclass(frozen=True, order=True)
class FileError:
    """What is wrong with a file. ``column``: a heading, "" for the whole line."""

    line: int
    column: str
    text: str


@dataclass
class FileRow:
    """A row of a file. ``known``: id of the row of the list that it changes; ``changes``: keys with other values."""

    line: int
    values: dict[str, Any]
    known: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class ListFile:
    """A file that was read, compared with the list. ``missing``: ids of rows that it does not have."""

    rows: list[FileRow] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)

    @property
    def added(self) -> int:
        return sum(one.known is None for one in self.rows)

    @property
    def changed(self) -> int:
        return sum(bool(one.changes) for one in self.rows)


def make_columns(
    resource: Resource, names: Sequence[str], labels: Mapping[str, str], naming: Collection[str]
) -> list[FileColumn]:
    """Make the columns of these keys, with the labels of their fields. ``naming``: keys that rows are known by."""
    return [FileColumn(resource.keys_by_name[name], labels[name], name in naming) for name in names]


def _list_naming(columns: Sequence[FileColumn]) -> list[str]:
    return [one.key.name for one in columns if one.names_row]


def _fold(text: str) -> str:
    return " ".join(fold_text(text).split())


# -- reading ------------------------------------------------------------------------------------------------------


def decode(content: bytes) -> str:
    """Decode a file: UTF-8, with or without a mark, or what older spreadsheets write."""
    try:
        return content.decode(ENCODING)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read_file(text: str, columns: Sequence[FileColumn]) -> ListFile:
    """Read the lines of a file. Nothing is looked up."""
    found = ListFile()
    if len(text) > MAX_SIZE:
        found.errors.append(FileError(1, "", f"A file may have at most {MAX_SIZE:,} characters."))
        return found
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(_read_lines(text, delimiter))
    except csv.Error as error:
        found.errors.append(FileError(1, "", f"This is not a CSV file: {error}."))
        return found
    heading = _read_heading(lines[0][1] if lines else [], columns, found)
    if not found.errors and len(lines) - 1 > MAX_ROWS:
        words = f"This file has {len(lines) - 1:,} rows, and may have at most {MAX_ROWS:,}."
        found.errors.append(FileError(1, "", f"{words} Split it into several files."))
    if not found.errors:
        _read_rows(lines[1:], heading, found)
    return found


def _read_lines(text: str, delimiter: str) -> Iterable[tuple[int, list[str]]]:
    """Read (number of the line, cells) of the lines that are not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _read_heading(cells: list[str], columns: Sequence[FileColumn], found: ListFile) -> list[FileColumn]:
    known = {_fold(text): one for one in columns for text in (one.label, one.key.name)}
    heading: list[FileColumn] = []
    for cell in cells:
        column = known.get(_fold(cell))
        if column is None or column in heading:
            words = "This column is there twice." if column else "There is no such column."
            found.errors.append(FileError(1, cell.strip()[:100], words))
        else:
            heading.append(column)
    found.errors += [
        FileError(1, one.label, "This column is missing.")
        for one in columns
        if one.names_row and one not in heading
    ]
    return heading


def _read_rows(lines: list[tuple[int, list[str]]], heading: list[FileColumn], found: ListFile) -> None:
    names: dict[tuple[str, ...], int] = {}
    naming = _list_naming(heading)
    for line, cells in lines:
        if len(cells) > len(heading):
            found.errors.append(FileError(line, "", "This line has more cells than there are columns."))
            continue
        values: dict[str, Any] = {}
        for column, cell in zip(heading, [*cells, *[""] * len(heading)], strict=False):
            try:
                values[column.key.name] = column.parse(cell)
            except ValueError as error:
                found.errors.append(FileError(line, column.label, str(error)))
        name = tuple(_fold(values.get(one) or "") for one in naming)
        if all(name) and name in names:
            found.errors.append(FileError(line, "", f"The same name is on line {names[name]}."))
        names.setdefault(name, line)
        found.rows.append(FileRow(line, values))


# -- comparing and writing ----------------------------------------------------------------------------------------


def compare(found: ListFile, resource: Resource, actor: Actor, columns: Sequence[FileColumn]) -> None:
    """Compare a file with the rows of the list. Raises Forbidden."""
    naming, by_name = _list_naming(columns), {one.key.name: one for one in columns}
    listed: dict[tuple[str, ...], Any] = {}
    doubles = []
    for row in records.select_rows(resource, actor).order_by("pk"):
        if listed.setdefault(tuple(_fold(getattr(row, name)) for name in naming), row) is not row:
            doubles.append(row.pk)
    for one in found.rows:
        row = listed.pop(tuple(_fold(one.values.get(name) or "") for name in naming), None)
        if row is not None:
            one.known = row.pk
            one.changes = {
                name: value
                for name, value in one.values.items()
                if not by_name[name].is_same(value, getattr(row, name))
            }
    found.missing = [*(row.pk for row in listed.values()), *doubles]


def write(
    found: ListFile, resource: Resource, actor: Actor, columns: Sequence[FileColumn], *, replaces: bool
) -> None:
    """Write what a file adds and changes, and with ``replaces`` delete what it does not have. What is refused is noted
    as errors. Within a transaction, which the caller takes back where there are errors."""
    records.require_write(resource, actor)
    labels = {one.key.name: one.label for one in columns}
    new = [one for one in found.rows if one.known is None]
    for start in range(0, len(new), writing.MAX_ROWS):
        part = new[start : start + writing.MAX_ROWS]
        _note_refusals(found, part, labels, lambda part=part: _create(resource, actor, part))
    for one in found.rows:
        if one.changes:
            _note_refusals(found, [one], labels, lambda one=one: _update(resource, actor, one))
    for row in found.missing if replaces and not found.errors else ():
        records.delete(resource, actor, row)


def _create(resource: Resource, actor: Actor, rows: list[FileRow]) -> None:
    writing.create(resource, actor, [one.values for one in rows], is_list=True)


def _update(resource: Resource, actor: Actor, row: FileRow) -> None:
    assert row.known is not None
    records.update(resource, actor, row.known, row.changes)


def _note_refusals(found: ListFile, rows: list[FileRow], labels: Mapping[str, str], work: Any) -> None:
    try:
        with transaction.atomic():
            work()
    except Invalid as refusal:
        errors: Any = refusal.errors
        for row, wrong in zip(rows, errors if isinstance(errors, list) else [errors], strict=True):
            for name, what in wrong.items():
                found.errors += [
                    FileError(row.line, labels.get(name, ""), text) for text in list_messages(what)
                ]
    except (Conflict, Malformed) as refusal:
        found.errors.append(FileError(rows[0].line, "", refusal.detail))


def print_file(file: IO[bytes], rows: "QuerySet[Any]", columns: Sequence[FileColumn]) -> None:
    """Print all rows, as they are at one moment, as a file that can be uploaded again."""
    text = io.TextIOWrapper(file, ENCODING, newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([one.label for one in columns])
    with statements.read_snapshot():
        for row in _iterate_rows(rows, *_list_naming(columns), "pk"):
            writer.writerow([one.format(getattr(row, one.key.name)) for one in columns])
    text.detach()


def _iterate_rows(rows: "QuerySet[Any]", *order: str) -> Iterator[Any]:
    """Iterate over rows in the order of these columns, BATCH_SIZE a query."""
    ordered = rows.order_by(*order)
    found = list(ordered[:BATCH_SIZE])
    while found:
        yield from found
        last = [getattr(found[-1], name) for name in order]
        after = Q()
        for at, name in enumerate(order):
            same = dict(zip(order[:at], last, strict=False))
            after |= Q(**same, **{f"{name}__gt": last[at]})
        found = list(ordered.filter(after)[:BATCH_SIZE]) if len(found) == BATCH_SIZE else []
