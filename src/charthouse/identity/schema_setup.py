"""Schema setup: upgrading a database to this version, while servers use it.

Each migration is one transaction, which also records it. One that can't be (an index that is built while the table is
written to) can be repeated. So an interrupted upgrade goes on where it was. No statement waits for a lock on a table
for longer than others should wait behind it: then the migration is given up, and tried again a little later.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DatabaseError, OperationalError, connections

from charthouse import logs
from charthouse.engine.sql.failures import get_sqlstate
from charthouse.identity import rowsecurity, schema_dump, schema_versions
from charthouse.identity.migration_operations import Executor, show_progress

LOCK = 0x6368_0002  # advisory lock, held while the schema changes
NEW_OBJECTS = 200_000  # between two runs of the garbage collector
LOCK_SECONDS = 2  # that a statement waits for a lock on a table, and others behind it
DELAYS = (1, 1, 2, 3, 5, *(10,) * 15)  # seconds before the next try
LOCKED = ("55P03", "40P01")  # SQLSTATE: lock timeout, deadlock
BLOCKERS = """
select format('process %s (%s) has had a transaction open for %s s', pid, coalesce(nullif(application_name, ''),
              usename), round(extract(epoch from clock_timestamp() - xact_start)))
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and xact_start < clock_timestamp() - interval '1 s'
 order by xact_start limit 1
"""
announce = partial(logs.announce, "charthouse.migrate")


class SchemaError(Exception):
    """The schema can't be upgraded; the message is for an operator."""


class NewerDatabase(SchemaError):
    """A newer program has upgraded the database."""


class TableLocked(SchemaError):
    """A table was locked by others at each try."""


def migrate(using: str = "owner", say: Callable[[str], object] = announce) -> None:
    """Apply missing migrations, then add missing keys, policies and privileges of the tables.

    Idempotent: a concurrent run waits, and a later one completes a run that was interrupted. ``say``: called with
    what it waits for. Raises NewerDatabase, TableLocked, and ImproperlyConfigured as ``rowsecurity.secure`` does.
    """
    with _collect_garbage_seldom(), connections[using].cursor() as cursor, _hold_lock(cursor, say):
        for delay in (*DELAYS, None):
            try:
                return _upgrade(using, cursor)
            except OperationalError as error:
                if get_sqlstate(error) not in LOCKED:
                    raise
                why = _explain_wait(cursor)
                if delay is None:
                    raise TableLocked(
                        f"A table is locked{why}. What is complete of the upgrade is in place, and the database can be "
                        "used as before. Run charthouse migrate again when that has ended."
                    ) from None
                say(f"A table is locked{why}; trying again in {delay} s.")
                time.sleep(delay)


def _upgrade(using: str, cursor: Any) -> None:
    applied = schema_versions.read_applied_migrations(cursor)
    missing, unknown = schema_versions.compare_migrations(applied)
    if unknown:
        raise NewerDatabase(schema_versions.explain_newer(using))
    if not missing and schema_versions.is_complete(cursor):
        return rowsecurity.secure(using=using)
    if not applied:
        show_progress(connections[using], "all tables")
        schema_dump.load(using)
        missing, _ = schema_versions.compare_migrations(schema_versions.read_applied_migrations(cursor))
    executor = Executor(connections[using]) if missing else None
    targets, plan = [], []
    if executor:
        executor.recorder.ensure_schema()
        targets = executor.loader.graph.leaf_nodes()
        plan = executor.migration_plan(targets)
    schema_versions.note_beginning(cursor)
    emit_pre_migrate_signal(verbosity=0, interactive=False, db=using, plan=plan)
    if executor:
        executor.migrate(targets, plan)
    show_progress(connections[using], "keys and policies")
    emit_post_migrate_signal(verbosity=0, interactive=False, db=using, plan=plan)
    rowsecurity.secure(using=using)
    schema_versions.note_end(cursor)


@contextmanager
def _hold_lock(cursor: Any, say: Callable[[str], object]) -> Iterator[None]:
    """Hold the lock of upgrades for a block, in which no statement waits long for a table."""
    if not _try_lock(cursor):
        say("Another charthouse migrate is running; waiting for it.")
        while not _try_lock(
            cursor
        ):  # a statement that waits for it would make others wait that build an index
            time.sleep(0.2)
    try:
        cursor.execute("select set_config('lock_timeout', %s, false)", [f"{LOCK_SECONDS}s"])
        yield
    finally:
        with suppress(DatabaseError):  # the connection may be lost, and with it the lock
            cursor.execute("reset lock_timeout; reset application_name")
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def _try_lock(cursor: Any) -> bool:
    cursor.execute("select pg_try_advisory_lock(%s)", [LOCK])
    return bool(cursor.fetchone()[0])


def _explain_wait(cursor: Any) -> str:
    cursor.execute(BLOCKERS)
    found = cursor.fetchone()
    return f": {found[0]}" if found else ""


def explain_difference(using: str = "owner") -> str:
    """Say what is to be done where the database is not of this version; "" where it is."""
    with connections[using].cursor() as cursor:
        missing, unknown = schema_versions.compare_migrations(schema_versions.read_applied_migrations(cursor))
    if unknown:
        return schema_versions.explain_newer(using)
    return schema_versions.explain_older(missing, using) if missing else ""


def count_unapplied_migrations(using: str = "owner") -> int:
    """Count the migrations that the database lacks."""
    with connections[using].cursor() as cursor:
        return schema_versions.compare_migrations(schema_versions.read_applied_migrations(cursor))[0]


@contextmanager
def _collect_garbage_seldom() -> Iterator[None]:
    """Migrations make the classes of models again and again: an empty database would be a quarter slower to migrate,
    for 50 MB."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
