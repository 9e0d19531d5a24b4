"""Databases that are filled with the synthetic practices."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.test import override_settings

from charthouse.audit import request_log
from charthouse.files.encryption_keys import load_key_ring
from charthouse.identity import incarnations, tenancy
from charthouse.sandbox import description, seed
from tests.conftest import WORKER, _execute, create_database

# Tables of what a seed makes, and columns that are random or say when a row was written.
TABLES = (
    "^(identity_(user|practice|application)|"
    "(practice|patients|scheduling|clinical|medications|labs|billing|inventory|questionnaires)_)"
)
RANDOM_COLUMNS = {"password", "client_secret", "sealed_secret", "token_checksum", "created", "updated"}
PROGRESS = ("Practices", "Patients", "Indexes and checks")


class SandboxDatabase:
    """A database and a data directory of their own, filled from a seed."""

    def __init__(self, name: str, data: Path, seed_number: int, patients: int) -> None:
        self.database, self.data = f"charthouse_{WORKER}_{name}", data
        self.steps: list[tuple[str, int, int]] = []
        create_database(self.database)
        with self.open():
            seed.build(seed_number, patients, lambda *step: self.steps.append(step))
        self.describe()

    def describe(self) -> None:
        """Write ``sandbox.json``."""
        with self.open():
            self.description = description.write(self.data / "sandbox.json", "http://testserver")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Use this database and data directory in the block."""
        with use_database(self.database, self.data):
            yield

    def read_rows(self) -> dict[str, list[Any]]:
        """Read the rows of all practices by table, without what is random."""
        with self.open(), connections["owner"].cursor() as cursor:
            cursor.execute(
                "select table_name, array_agg(column_name::text order by ordinal_position) "
                "from information_schema.columns where table_schema = 'public' and table_name ~ %s group by 1",
                [TABLES],
            )
            rows = {}
            for table, names in cursor.fetchall():
                columns = ", ".join(f'"{name}"' for name in names if name not in RANDOM_COLUMNS)
                order = "id" if "id" in names else columns
                cursor.execute(f"select {columns} from {table} order by {order}")  # noqa: S608
                rows[table] = cursor.fetchall()
        return rows

    def get_token(self, practice: int) -> str:
        """Return the access token of the last app of a practice, by its index."""
        token: str = self.description["practices"][practice]["oauth_apps"][-1]["access_token"]
        return token


@contextmanager
def use_database(database: str, data: Path) -> Iterator[None]:
    """Use a database and a data directory in the block."""
    load_key_ring()  # of the directory that the storage of files is in, whichever test comes first
    former_data = settings.DATA
    names = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    settings.DATA = data
    _connect_to(dict.fromkeys(names, database))
    try:
        yield
    finally:
        settings.DATA = former_data
        _connect_to(names)


@contextmanager
def use_new_database(name: str, data: Path) -> Iterator[str]:
    """Use a database with all tables, and a storage of files, that no other test sees, in the block. Yields its name.

    For what looks at all practices: in the database of a worker there are soon thousands of them.
    """
    database = f"charthouse_{WORKER}_own_{name}"  # databases that fixtures make have other names
    create_database(database)
    files = settings.STORAGES["files"] | {"OPTIONS": {"location": data / "files"}}
    try:
        with override_settings(STORAGES=settings.STORAGES | {"files": files}), use_database(database, data):
            incarnations.forget()
            yield database
    finally:
        incarnations.forget()
        _execute(f'drop database "{database}" with (force)')


def _connect_to(names: dict[str, str]) -> None:
    tenancy.clear_tenant()
    request_log.stop()  # its thread writes to the database that was in use
    request_log.reset()
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def query(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement as the owner of the tables."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
