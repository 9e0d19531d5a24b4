"""The PostgreSQL server that is backed up: what it is, what it permits, and its programs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from charthouse import durable, processes
from charthouse.backup.manifests import parse_lsn
from charthouse.database_server import embedded_postgres, postgres_server
from charthouse.datadir import CommandError

DEBIAN = Path("/usr/lib/postgresql")
MIN_INCREMENTAL = 170000
MAX_SLOT_SIZE = "4GB"  # of WAL that an embedded server holds for a backup that does not come
RELOAD_TIMEOUT = 10.0  # seconds until new settings hold
_STATE = """
select current_setting('server_version_num')::int as version,
       (select system_identifier::text from pg_control_system()) as system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline,
       pg_size_bytes(current_setting('wal_segment_size')) as segment_size,
       (select rolreplication or rolsuper from pg_roles where rolname = current_user)
         and current_setting('wal_level') <> 'minimal'
         and current_setting('max_wal_senders')::int > 0 as may_replicate,
       coalesce(current_setting('summarize_wal', true), 'off') = 'on' as summarizes,
       current_setting('max_slot_wal_keep_size') <> '-1'
         and current_setting('max_replication_slots')::int > 0 as may_hold_wal,
       current_database() as database, (select rolname from pg_roles where oid = 10) as superuser,
       (select rolname from pg_roles r join pg_database on datdba = r.oid
         where datname = current_database()) as owner,
       (select oid from pg_database where datname = current_database())::int as database_oid,
       pg_database_size(current_database()) as database_bytes
"""


class ToolError(Exception):
    """A program of PostgreSQL failed. The text is its message."""


@dataclass(frozen=True)
class ClusterState:
    """What the server says of itself. ``may_hold_wal``: a replication slot can't fill its disk."""

    version: int
    system_identifier: str
    timeline: int
    segment_size: int
    may_replicate: bool
    summarizes: bool
    may_hold_wal: bool
    database: str
    superuser: str
    owner: str
    database_oid: int
    database_bytes: int

    @property
    def major(self) -> int:
        return self.version // 10000

    @property
    def slot(self) -> str:
        """The name of the replication slot of this database's backups."""
        return f"charthouse_backup_{self.database_oid}"


class Cluster:
    """How to reach the server. ``is_embedded``: it is the one of the data directory."""

    def __init__(self, database_url: str, data: Path) -> None:
        self.is_embedded = database_url == embedded_postgres.database_url(data)
        self._parameters = conninfo_to_dict(database_url)
        if self.is_embedded:  # its owner is no superuser, and may not replicate
            self._parameters["user"] = "postgres"
        if "dbname" not in self._parameters:
            self._parameters["dbname"] = "charthouse"

    @contextmanager
    def connect(self, **more: Any) -> Iterator["psycopg.Connection[Any]"]:
        """Connect for a block, in autocommit mode, as the owner of the tables or a superuser."""
        parameters = {"connect_timeout": 10, "application_name": "charthouse backup", **self._parameters}
        options = f"{parameters.pop('options', '')} -c timezone=UTC -c datestyle=ISO -c jit=off".strip()
        with psycopg.connect(autocommit=True, **{**parameters, "options": options, **more}) as connection:
            yield connection

    def read_state(self) -> ClusterState:
        """Ask the server. Raises psycopg.Error."""
        with self.connect() as connection:
            row = connection.cursor(row_factory=dict_row).execute(_STATE).fetchone()
        assert row is not None
        return ClusterState(**row)

    def prepare(self) -> None:
        """Let an embedded server note which blocks change, for incremental backups, and bound what it holds for a
        replication slot. Other servers are left as their operators have set them."""
        if not self.is_embedded:
            return
        with self.connect() as connection:
            wanted = {"summarize_wal": "on", "max_slot_wal_keep_size": MAX_SLOT_SIZE}
            names = connection.execute(
                "select name from pg_settings where name = any(%s) and setting in ('off', '-1')",
                [list(wanted)],
            ).fetchall()
            for (name,) in names:
                connection.execute(f"alter system set {name} = '{wanted[name]}'")
            if not names:
                return
            connection.execute("select pg_reload_conf()")
        until = time.monotonic() + RELOAD_TIMEOUT
        while time.monotonic() < until:
            state = self.read_state()
            if state.summarizes and state.may_hold_wal:
                return
            time.sleep(0.02)

    def mark_position(self) -> int:
        """Write a record to the WAL, and another after it. Return the position between them: when it has been received,
        so has everything that was committed before."""
        with self.connect() as connection:
            statement = "select pg_logical_emit_message(true, 'charthouse', 'backup')::text"
            row = connection.execute(statement).fetchone()
            connection.execute(statement)
        assert row is not None
        return parse_lsn(row[0])

    @contextmanager
    def open_access(
        self, state: Path, application: str = "charthouse backup"
    ) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Return arguments and environment by which programs of PostgreSQL reach the server: the password is in a
        file of mode 0600 in the directory ``state``, for the block."""
        parameters: dict[str, Any] = {
            name: value for name, value in self._parameters.items() if value is not None
        }
        password = parameters.pop("password", "")
        options = f"{parameters.pop('options', '')} -c timezone=UTC".strip()
        environment = dict(os.environ)
        path = state / f"pgpass-{os.getpid()}"
        if password:
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            durable.make_directory(state, mode=0o700)
            durable.write_file(path, f"*:*:*:*:{escaped}\n".encode())
            environment["PGPASSFILE"] = str(path)
        try:
            yield (
                ["-d", make_conninfo(**{**parameters, "options": options, "application_name": application})],
                environment,
            )
        finally:
            if password:
                path.unlink(missing_ok=True)


def find_program(name: str, major: int | None = None) -> str:
    """Return the path of a program of PostgreSQL: of this major version, or one that works with any older server.

    Raises CommandError when there is none.
    """
    if major in (None, int(postgres_server.VERSION)):
        return postgres_server.find_binary(name)
    folders = [
        Path(os.environ.get("CHARTHOUSE_POSTGRES_BIN", "/nonexistent")),
        DEBIAN / str(major) / "bin",
        Path(f"/usr/pgsql-{major}/bin"),
        *map(Path, os.environ.get("PATH", "").split(os.pathsep)),
    ]
    for folder in folders:
        path = folder / name
        if path.is_file() and _read_major(path) == major:
            return str(path)
    raise CommandError(
        f"{name} of PostgreSQL {major} is needed; set CHARTHOUSE_POSTGRES_BIN to the directory of its programs."
    )


def _read_major(path: Path) -> int | None:
    done = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if found else None


def follow_parent() -> None:
    """In a child before it runs a program: end with the parent, and run at low priority."""
    os.nice(10)
    if sys.platform == "linux":
        processes.set_parent_death_signal(signal.SIGTERM)


def run_program(
    arguments: Sequence[str], environment: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises ToolError with its message."""
    done = subprocess.run(  # noqa: S603
        arguments,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=follow_parent,
        **options,
    )
    if done.returncode:
        raise ToolError(describe_failure(arguments[0], done.stderr))
    return done


def describe_failure(program: str, stderr: str) -> str:
    """Say in one line why a program failed, without parameters that may be private."""
    lines = [line for line in stderr.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return f"{Path(program).name} failed: {' '.join((lines or stderr.splitlines() or ['no message'])[-2:])[:500]}"


def stream_program(arguments: Sequence[str], environment: dict[str, str]) -> Iterator[bytes]:
    """Run a program and yield what it prints. Raises ToolError at the end if it failed."""
    process = subprocess.Popen(  # noqa: S603
        arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=follow_parent,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        while chunk := process.stdout.read(256 * 1024):
            yield chunk
        message = process.stderr.read().decode(errors="replace")
        if process.wait():
            raise ToolError(describe_failure(arguments[0], message))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()
