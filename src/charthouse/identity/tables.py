"""Bringing the tables of a database up to this version. The migrations are the truth, whichever way they are applied.

One by one, each works its way through a state of its own of all models, which takes the longer the more there are. An
empty database needs none of the states between: it gets the tables of the last one, all at once, and then what only
SQL can say. A test compares what the two ways leave.
"""

from typing import Any

from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connections, transaction
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from charthouse.identity import rowsecurity

LOCK = 0x6368_0002  # advisory lock of whoever migrates
# procrastinate's migrations use values they have added to an enum, which PostgreSQL 15 refuses in one transaction.
ALL_AT_ONCE = 180000


def bring_up(using: str = "owner") -> None:
    """Give a database what it lacks of this version's tables, keys, policies and grants. Idempotent; a second run
    waits for the first. An empty database of PostgreSQL 18 gets all of it or, when something fails, nothing.

    Raises ImproperlyConfigured as ``rowsecurity.secure`` does.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
        try:
            if _empty(cursor):
                with transaction.atomic(using=using):
                    _make(using)
                    rowsecurity.secure(using=using)
            else:
                if missing(using):
                    call_command("migrate", database=using, verbosity=0, interactive=False)
                rowsecurity.secure(using=using)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def missing(using: str = "owner") -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connections[using])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _empty(cursor: Any) -> bool:
    cursor.execute(
        "select current_setting('server_version_num')::int >= %s and not exists "
        "(select from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p'))",
        [ALL_AT_ONCE],
    )
    return bool(cursor.fetchone()[0])


def _make(using: str) -> None:
    """Make all tables, then run the SQL and the functions of every migration in order, as on the models of the last
    state, and record them all as applied.

    An operation that is there for rows of old databases, or that means a column which is gone since, says
    ``elidable=True``, as it does for Django to leave it out of squashed migrations, and is left out here as well.
    """
    connection = connections[using]
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    state = executor.loader.project_state()
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    # No savepoints: a new value of an enum may be used only where the enum was made.
    with connection.schema_editor(atomic=False) as editor:
        for model in state.apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
    for migration, _ in plan:
        with connection.schema_editor(atomic=False) as editor:
            for operation in migration.operations:
                if isinstance(operation, RunSQL | RunPython) and not operation.elidable:
                    operation.database_forwards(migration.app_label, editor, state, state)
        recorder.record_applied(migration.app_label, migration.name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=using, plan=plan)
