"""Schema setup: upgrading a database to this version."""

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from charthouse.identity import rowsecurity

LOCK = 0x6368_0002  # advisory lock, held while the schema changes


def migrate(using: str = "owner") -> None:
    """Apply missing migrations, then add missing keys, policies and privileges of the tables.

    Idempotent: a concurrent run waits, and a later one completes a run that was interrupted. Raises
    ImproperlyConfigured as ``rowsecurity.secure`` does.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
        try:
            executor = MigrationExecutor(connections[using])
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
