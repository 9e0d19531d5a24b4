"""Rows of an export as they are read: decoded strictly, by the columns of their table."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from charthouse.operation.transfer import layout
from charthouse.operation.transfer.layout import Sums, TransferError
from charthouse.operation.transfer.tables import Column, Table, list_tables

Values = list[Any]  # of a row, in the order of its table's columns; JSON as ``msgspec.Raw``
_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TYPES: dict[str, Any] = {
    "integer": _Integer,
    "boolean": bool,
    "JSON": msgspec.Raw,
    "integers": list[_Integer],
    "texts": list[str],
}
NULL = msgspec.Raw(b"null")


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of ``files.ndjson``."""

    id: int
    path: str
    sha256: str
    size: int


@cache
def _make_decoder(name: str) -> msgspec.json.Decoder[Any]:
    (table,) = (each for each in list_tables() if each.name == name)
    fields = [(column.name, _make_type(column)) for column in table.columns]
    row = msgspec.defstruct("Row", fields, forbid_unknown_fields=True)
    return msgspec.json.Decoder(row)


def _make_type(column: Column) -> Any:
    kind = _TYPES.get(column.form, str)
    return kind | None if column.is_nullable and kind is not msgspec.Raw else kind


def read_table(root: Path, table: Table, sums: Sums) -> Iterator[tuple[int, Values]]:
    """Yield number and values of each line of a table. Raises TransferError."""
    path, decoder = layout.name_table(table.name), _make_decoder(table.name)
    for number, line in layout.read_rows(root, path, sums):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise TransferError(f"{path}, line {number}: {error}.") from None
        yield number, list(msgspec.structs.astuple(row))


def read_file_index(root: Path, sums: Sums) -> Iterator[tuple[int, FileEntry]]:
    """Yield number and entry of each line of the index of files. Raises TransferError."""
    decoder = msgspec.json.Decoder(FileEntry)
    for number, line in layout.read_rows(root, layout.FILE_INDEX, sums):
        try:
            entry = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise TransferError(f"{layout.FILE_INDEX}, line {number}: {error}.") from None
        yield number, entry
