"""Logical backups, where PostgreSQL permits no replication: a dump by pg_dump, of one snapshot. What is written between
two of them is lost with the server. Any database can be filled from one, also one of a later version of PostgreSQL.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from charthouse.backup import clusters, lines, making, manifests, row_counts
from charthouse.backup.clusters import Cluster, ClusterState, ToolError
from charthouse.backup.making import Plan
from charthouse.backup.manifests import LOGICAL, Manifest
from charthouse.backup.repository import Repository, make_id
from charthouse.backup.sealing import Identity
from charthouse.datadir import CommandError

WEB_ROLE = "charthouse_web"
_NEWER_SETTING = b"SET transaction_timeout = 0;\n"  # which servers before PostgreSQL 17 do not know
# Minor releases since November 2026 note a version in each column, which pg_dump of one before takes for an option
# that somebody has set, and servers of one before refuse.
_COLUMN_OPTIONS = re.compile(rb"^(ALTER [^\n;]* ALTER COLUMN [^\n;]* SET) \(([^\n;]*)\);\n", re.MULTILINE)
_COLUMN_VERSION = b"pg_attver="
_SECTIONS = ("pre-data", "data", "post-data")
_OWNER = (
    "select rolname from pg_roles r join pg_database on datdba = r.oid where datname = current_database()"
)
_TABLES = (
    "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
)


def make_backup(plan: Plan, found: ClusterState, started: datetime) -> Manifest:
    """Make a logical backup: dump and counts of rows are of the same snapshot. Raises ToolError."""
    line = lines.find_line(plan.cluster, found, plan.repository, plan.state)
    if line is None:
        line = lines.begin_line(plan.cluster, found, plan.repository, plan.state)
    backup = make_id(LOGICAL, started)
    name = f"lines/{line.id}/backups/{backup}"
    with plan.cluster.connect() as connection:
        connection.execute("begin isolation level repeatable read read only")
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        plan.progress("Database", 0, 1)
        with plan.cluster.open_access(plan.state) as (access, environment):
            arguments = [clusters.find_program("pg_dump"), *access, "--no-password", "--format=custom"]
            arguments += ["--compress=none", f"--snapshot={row[0]}"]
            dump = clusters.stream_program(arguments, environment)
            stored = plan.repository.put_sealed(f"{name}/{manifests.DUMP}", dump)
        plan.progress("Database", 1, 1)
        plan.progress("Rows", 0, 1)
        counts = row_counts.encode(row_counts.count_tables(connection))
        contents = plan.repository.put_sealed(f"{name}/{manifests.CONTENTS}", [counts])
        plan.progress("Rows", 1, 1)
    entries = making.copy_files(plan)
    manifest = Manifest(
        id=backup,
        line=line.id,
        kind=LOGICAL,
        parent="",
        start_lsn="0/0",
        end_lsn="0/0",
        check_lsn="",
        objects={manifests.DUMP: stored, manifests.CONTENTS: contents},
        **making.describe(plan, found, started, entries),
    )
    return making.commit(plan, manifest, entries)


def fetch_dump(repository: Repository, identity: Identity, manifest: Manifest, path: Path) -> None:
    """Write the dump of a logical backup to a new file. Raises SealError, RepositoryError."""
    name = manifest.name_object(manifests.DUMP)
    with path.open("xb") as file:
        for piece in repository.read_sealed(name, identity, manifest.objects[manifests.DUMP]):
            file.write(piece)


def write_dump(url: str, path: Path) -> None:
    """Dump a running database to a file. Raises ToolError."""
    arguments = [clusters.find_program("pg_dump"), "-d", url, "--no-password", "--format=custom"]
    clusters.run_program([*arguments, "--compress=none", "--file", str(path)])


def refuse_if_in_use(cluster: Cluster) -> None:
    """Raise CommandError unless the database has no tables."""
    with cluster.connect() as connection:
        row = connection.execute(_TABLES).fetchone()
    if row != (0,):
        raise CommandError("that database is not empty. Create another one, and restore into that.")


def create_roles(cluster: Cluster, owner: str) -> None:
    """Create the roles that a dump names, where they are missing, and let the owner of the database assume that of the
    web server. ``owner``: the former owner."""
    with cluster.connect() as connection:
        for role in (WEB_ROLE, owner):
            with suppress(psycopg.errors.DuplicateObject):
                connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
        row = connection.execute(_OWNER).fetchone()
        assert row is not None
        with suppress(psycopg.errors.InsufficientPrivilege):  # it may already
            grant = sql.SQL("grant {} to {}").format(sql.Identifier(WEB_ROLE), sql.Identifier(row[0]))
            connection.execute(grant)


def load_dump(cluster: Cluster, path: Path, state: Path, role: str = "") -> None:
    """Load a dump into an empty database, all or nothing. ``role``: who shall own the tables. Raises ToolError."""
    statements = _render_statements(path)
    with cluster.open_access(state) as (access, environment):
        arguments = [clusters.find_program("psql"), *access, "--no-password", "--no-psqlrc", "--quiet"]
        arguments += ["--single-transaction", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate"]
        process = subprocess.Popen(  # noqa: S603
            arguments,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=clusters.follow_parent,
        )
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            _feed(process.stdin, statements, role)
            message = process.stderr.read().decode(errors="replace")
            if process.wait():
                raise ToolError(clusters.describe_failure("psql", message))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stderr.close()


def _feed(target: IO[bytes], statements: Iterator[bytes], role: str) -> None:
    with suppress(BrokenPipeError), target:
        if role:
            target.write(f"set role {role};\n".encode())
        target.write(b"set client_min_messages = error;\n")
        for piece in statements:
            target.write(piece)


def _render_statements(path: Path) -> Iterator[bytes]:
    """Render a dump as SQL that servers of all versions accept, whichever wrote it."""
    restore = [clusters.find_program("pg_restore"), "--no-owner", "--file=-", str(path)]
    for section in _SECTIONS:
        pieces = clusters.stream_program([*restore, f"--section={section}"], dict(_own_environment()))
        if section == "data":
            yield from _leave_out_setting(pieces)
        else:
            definitions = b"".join(pieces).replace(_NEWER_SETTING, b"", 1)
            yield _COLUMN_OPTIONS.sub(_leave_out_version, definitions)


def _leave_out_setting(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out the setting that older servers refuse; it is in the first lines."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 8192:
            break
    yield head.replace(_NEWER_SETTING, b"", 1)
    yield from pieces


def _leave_out_version(statement: re.Match[bytes]) -> bytes:
    options = [each for each in statement[2].split(b", ") if not each.startswith(_COLUMN_VERSION)]
    return statement[1] + b" (" + b", ".join(options) + b");\n" if options else b""


def _own_environment() -> Mapping[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
