"""The schema as one file of SQL, from which an empty database is made: ``schema.sql``, printed from the migrations by
``python -m tools.schema``. It names the migrations that it replaces; later ones run after it
(docs/decisions/0428-schema-dump.md).
"""

import re
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder

PATH = Path(__file__).with_name("schema.sql")
_MIGRATION = re.compile(r"^-- migration (\w+)\.(\w+)$", re.MULTILINE)


def load(using: str) -> None:
    """Make the tables of an empty database and record the migrations that made them, all or nothing."""
    text = PATH.read_text()
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        cursor.execute(text.replace("{schema}", cursor.fetchone()[0]))
        recorded: Any = MigrationRecorder(connection).migration_qs
        recorded.bulk_create(recorded.model(app=app, name=name) for app, name in list_migrations(text))


def list_migrations(text: str) -> list[tuple[str, str]]:
    """List app and name of the migrations that a dump replaces, in the order in which they ran."""
    return _MIGRATION.findall(text)
