"""An installation of its own that tests back up and restore: an embedded PostgreSQL, a practice, files, seals."""

import os
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.files.base import File
from django.db import connections, transaction
from django.test import override_settings

from charthouse import cli, datadir
from charthouse.backup import destinations, row_counts, sealing
from charthouse.backup import service as services
from charthouse.backup.configuration import read_configuration
from charthouse.backup.manifests import Manifest
from charthouse.backup.repository import Repository, open_repository
from charthouse.backup.service import Service
from charthouse.database_server import embedded_postgres, postgres_server
from charthouse.files import encryption_keys
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from tests.audit.sealing import seal_all_rows
from tests.conftest import MADE_ONCE, RUN, TEMPLATE
from tests.sandbox.databases import use_database
from tests.support import make_doctor, make_practice
from tests.waiting import PATIENCE

sealing._SCRYPT["n"] = 2**4  # a passphrase is derived in no time
PASSPHRASE = "correct horse battery staple"
VARIABLE = "CHARTHOUSE_BACKUP"


@dataclass
class Installation:
    """A data directory whose server runs, and where its backups go."""

    data: Path
    place: str
    passphrase_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the environment of its commands says of it."""
        return {
            "DATABASE_URL": embedded_postgres.database_url(self.data),
            "CHARTHOUSE_DATA": str(self.data),
            VARIABLE: self.place,
            f"{VARIABLE}_PASSPHRASE_FILE": str(self.passphrase_file),
        }

    def run(self, *arguments: object, ok: bool = True) -> None:
        """Run a command of charthouse in this process, with the environment of the installation."""
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("CHARTHOUSE_SECRET_KEY", raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.delenv("DATABASE_URL")  # which the command finds itself
            assert cli.main([str(each) for each in arguments]) == (0 if ok else 1)

    def back_up(self, *options: str) -> Manifest:
        """Make a backup, and return its manifest."""
        self.run("backup", *options)
        return self.repository.list_backups()[-1]

    def require_backup(self) -> Manifest:
        """Return the last backup, for which one is made where there is none."""
        if not (self.backups / "repository.json").exists():
            return self.back_up()
        return self.repository.list_backups()[-1]

    @property
    def repository(self) -> Repository:
        return open_repository(destinations.connect(self.place))

    def connect(self, data: Path | None = None) -> "psycopg.Connection[Any]":
        """Connect as superuser to the running server of a data directory."""
        host = postgres_server.socket_directory(data or self.data)
        return psycopg.connect(f"host={host} user=postgres dbname=charthouse", autocommit=True)

    def write_note(self, text: str) -> None:
        """Commit a row."""
        with self.connect() as connection:
            connection.execute("insert into drill_note values (%s)", [text])

    def store(self, content: bytes) -> int:
        """Store a file, and return the id of its row."""
        with use_installation(self.data), tenancy.within(self.practice), transaction.atomic():
            return store_file(File(BytesIO(content), "scan.pdf"), "application/pdf", self.practice).pk

    @property
    def practice(self) -> int:
        with self.connect() as connection:
            row = connection.execute("select min(id) from identity_practice").fetchone()
        assert row is not None
        return int(row[0])

    @property
    def backups(self) -> Path:
        """The destination, which is a directory."""
        return Path(self.place)

    def object_path(self, manifest: Manifest, kind: str) -> Path:
        """Return the file of an object of a backup, where the destination is a directory."""
        return Path(self.place) / manifest.name_object(kind)


def make_folder() -> Path:
    """Make a directory that the account which runs PostgreSQL may pass through, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="backup-", dir=RUN))
    for each in (folder, RUN):
        each.chmod(0o711)
    return folder


@dataclass
class OwnServer:
    """An installation in a folder whose database is on another server, at ``url``."""

    folder: Path
    url: str
    programs: str = ""  # the folder of those of its version

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def repository(self) -> Repository:
        return open_repository(destinations.connect(str(self.folder / "backups")))

    @property
    def environment(self) -> dict[str, str]:
        """What the environment of its commands says of it."""
        return {
            "DATABASE_URL": self.url,
            "CHARTHOUSE_DATA": str(self.data),
            "CHARTHOUSE_POSTGRES_BIN": self.programs,
            VARIABLE: str(self.folder / "backups"),
            f"{VARIABLE}_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }

    def run(self, *arguments: object, ok: bool = True) -> None:
        """Run a command of charthouse in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("CHARTHOUSE_SECRET_KEY", raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            assert cli.main([str(each) for each in arguments]) == (0 if ok else 1)


def _open_installation(folder: Path) -> Installation:
    return Installation(datadir.prepare(folder / "data"), str(folder / "backups"), folder / "passphrase")


@cache
def _make_original() -> Path:
    """Make an installation whose database is a copy of the template of this test run, and stop its server. Returns its
    folder."""
    made = _open_installation(folder := make_folder())
    made.passphrase_file.write_text(f"{PASSPHRASE}\n")
    (made.data / "secret_key").write_text(uuid.uuid4().hex)
    with run_migrated_server(made.data):
        with made.connect() as connection:
            connection.execute("create table drill_note (text text)")
            connection.execute("grant select, insert, update, delete on drill_note to charthouse_web")
        with use_installation(made.data):
            clinic = make_practice("Drill Practice")
            make_doctor(clinic.practice)
            emit_audit_event("exported", practice_id=clinic.id)
            seal_all_rows()
        made.store(b"consent form" * 1000)
        made.store(os.urandom(100_000))
    return folder


@contextmanager
def run_migrated_server(data: Path) -> Iterator[None]:
    """Run the server of a new data directory: a copy of the template of this test run, which has all tables."""
    subprocess.run(["cp", "-a", MADE_ONCE, data / "postgres"], check=True)  # noqa: S607
    with embedded_postgres.run_server(data):
        with psycopg.connect(
            f"host={postgres_server.socket_directory(data)} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute("drop database charthouse")
            connection.execute(f"alter database {TEMPLATE} rename to charthouse")
        yield


@contextmanager
def run_installation() -> Iterator[Installation]:
    """Run an installation: a copy of one that a worker makes once, without backups."""
    folder = make_folder()
    subprocess.run(["cp", "-a", f"{_make_original()}/.", folder], check=True)  # noqa: S607
    made = _open_installation(folder)
    with embedded_postgres.run_server(made.data):
        yield made


@contextmanager
def use_installation(data: Path) -> Iterator[None]:
    """Use the database, keys and files of a data directory in this process."""
    hosts = {alias: connections[alias].settings_dict["HOST"] for alias in connections}
    files = settings.STORAGES["files"] | {"OPTIONS": {"location": data / "files"}}
    for alias in hosts:
        connections[alias].close()
        connections[alias].settings_dict["HOST"] = str(postgres_server.socket_directory(data))
    key = (data / "secret_key").read_text().strip()
    try:
        with (
            override_settings(SECRET_KEY=key, STORAGES=settings.STORAGES | {"files": files}),
            use_database("charthouse", data),
        ):
            encryption_keys.load_key_ring.cache_clear()
            yield
    finally:
        encryption_keys.load_key_ring.cache_clear()
        for alias, host in hosts.items():
            connections[alias].close()
            connections[alias].settings_dict["HOST"] = host


@contextmanager
def run_service(environment: Mapping[str, str]) -> Iterator[None]:
    """Run the service in a thread, as the worker does in a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "INTERVAL", 0.1)
        patch.delenv("CHARTHOUSE_SECRET_KEY")
        for name, value in environment.items():
            patch.setenv(name, value)
        stop = threading.Event()
        thread = threading.Thread(target=Service(read_configuration(), stop).run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@contextmanager
def run_restored(data: Path) -> Iterator["psycopg.Connection[Any]"]:
    """Run the server of a restored data directory, and connect to it as superuser."""
    with embedded_postgres.run_server(data):
        host = postgres_server.socket_directory(data)
        with psycopg.connect(f"host={host} user=postgres dbname=charthouse", autocommit=True) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection


def list_losses(before: row_counts.Counts, after: row_counts.Counts) -> list[str]:
    """List the tables that a restore has changed, but for those that note backups, and that this is a copy."""
    ours = ("backup_run", "backup_stream", "identity_incarnation")
    return [each for each in row_counts.compare(before, after) if each.split()[1] not in ours]


def list_notes(connection: "psycopg.Connection[Any]") -> list[str]:
    """List the rows of the table that tests write to."""
    return [text for (text,) in connection.execute("select text from drill_note order by text").fetchall()]
