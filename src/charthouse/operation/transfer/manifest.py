"""The manifest of an export: what it is of, what it holds and what it leaves out."""

from pathlib import Path

import msgspec

from charthouse.operation.transfer import layout
from charthouse.operation.transfer.layout import Sums, TransferError
from charthouse.operation.transfer.left_out import LEFT_OUT_COLUMNS, LEFT_OUT_ROWS
from charthouse.operation.transfer.tables import list_left_out_tables, list_tables


class TableEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of an export: its columns in order, and its number of rows."""

    name: str
    columns: list[str]
    rows: int


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an export leaves out, with the reasons; ``rows``: by table, ``columns``: by table.column."""

    tables: dict[str, str]
    columns: dict[str, str]
    rows: dict[str, str]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest. ``as_of``: time of the last change of the practice. ``missing_files``: ids of stored files whose
    content this installation did not have."""

    format: int
    program: str
    practice: int
    name: str
    as_of: str
    tables: list[TableEntry]
    files: int
    missing_files: list[int]
    documents: int
    left_out: LeftOut


def describe_left_out() -> LeftOut:
    """Return what every export leaves out."""
    return LeftOut(
        list_left_out_tables(),
        {f"{table}.{column}": each.why for (table, column), each in LEFT_OUT_COLUMNS.items()},
        {table: why for table, (_, why) in LEFT_OUT_ROWS.items()},
    )


def render(manifest: Manifest) -> bytes:
    """Render a manifest as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read(root: Path, sums: Sums) -> Manifest:
    """Read the manifest of an export, and check that it has the tables and columns of this version. Raises
    TransferError."""
    try:
        found = msgspec.json.decode(layout.read_small(root, layout.MANIFEST, sums), type=Manifest)
    except msgspec.DecodeError as error:
        raise TransferError(f"{layout.MANIFEST}: {error}.") from None
    if found.format != layout.FORMAT:
        raise TransferError(f"{layout.MANIFEST}: format {found.format} is not known, {layout.FORMAT} is.")
    if len(entries := {each.name: each for each in found.tables}) != len(found.tables):
        raise TransferError(f"{layout.MANIFEST}: a table is named twice.")
    known = {table.name: [column.name for column in table.columns] for table in list_tables()}
    for name in sorted(entries.keys() | known.keys()):
        if name not in known or name not in entries or entries[name].columns != known[name]:
            what = _describe_difference(name, entries.get(name), known.get(name))
            raise TransferError(
                f"{layout.MANIFEST}: {what}. The export is of Charthouse {found.program}: bring both installations to "
                "one version, and export again."
            )
    return found


def _describe_difference(name: str, entry: TableEntry | None, columns: list[str] | None) -> str:
    if entry is None:
        return f"the table {name} is missing"
    if columns is None:
        return f"there is no table {name}"
    odd = sorted(set(entry.columns) ^ set(columns)) or columns
    return f"the table {name} has other columns ({', '.join(odd)})"
