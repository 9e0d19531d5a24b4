"""Exports as they are on the disk: read without the code under test, compared without ids, and forged.

``python -m tests.operation.exports`` writes the format into docs/export.md again.
"""

import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from charthouse.operation.transfer import describing  # noqa: E402
from charthouse.operation.transfer.references import LOOSE  # noqa: E402
from charthouse.operation.transfer.tables import list_tables  # noqa: E402

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "export.md"
BEGIN, END = "<!-- format -->\n", "\n<!-- /format -->"
LINES = 100
NOT_EXPORTED = "not exported"  # in place of the rank; an import may make it null
Rows = list[dict[str, Any]]


def read_rows(root: Path, table: str) -> Rows:
    lines = (root / "tables" / f"{table}.ndjson").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def write_rows(root: Path, table: str, rows: Rows) -> None:
    """Write the rows of a table again, with right checksums and number."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (root / "tables" / f"{table}.ndjson").write_text(text)
    manifest = json.loads((root / "manifest.json").read_text())
    for entry in manifest["tables"]:
        if entry["name"] == table:
            entry["rows"] = len(rows)
    (root / "manifest.json").write_text(json.dumps(manifest))
    sign(root)


def sign(root: Path) -> None:
    """Make all checksums of an export right."""
    for path in [*root.glob("tables/*.ndjson"), root / "files.ndjson"]:
        lines = path.read_bytes().splitlines(keepends=True)
        parts = [b"".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]
        Path(f"{path}.sums").write_text("".join(f"{sha256(part).hexdigest()}\n" for part in parts))
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = "".join(f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in paths)
    (root / "SHA256SUMS").write_text(sums)


class Canonical:
    """An export with the rank of each row in its table in place of its id, so that two with the same content are equal
    whatever their ids are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tables = {table.name: read_rows(root, table.name) for table in list_tables()}
        self._ranks = {
            name: {row["id"]: rank for rank, row in enumerate(rows)} for name, rows in self.tables.items()
        }
        self._columns = {table.name: table.columns for table in list_tables()}
        self._rows = {name: {row["id"]: row for row in rows} for name, rows in self.tables.items()}

    def read(self) -> dict[str, Rows]:
        """Return the rows of each table."""
        return {name: [self._rank_row(name, row) for row in rows] for name, rows in self.tables.items()}

    def read_files(self) -> list[tuple[int, str, int]]:
        """Return rank, SHA-256 (of the content itself) and size of each file."""
        entries = [json.loads(line) for line in (self.root / "files.ndjson").read_bytes().splitlines()]
        ranks = self._ranks["files_storedfile"]
        contents = [(self.root / entry["path"]).read_bytes() for entry in entries]
        return [
            (ranks[entry["id"]], sha256(content).hexdigest(), len(content))
            for entry, content in zip(entries, contents, strict=True)
        ]

    def _rank_row(
        self, table: str, row: dict[str, Any], whole: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """``row`` may have some columns only, as in the history: those of the ``whole`` row that changed."""
        found = dict(row)
        for column in self._columns.get(table, ()):
            value, loose = row.get(column.name), LOOSE.get((table, column.name))
            if value is None:
                continue
            if column.name == "id":
                found["id"] = self._rank(table, value)
            elif column.table:
                found[column.name] = self._rank(column.table, value)
            elif loose and loose.table:
                found[column.name] = self._rank_loose(loose.table, value)
            elif loose and loose.members:
                found[column.name] = {
                    name: self._rank_loose(loose.members[name], each) if name in loose.members else each
                    for name, each in value.items()
                }
            elif loose and column.form == "JSON":
                whole = self._rows.get(row["table_name"], {}).get(row["row_id"], {})
                found[column.name] = self._rank_row(row["table_name"], value, whole)
            elif loose and (kind := row.get(loose.type, (whole or {}).get(loose.type))) is not None:
                target = loose.tables.get(kind, kind)
                rank = self._rank({"patients": "patients_patient"}.get(target, target), value)
                found[column.name] = None if rank == NOT_EXPORTED and column.is_nullable else rank
        if table == "files_storedfile" and "address" in found:
            found["address"] = ""  # keyed by the installation and the practice
        return found

    def _rank(self, table: str, value: int) -> Any:
        return self._ranks.get(table, {}).get(value, NOT_EXPORTED)

    def _rank_loose(self, table: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._rank_loose(table, each) for each in value]
        if isinstance(value, str):
            return str(self._rank(table, int(value))) if re.fullmatch("[0-9]+", value) else value
        return self._rank(table, value) if isinstance(value, int) and value > 0 else value


def write_documentation() -> None:
    """Write the description of the format into docs/export.md."""
    before, _, rest = DOCUMENTATION.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENTATION.write_text(before + BEGIN + describing.render().rstrip("\n") + END + after)


if __name__ == "__main__":
    write_documentation()
