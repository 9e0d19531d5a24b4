"""Schema setup: upgrading a database to this version."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from charthouse.identity import rowsecurity
from charthouse.identity.migration_operations import Executor

LOCK = 0x6368_0002  # advisory lock, held while the schema changes
NEW_OBJECTS = 200_000  # between two runs of the garbage collector


def migrate(using: str = "owner") -> None:
    """Apply missing migrations, then add missing keys, policies and privileges of the tables.

    Idempotent: a concurrent run waits, and a later one completes a run that was interrupted. Raises
    ImproperlyConfigured as ``rowsecurity.secure`` does.
    """
    with _collect_garbage_seldom(), connections[using].cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
        try:
            executor = Executor(connections[using])
            targets = executor.loader.graph.leaf_nodes()
            if plan := executor.migration_plan(targets):
                emit_pre_migrate_signal(verbosity=0, interactive=False, db=using, plan=plan)
                executor.migrate(targets, plan)
                emit_post_migrate_signal(verbosity=0, interactive=False, db=using, plan=plan)
            rowsecurity.secure(using=using)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def count_unapplied_migrations(using: str = "owner") -> int:
    """Count the migrations that the database lacks."""
    executor = MigrationExecutor(connections[using])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


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
