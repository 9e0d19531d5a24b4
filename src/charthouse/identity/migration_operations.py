"""Migration classes, operations and an executor that Django does not provide."""

from pathlib import Path
from types import MethodType
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    Migration,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
    RunSQL,
)
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation

from charthouse.identity.catalog import list_invalid_indexes, wait_for_transactions

BATCH = 5_000  # rows that are changed in one transaction
# Operations that need no other states than those before and after their migration, if they are about different things.
_OF_MODELS = (AddConstraint, AddField, AddIndex, AlterField, RemoveConstraint, RemoveField, RemoveIndex)


class Executor(MigrationExecutor):
    """Applies migrations. Each is recorded in its own transaction, if it has one: Django records some after it, so
    that a process that is killed in between leaves a change that the next one can't make again.

    The models are rendered once a migration where that makes no difference: after each operation Django renders all
    models related to the changed one, which takes a seventh of a second of CPU for a patient, as all of the record is.
    """

    def apply_migration(
        self, state: Any, migration: Any, fake: bool = False, fake_initial: bool = False
    ) -> Any:
        """Apply a migration and return the state after it."""
        show_progress(self.connection, f"{migration.app_label} {migration.name}")
        if type(migration).apply is Migration.apply and migration.atomic:
            if _only_creates(migration.operations):
                migration.apply = MethodType(_create_models, migration)
            elif _is_independent(migration.operations):
                migration.apply = MethodType(_apply_at_once, migration)
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            state = migration.apply(state, editor)
            for statement in editor.deferred_sql:
                editor.execute(statement, None)
            editor.deferred_sql.clear()
            self.record_migration(migration)  # type: ignore[call-arg]  # the stubs are of an older version
        return state


def show_progress(connection: Any, what: str) -> None:
    """Show an administrator of the database, in ``pg_stat_activity``, what is being done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('application_name', %s, false)", [f"charthouse migrate: {what}"[:63]]
        )


def _only_creates(operations: list[Any]) -> bool:
    """Tell whether the operations make tables, each complete, and nothing else of the models."""
    sql = (one for one in operations if not isinstance(one, CreateModel))
    return all(type(one) in (RunSQL, RunSQLFile) and not one.state_operations for one in sql)


def _is_independent(operations: list[Any]) -> bool:
    """Tell whether no operation is about what another one makes, changes or removes, as far as is known of each."""
    about = []
    for operation in operations:
        if isinstance(operation, CreateModel):
            about.append(operation.name_lower)
        elif type(operation) in _OF_MODELS:
            part = getattr(operation, "constraint", None) or getattr(operation, "index", None) or operation
            about.append(f"{operation.model_name_lower}.{part.name}")
        elif type(operation) not in (RunSQL, RunSQLFile):
            return False
    created = {name for name in about if "." not in name}
    return len(set(about)) == len(about) and not any(
        name.partition(".")[0] in created for name in set(about) - created
    )


def _apply_at_once(migration: Any, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
    """Change the state by all operations, render the models, and change the database by one after the other."""
    before, apps = project_state.clone(), project_state.apps
    del project_state.apps  # otherwise each operation renders what it changes
    for operation in migration.operations:
        operation.state_forwards(migration.app_label, project_state)
    project_state.apps = apps
    stated = [each for one in migration.operations for each in (one, *getattr(one, "state_operations", ()))]
    names = {getattr(each, "model_name_lower", None) or getattr(each, "name_lower", None) for each in stated}
    project_state.reload_models(sorted((migration.app_label, name) for name in names - {None}), delay=False)
    for operation in migration.operations:
        operation.database_forwards(migration.app_label, schema_editor, before, project_state)
    return project_state


class InitialMigration(Migration):
    """The first migration of an app: creates each table with everything that its later operations add to it.

    After each operation Django renders all models related to the changed one, which takes a minute of CPU for an empty
    database. No model refers to those of an app before its first migration, so only the new ones are rendered, once.
    """

    initial = True

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        """Change the state and the database. Return the state, as ``Migration.apply`` does."""
        return _create_models(self, project_state, schema_editor)


def _create_models(migration: Any, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
    """Change the state and the database by a migration whose models no other model refers to yet: only they are
    rendered, once. Return the state."""
    apps = project_state.apps
    before = set(project_state.models)
    del project_state.apps  # otherwise each operation renders what it changes
    migration.mutate_state(project_state, preserve=False)
    new = {key: state for key, state in project_state.models.items() if key not in before}
    apps.render_multiple(list(new.values()))
    project_state.apps = apps
    for operation in migration.operations:
        if isinstance(operation, AddField | AddIndex | AddConstraint) and (
            (migration.app_label, operation.model_name_lower) in new
        ):
            continue  # the table was created with it
        operation.database_forwards(migration.app_label, schema_editor, project_state, project_state)
    return project_state


class RunSQLFile(RunSQL):
    """The SQL of a migration, in a file of the same name next to it.

    ``{schema}`` is replaced by the name of the current schema: functions that run as their owner name it in their
    ``search_path``.
    """

    def __init__(self, migration: str, *, state_operations: list[Operation] | None = None) -> None:
        """``migration`` is the ``__file__`` of the migration; ``state_operations`` say what it changes of the
        models."""
        self.text = Path(migration).with_suffix(".sql").read_text()
        super().__init__(self.text, state_operations=state_operations)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("select quote_ident(current_schema())")
            (schema,) = cursor.fetchone()
        schema_editor.execute(self.text.replace("{schema}", schema), params=None)


class BuildIndex(AddIndexConcurrently):
    """Add an index while others write to the table. Of a migration with ``atomic = False`` the only operation, as it
    can be repeated: what was interrupted is built again."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("select to_regclass(quote_ident(%s)) is not null", [self.index.name])
            (exists,) = cursor.fetchone()
            is_interrupted = self.index.name in list_invalid_indexes(cursor)
            with wait_for_transactions(cursor):
                if is_interrupted:
                    cursor.execute(f'drop index concurrently "{self.index.name}"')
                if not exists or is_interrupted:
                    super().database_forwards(app_label, schema_editor, from_state, to_state)


class UpdateInBatches(Operation):
    """Change many rows, in transactions of some thousands. Of a migration with ``atomic = False`` the only operation,
    as it can be repeated."""

    reversible = True
    atomic = False

    def __init__(self, statement: str) -> None:
        """``statement``: changes at most ``{limit}`` rows that it then does not find again, as in ``update t set c = 1
        where id in (select id from t where c is null limit {limit})``."""
        self.statement = statement

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            while True:
                cursor.execute(self.statement.replace("{limit}", str(BATCH)))
                if not cursor.rowcount:
                    return

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        pass
