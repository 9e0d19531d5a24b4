"""Checking an export before anything of it is imported: checksums, form, and that it is of one practice."""

from dataclasses import dataclass
from pathlib import Path

from charthouse.files.models import StoredFile
from charthouse.operation.transfer import layout, manifest, rows
from charthouse.operation.transfer.id_maps import IdMaps
from charthouse.operation.transfer.layout import Sums, TransferError
from charthouse.operation.transfer.manifest import Manifest
from charthouse.operation.transfer.mapping import find_named_table
from charthouse.operation.transfer.rows import FileEntry, Values
from charthouse.operation.transfer.tables import Table, list_tables


@dataclass(frozen=True)
class CheckedExport:
    """An export whose checksums and rows were found right. ``rows``: by table."""

    root: Path
    sums: Sums
    manifest: Manifest
    ids: IdMaps
    rows: dict[str, int]


def check(root: Path) -> CheckedExport:
    """Check an export. Raises TransferError with the file and line of the first fault."""
    if not root.is_dir():
        raise TransferError(f"{root} is not a directory.")
    sums = layout.read_sums(root)
    about = manifest.read(root, sums)
    paths = set(sums.digests) - {layout.MANIFEST, layout.FILE_INDEX}
    ids, counts = IdMaps(), dict[str, int]()
    for table in list_tables():
        counts[table.name] = _check_table(root, table, about, sums, ids)
        paths.discard(layout.name_table(table.name))
    for entry in about.tables:
        if entry.rows != counts[entry.name]:
            path = layout.name_table(entry.name)
            raise TransferError(f"{path}: has {counts[entry.name]} rows, and {entry.rows} by the manifest.")
    for path in sorted(paths):
        layout.check_file(root, path, sums)
    _check_files(root, about, sums)
    return CheckedExport(root, sums, about, ids, counts)


def _check_table(root: Path, table: Table, about: Manifest, sums: Sums, ids: IdMaps) -> int:
    """Check the rows of a table and add their ids. Return their number."""
    path, count = layout.name_table(table.name), 0
    names = [column.name for column in table.columns]
    id_index = names.index("id")
    practice = names.index(table.practice_column) if table.practice_column else None
    for number, values in rows.read_table(root, table, sums):
        row_id = values[id_index]
        if practice is not None and values[practice] != about.practice:
            raise TransferError(f"{path}, line {number}: not a row of practice {about.practice}.")
        if row_id < 1 or not ids.add(table.name, row_id):
            raise TransferError(f"{path}, line {number}: id {row_id} is not greater than the one before.")
        _add_named_rows(table, names, values, ids)
        count = number
    return count


def _add_named_rows(table: Table, names: list[str], values: Values, ids: IdMaps) -> None:
    """Add the row that a column with a type names."""
    for index, column in enumerate(table.columns):
        if column.loose and column.loose.type and column.form == "integer" and (values[index] or 0) > 0:
            kind = values[names.index(column.loose.type)]
            if "dialect" in names:
                kind = f"{values[names.index('dialect')]} {kind}"
            if target := find_named_table(column.loose, kind):
                ids.add_named(target, values[index])


def _check_files(root: Path, about: Manifest, sums: Sums) -> None:
    """Check that the index has every stored file once, in the order of the rows, with the right checksum."""
    missing = set(about.missing_files)
    (table,) = (each for each in list_tables() if each.name == StoredFile._meta.db_table)
    names = [column.name for column in table.columns]
    index = rows.read_file_index(root, sums)
    number, entry = next(index, (0, None))
    for _, values in rows.read_table(root, table, sums):
        row = dict(zip(names, values, strict=True))
        if row["id"] in missing:
            continue
        if entry is None or entry.id != row["id"]:
            raise TransferError(f"{layout.FILE_INDEX}: file {row['id']} is missing.")
        _check_file_entry(root, number, entry, row["size"], sums)
        number, entry = next(index, (number, None))
    if entry is not None:
        raise TransferError(f"{layout.FILE_INDEX}, line {number}: there is no file {entry.id}.")


def _check_file_entry(root: Path, number: int, entry: FileEntry, size: int, sums: Sums) -> None:
    where = f"{layout.FILE_INDEX}, line {number}"
    if not entry.path.startswith(f"{layout.FILES}/") or sums.digests.get(entry.path) != entry.sha256:
        raise TransferError(f"{where}: the path is no file of this export, or has another checksum.")
    if entry.size != size or (root / entry.path).stat().st_size != size:
        raise TransferError(f"{where}: the size of the file is another.")
