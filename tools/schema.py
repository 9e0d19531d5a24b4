"""``python -m tools.schema``: print the migrations as SQL, of which an empty database is made (docs/decisions/
0428-schema-dump.md)."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from charthouse.database_server import embedded_postgres, postgres_server

SCHEMA = "schema_of_charthouse"  # a name that appears nowhere else
# Statements of a dump about the session, and comments.
_LEFT_OUT = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\|--|CREATE SCHEMA )")
# Rows that migrations add: which database this is.
_ROWS = """
insert into {schema}.identity_incarnation (id, number, server, relation, timeline, transaction_offset, began_at, cause)
select 1, 1, {schema}.identity_read_server(), '{schema}.identity_incarnation'::regclass::oid::bigint,
       {schema}.identity_read_timeline(), 0, clock_timestamp(), 'new';
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="charthouse-schema-") as directory:
        data = Path(directory)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
            "CHARTHOUSE_DATA": directory,
            "CHARTHOUSE_SECRET_KEY": "none",
            "DATABASE_URL": embedded_postgres.database_url(data),
        }
        with embedded_postgres.run_server(data):
            postgres_server.stop_waiting_for_disk(data)
            import django

            django.setup()
            from charthouse.identity import schema_dump

            schema_dump.PATH.write_text(make_dump())


def make_dump() -> str:
    """Apply all migrations to a schema of the database, and print it."""
    from django.db import connections

    from charthouse.identity.migration_operations import Executor

    connection = connections["owner"]
    with connection.cursor() as cursor:
        cursor.execute(f"create schema {SCHEMA}; set search_path to {SCHEMA}")
    executor = Executor(connection)
    targets = executor.loader.graph.leaf_nodes()
    applied = [migration for migration, _ in executor.migration_plan(targets)]
    executor.migrate(targets)
    place = connection.settings_dict
    command = [postgres_server.find_binary("pg_dump"), "--schema-only", "--no-owner"]
    command += ["--schema", SCHEMA, "-h", place["HOST"], "-U", place["USER"], place["NAME"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    connection.close()
    names = "".join(f"-- migration {each.app_label}.{each.name}\n" for each in applied)
    return f"{names}set local check_function_bodies = off;\n{shorten(done.stdout)}{_ROWS}"


def shorten(dump: str) -> str:
    """Leave out of a dump what is not about its objects, and name its schema ``{schema}``."""
    lines = [line for line in dump.splitlines() if line and not _LEFT_OUT.match(line)]
    return "\n".join(lines).replace(f"'{SCHEMA}'", "{schema}").replace(SCHEMA, "{schema}") + "\n"


if __name__ == "__main__":
    main()
