"""Migration classes and operations that Django does not provide."""

from pathlib import Path
from typing import Any

from django.db.migrations import AddConstraint, AddField, AddIndex, Migration, RunSQL


class InitialMigration(Migration):
    """The first migration of an app: creates each table with everything that its later operations add to it.

    After each operation Django renders all models related to the changed one, which takes a minute of CPU for an empty
    database. No model refers to those of an app before its first migration, so only the new ones are rendered, once.
    """

    initial = True

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        """Change the state and the database. Return the state, as ``Migration.apply`` does."""
        apps = project_state.apps
        before = set(project_state.models)
        del project_state.apps  # otherwise each operation renders what it changes
        self.mutate_state(project_state, preserve=False)
        new = {key: state for key, state in project_state.models.items() if key not in before}
        apps.render_multiple(list(new.values()))
        project_state.apps = apps
        for operation in self.operations:
            if isinstance(operation, AddField | AddIndex | AddConstraint) and (
                (self.app_label, operation.model_name_lower) in new
            ):
                continue  # the table was created with it
            operation.database_forwards(self.app_label, schema_editor, project_state, project_state)
        return project_state


class RunSQLFile(RunSQL):
    """The SQL of a migration, in a file of the same name next to it, or in that of a migration which it replaces.

    ``{schema}`` is replaced by the name of the current schema: functions that run as their owner name it in their
    ``search_path``.
    """

    def __init__(self, migration: str, replaced: str | None = None) -> None:
        """``migration`` is the ``__file__`` of the migration; ``replaced`` the name of the one whose SQL is meant."""
        path = Path(migration)
        self.text = path.with_name(f"{replaced or path.stem}.sql").read_text()
        super().__init__(self.text)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("select quote_ident(current_schema())")
            (schema,) = cursor.fetchone()
        schema_editor.execute(self.text.replace("{schema}", schema), params=None)
