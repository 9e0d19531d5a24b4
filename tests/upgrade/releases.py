"""The fixture of a release: a dump of its database, its data directory, and a manifest of what both hold.

``make_fixture`` writes it; ``test_upgrade`` restores and upgrades it. All of it is synthetic, and its keys and secrets
protect nothing else.
"""

# ruff: noqa: S608 - names of tables and columns come from the catalog

import json
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file

ROOT = Path(__file__).parent
DUMP, DATA, MANIFEST = "database.sql.xz", "data.tar.xz", "manifest.json"

# Tables, and prefixes of tables, whose rows the manifest leaves out: the dump has them, and an upgrade may change them.
LEFT_OUT = {
    "django_migrations": "squashing migrations renames its rows",
    "django_content_type": "Django derives it from the models",
    "auth_permission": "Django derives it from the models",
    "django_session": "ends within hours",
    "axes_": "failed attempts to sign in, which count for minutes",
    "procrastinate_": "the job queue, which belongs to the migrations of its package",
    "identity_calls": "unlogged: calls of the last hour, to limit them",
    "identity_tokencalls": "unlogged: calls of the last minute, to limit them",
    "identity_apicalls": "unlogged: calls of the last minute, to limit them",
    "identity_apispacing": "unlogged: e-mails of the last minute, to limit them",
}


@dataclass(frozen=True)
class TableContent:
    """Number of rows of a table, and the SHA-256 of its sorted rows as PostgreSQL writes them."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a release's fixture holds. ``made_at``: ISO time, UTC. ``tables``: by name, without those in LEFT_OUT.
    ``files``: SHA-256 of the decrypted content by id of the stored file. ``callers``: ids and secrets in the clear, see
    ``content.add_content``."""

    version: str
    made_at: str
    tables: dict[str, TableContent]
    files: dict[str, str]
    callers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        stored = json.loads((folder / MANIFEST).read_text())
        tables = {name: TableContent(**content) for name, content in stored.pop("tables").items()}
        return cls(**stored, tables=tables)

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1) + "\n")


def list_releases() -> list[str]:
    """List the versions that have a fixture."""
    return sorted(found.parent.name for found in ROOT.glob(f"*/{MANIFEST}"))


def read_dump(folder: Path) -> str:
    """Return the SQL statements of a dump."""
    return lzma.decompress((folder / DUMP).read_bytes()).decode()


def unpack_data(folder: Path, to: Path) -> None:
    """Unpack the data directory."""
    with tarfile.open(folder / DATA) as archive:
        archive.extractall(to, filter="data")


def list_tables(cursor: Any, schema: str = "public") -> dict[str, list[str]]:
    """List tables with their columns, without partitions and tables in LEFT_OUT."""
    cursor.execute(
        "select relname, array_agg(attname::text order by attnum) "
        "from pg_class join pg_attribute on attrelid = pg_class.oid "
        "where relnamespace = %s::regnamespace and relkind in ('r', 'p') and not relispartition "
        "and attnum > 0 and not attisdropped group by relname order by relname",
        [schema],
    )
    return {table: columns for table, columns in cursor.fetchall() if not table.startswith(tuple(LEFT_OUT))}


def digest_tables(cursor: Any) -> dict[str, TableContent]:
    """Count and digest the rows of each table."""
    digests = {}
    for table, columns in list_tables(cursor).items():
        cursor.execute(
            "select count(*), encode(sha256(convert_to("
            "coalesce(string_agg(line, E'\\n' order by line collate \"C\"), ''), 'UTF8')), 'hex') "
            f'from (select row({_join(columns)})::text as line from "{table}") lines'
        )
        digests[table] = TableContent(*cursor.fetchone())
    return digests


def digest_files() -> Iterator[tuple[str, str]]:
    """Yield the id of every stored file and the SHA-256 of its content. Raises FileNotFoundError for one that can't be
    decrypted."""
    for file in StoredFile.objects.using("owner").filter(archived=False).order_by("pk"):
        with open_file(file) as content:
            yield str(file.pk), sha256(content.read()).hexdigest()


def snapshot_tables(cursor: Any) -> None:
    """Copy the tables, as they were released, to the schema ``released``."""
    tables = list_tables(cursor)
    cursor.execute("create schema released")
    for table in tables:
        cursor.execute(f'create table released."{table}" as table public."{table}"')


def find_losses(cursor: Any) -> dict[str, str]:
    """Compare the tables with their copies in the schema ``released``; describe what is lost, by table.

    A row is lost unless a row of today has the same values, as text, in all columns of the copy. Additional rows and
    columns are no loss.
    """
    losses, present = {}, list_tables(cursor)
    for table, columns in list_tables(cursor, "released").items():
        if table not in present:
            losses[table] = "the table"
        elif missing := set(columns) - set(present[table]):
            losses[table] = f"columns {', '.join(sorted(missing))}"
        else:
            values = ", ".join(map(_select_text, columns))
            cursor.execute(
                f'select {values} from released."{table}" except all select {values} from public."{table}"'
            )
            if rows := cursor.fetchall():
                losses[table] = f"{len(rows)} rows, such as {dict(zip(columns, rows[0], strict=True))}"
    return losses


def write_again(connection: Any, table: str, columns: list[str]) -> None:
    """Insert a row in the columns that the release had, in the place of the one that is there, without the triggers,
    whose rows are there too; then update each of these columns, with the triggers."""
    key = "practice_id, id" if {"practice_id", "id"} <= set(columns) else _join(columns[:1])
    of_row = f'({key}) = (select {key} from released."{table}" order by {key} limit 1)'
    generated = _list_generated(connection, table)
    written = [column for column in columns if column not in generated]
    names = _join(written)
    connection.execute("set session_replication_role = replica")
    if not connection.execute(f'delete from public."{table}" where {of_row}').rowcount:
        return
    taken = f'select {names} from released."{table}" where {of_row}'
    connection.execute(f'insert into public."{table}" ({names}) overriding system value {taken}')
    connection.execute("set session_replication_role = origin")
    if same := ", ".join(f'"{column}" = "{column}"' for column in written if column != "id"):
        connection.execute(f'update public."{table}" set {same} where {of_row}')


def find_columns_without_default(connection: Any) -> dict[str, str]:
    """Map tables of the release to a column that is new, may not be null, and has no default in the database."""
    found = connection.execute(
        "select relname::text, attname || ' has no default' from pg_attribute join pg_class c on c.oid = attrelid "
        "where relnamespace = 'public'::regnamespace and attnum > 0 and attnotnull and not atthasdef "
        "and attidentity = '' and not attisdropped and to_regclass('released.' || quote_ident(relname)) is not null "
        "and attname not in (select attname from pg_attribute "
        "where attrelid = to_regclass('released.' || quote_ident(relname)))"
    )
    return dict(found.fetchall())


def _list_generated(connection: Any, table: str) -> list[str]:
    found = connection.execute(
        "select attname::text from pg_attribute where attrelid = ('public.' || quote_ident(%s))::regclass "
        "and attgenerated <> ''",
        [table],
    )
    return [name for (name,) in found.fetchall()]


def _join(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _select_text(column: str) -> str:
    """A value as text; of a number without the zeros of its scale, which may grow."""
    name = f'"{column}"'
    number = f"trim_scale({name}::text::numeric)::text"
    return f"case when pg_typeof({name}) = 'numeric'::regtype then {number} else {name}::text end"
