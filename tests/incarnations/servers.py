"""PostgreSQL servers that come and go: a record moves from one to the next."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections

from charthouse.database_server import postgres_server
from charthouse.identity import incarnations
from tests.conftest import MADE_ONCE, PGDATA, RUN, TEMPLATE, WORKER
from tests.sandbox.databases import _connect_to

# Of the version that the tests' own server is of, as it starts copies of it.
BIN = Path(os.environ.get("POSTGRES_BIN") or Path(postgres_server.find_binary("postgres")).parent)
DATABASE = "charthouse"
CONFIGURATION = """
listen_addresses = ''
fsync = off
synchronous_commit = off
wal_level = replica
max_wal_size = 1GB
shared_buffers = 32MB
archive_mode = on
jit = off
"""


def run(program: str, *arguments: str, directory: Path = BIN, cwd: Path = Path("/")) -> str:
    """Run a program of PostgreSQL as the account of the tests' server, which may not be root."""
    owner = pwd.getpwuid(PGDATA.stat().st_uid)
    account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(directory / program), *arguments], capture_output=True, text=True, cwd=cwd, **account
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@dataclass
class Server:
    """A server on a directory of its own. ``folder`` belongs to the account that runs it."""

    folder: Path
    bin: Path = BIN

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def initialize(self) -> "Server":
        make_folder(self.folder)
        make_folder(self.archive)
        locale = ("--encoding", "UTF8", "--locale", "C", "--data-checksums")
        run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            *locale,
            directory=self.bin,
        )
        self.configure(CONFIGURATION + f"archive_command = 'cp %p {self.archive}/%f'")
        return self

    def take(self, data: Path) -> "Server":
        """Take a copy of the files of a stopped server."""
        make_folder(self.folder)
        make_folder(self.archive)
        run("cp", "-a", str(data), str(self.data), directory=Path("/bin"))
        self.configure(CONFIGURATION + f"archive_command = 'cp %p {self.archive}/%f'")
        return self

    def configure(self, text: str) -> None:
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"{text}\nunix_socket_directories = '{self.folder}'\n")

    def start(self) -> "Server":
        run(
            "pg_ctl",
            "-D",
            str(self.data),
            "-w",
            "-t",
            "120",
            "-l",
            str(self.folder / "log"),
            "start",
            directory=self.bin,
        )
        return self

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop", directory=self.bin)

    def kill(self) -> None:
        """End it as a machine does whose power fails."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + 60
        while (self.data / "postmaster.pid").exists():
            assert time.monotonic() < until
            time.sleep(0.02)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        with psycopg.connect(
            f"postgresql://postgres:@/{database}?host={self.folder}", autocommit=True
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    def copy(self, folder: Path) -> "Server":
        """Copy the files of this server, which is stopped."""
        return Server(folder, self.bin).take(self.data)

    def back_up(self, folder: Path) -> "Server":
        """Make a base backup, as the files of another server."""
        make_folder(folder)
        source = ("-h", str(self.folder), "-U", "postgres", "-c", "fast", "-X", "stream", "--no-sync")
        run("pg_basebackup", *source, "-D", str(folder / "data"), directory=self.bin)
        copied = Server(folder, self.bin)
        make_folder(copied.archive)
        copied.configure(f"archive_command = 'cp %p {copied.archive}/%f'")
        return copied

    def recover(self, archive: Path, target: str = "") -> "Server":
        """Start with recovery from an archive: to its end, or to where ``target`` (settings) says."""
        self.configure(
            f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_action = 'promote'\n{target}"
        )
        (self.data / "recovery.signal").touch()
        self.start()
        self.wait_until_writable()
        return self

    def follow(self, primary: "Server") -> "Server":
        """Start as a standby that streams from a primary."""
        self.configure(f"primary_conninfo = 'host={primary.folder} user=postgres'\nhot_standby = on")
        (self.data / "standby.signal").touch()
        return self.start()

    def catch_up(self, primary: "Server") -> None:
        """Wait until it has replayed what the primary has written."""
        ((position,),) = primary.execute("select pg_current_wal_insert_lsn()::text")
        until = time.monotonic() + 60
        while not self.execute(f"select pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")[0][0]:
            assert time.monotonic() < until
            time.sleep(0.05)

    def promote(self) -> None:
        run("pg_ctl", "-D", str(self.data), "-w", "promote", directory=self.bin)
        self.wait_until_writable()

    def wait_until_writable(self) -> None:
        until = time.monotonic() + 120
        while self.execute("select pg_is_in_recovery()")[0][0]:
            assert time.monotonic() < until
            time.sleep(0.05)

    def dump(self) -> Path:
        file = self.folder / "dump"
        source = ("-h", str(self.folder), "-U", "postgres", "-d", DATABASE)
        run("pg_dump", *source, "-Fc", "-Z0", "-f", str(file), directory=self.bin)
        return file

    def restore(self, dump: Path) -> None:
        """Restore a dump into a new database."""
        if not self.execute("select from pg_roles where rolname = 'charthouse_web'"):
            self.execute("create role charthouse_web nologin")
        self.execute(f'create database "{DATABASE}"')
        target = ("-h", str(self.folder), "-U", "postgres", "-d", DATABASE)
        run("pg_restore", *target, "-e", "-1", str(dump), directory=self.bin)

    def skip_transactions(self, count: int) -> None:
        """Let the stopped server give greater transaction ids, as a busy one does. ``count``: a multiple of 2**20,
        whose pages of the commit log are made here."""
        run("pg_resetwal", "-x", str(count), str(self.data), directory=self.bin)
        segment = self.data / "pg_xact" / f"{count // 2**20:04X}"
        segment.write_bytes(bytes(256 * 1024))
        os.chown(segment, self.data.stat().st_uid, self.data.stat().st_gid)


def make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    owner = PGDATA.stat()
    os.chown(folder, owner.st_uid, owner.st_gid)


@contextmanager
def run_pair(name: str) -> Iterator[tuple[Server, Server]]:
    """A primary with the tables of this version, and its standby."""
    folder = RUN / f"{name}-{WORKER}"
    make_folder(folder)
    primary = Server(folder / "primary").take(MADE_ONCE).start()
    primary.execute(f"alter database {TEMPLATE} rename to {DATABASE}")
    yield primary, primary.back_up(folder / "standby").follow(primary)
    remove(folder)


@contextmanager
def use_server(*servers: Server) -> Iterator[None]:
    """Use the database of a server in the block; of several, as a DATABASE_URL with these hosts does."""
    former = {alias: dict(connections[alias].settings_dict) for alias in connections}
    names = {alias: str(connections[alias].settings_dict["NAME"]) for alias in connections}
    _connect_to(dict.fromkeys(names, DATABASE))
    for alias in connections:
        connections[alias].settings_dict["HOST"] = ",".join(str(server.folder) for server in servers)
        if len(servers) > 1:
            options = former[alias]["OPTIONS"] | {"target_session_attrs": "read-write"}
            connections[alias].settings_dict["OPTIONS"] = options
    incarnations.forget()
    try:
        yield
    finally:
        _connect_to(names)
        for alias in connections:
            connections[alias].settings_dict |= {name: former[alias][name] for name in ("HOST", "OPTIONS")}
        incarnations.forget()


def remove(folder: Path) -> None:
    for data in folder.glob("*/data"):
        Server(data.parent).stop()
    shutil.rmtree(folder, ignore_errors=True)
