"""Writing an export: one snapshot of the database, read in pieces as the web role, so that row security lets nothing of
another practice through."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from charthouse import durable
from charthouse.domains.patients.models import Patient
from charthouse.engine.sql.statements import export_snapshot, read_snapshot
from charthouse.files.encryption import DecryptionError
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from charthouse.operation.transfer import describing, documents, layout, manifest
from charthouse.operation.transfer.layout import RowWriter, Sums, TransferError
from charthouse.operation.transfer.snapshots import prepare_snapshot
from charthouse.operation.transfer.tables import Table, list_tables

ROWS_AT_ONCE = 2000
OF_PRACTICE = "practice"  # details of the audit's event

Progress = Callable[[str, int, int], None]  # what is written, how much of it, and of how much


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export. ``digest``: SHA-256 of its SHA256SUMS, in hex; whoever has it can tell any change."""

    path: Path
    rows: int
    files: int
    documents: int
    missing_files: list[int]
    digest: str


def export_practice(
    practice: int, target: Path, progress: Progress = lambda *_: None, *, with_documents: bool = True
) -> Export:
    """Write everything of a practice to the new directory ``target``, which appears when it is complete. An import does
    not need the documents, which are made of the rows. Raises TransferError."""
    with tenancy.within(practice), _make_beside(target) as root:
        sums = Sums()
        for folder in (layout.TABLES, layout.FILES, layout.DOCUMENTS):
            (root / folder).mkdir(mode=0o700)
        with _open_snapshot(practice) as row:
            as_of = _read_last_change(row)
            tables = [_write_table(table, practice, root, sums, progress) for table in list_tables()]
            written = _write_documents(row, as_of, root, sums, progress) if with_documents else 0
        files, missing = _write_files(practice, root, sums, progress)
        layout.write_bytes(root, layout.DESCRIPTION, describing.render().encode(), sums)
        about = manifest.Manifest(
            layout.FORMAT, version("charthouse"), practice, row.name, as_of.isoformat(), tables, files, missing,
            written, manifest.describe_left_out(),
        )  # fmt: skip
        layout.write_bytes(root, layout.MANIFEST, manifest.render(about), sums)
        layout.write_bytes(root, layout.SUMS, text := sums.render(), None)
        digest = hashlib.sha256(text).hexdigest()
        rows = sum(table.rows for table in tables)
        details = {"of": OF_PRACTICE, "rows": rows, "files": files, "sha256": digest}
        emit_audit_event("exported", practice_id=practice, details=details)
    return Export(target, rows, files, written, missing, digest)


@contextmanager
def _make_beside(target: Path) -> Iterator[Path]:
    """Make the directory TARGET.partial for a block, and rename it to ``target`` at the end. What a killed export left
    there is deleted before."""
    target = target.absolute()
    if target.exists() or target.is_symlink():
        raise TransferError(f"{target} exists. Name a new directory.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise TransferError(f"{partial}: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransferError(f"{partial} is being written by another export.") from None
        try:
            _empty(partial)
            yield partial
            os.sync()
            durable.rename(partial, target)
        except OSError as error:
            _empty(partial)
            raise TransferError(f"{error.filename or partial}: {error.strerror or error}.") from None
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    finally:
        os.close(descriptor)


def _empty(directory: Path) -> None:
    for each in directory.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


@contextmanager
def _open_snapshot(practice: int) -> Iterator[Practice]:
    """Read one snapshot of the database in the block, and yield the practice."""
    with read_snapshot():
        prepare_snapshot()
        row = Practice.objects.filter(pk=practice).first()
        if row is None:
            raise TransferError(f"There is no practice {practice}.")
        yield row


def _read_last_change(practice: Practice) -> datetime:
    with tenancy.get_connection().cursor() as cursor:
        cursor.execute("select max(at) from changes_change where practice_id = %s", [practice.pk])
        last: datetime | None = cursor.fetchone()[0]
    return last or practice.created_at


def _select_rows(table: Table, practice: int) -> str:
    columns = ", ".join(column.sql for column in table.columns)
    where = table.where.replace("%(practice)s", str(int(practice)))
    return (
        "select convert_to(row_to_json(r)::text, 'UTF8') "  # noqa: S608 - names of the models
        f'from (select {columns} from "{table.name}" where {where} order by id) r'
    )


def _write_table(
    table: Table, practice: int, root: Path, sums: Sums, progress: Progress
) -> manifest.TableEntry:
    out = RowWriter(root, layout.name_table(table.name), sums)
    raw = tenancy.get_connection().get_psycopg_connection()
    with raw.cursor("export", binary=True) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        for (line,) in cursor.execute(_select_rows(table, practice)):
            out.write(line)
            if out.rows % ROWS_AT_ONCE == 0:
                progress(table.name, out.rows, 0)
    out.close()
    return manifest.TableEntry(table.name, [column.name for column in table.columns], out.rows)


def _write_documents(practice: Practice, as_of: datetime, root: Path, sums: Sums, progress: Progress) -> int:
    """Write the C-CDA of each patient who is not deleted, as of the practice's last change."""
    ids = list(
        Patient.objects.filter(practice=practice, archived=False).order_by("pk").values_list("pk", flat=True)
    )
    made = documents.write_documents(ids, root, practice.pk, as_of, export_snapshot)
    try:
        for number, (patient, digest) in enumerate(made, 1):
            sums.digests[f"{layout.DOCUMENTS}/{patient}.xml"] = digest
            progress("documents", number, len(ids))
    except documents.DocumentsFailed:
        raise TransferError("The C-CDA could not be written.") from None
    return len(ids)


def _write_files(practice: int, root: Path, sums: Sums, progress: Progress) -> tuple[int, list[int]]:
    """Write the contents of the stored files, each once, and the index of them. Return their number and the ids of
    those that are missing in storage."""
    index, paths, missing = (
        RowWriter(root, layout.FILE_INDEX, sums),
        dict[tuple[str, int], Any](),
        list[int](),
    )
    rows = root / layout.name_table(StoredFile._meta.db_table)
    with rows.open("rb") as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            key = row["address"], row["size"]
            if key not in paths:
                paths[key] = _write_file(practice, row, root, sums)
            if (found := paths[key]) is None:
                missing.append(row["id"])
                continue
            path, written = found
            entry = {"id": row["id"], "path": path, "sha256": written.digest, "size": written.size}
            index.write(msgspec.json.encode(entry))
            progress("files", index.rows, 0)
    index.close()
    return index.rows, missing


def _write_file(
    practice: int, row: dict[str, Any], root: Path, sums: Sums
) -> tuple[str, layout.Written] | None:
    path = layout.name_file(row["id"], row["name"])
    file = StoredFile(pk=row["id"], practice_id=practice, address=row["address"], size=row["size"])
    try:
        with open_file(file) as content:
            return path, layout.write_stream(root, path, content, sums)
    except FileNotFoundError:
        return None
    except DecryptionError:  # damaged, which shows only while it is read
        (root / path).unlink(missing_ok=True)
        return None
