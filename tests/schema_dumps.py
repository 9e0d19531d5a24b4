"""The schema of a database as text, to compare it with that of another."""

import re
import subprocess

from django.db import connections

from charthouse.database_server import postgres_server

# What minor releases since November 2026 note in each column; see charthouse.backup.logical.
_COLUMN_VERSION = re.compile(r"^ALTER TABLE [^;]* SET \(pg_attver=\d+\);\n\n*", re.MULTILINE)


def dump_schema(alias: str, *options: str) -> str:
    """Dump the schema with ``pg_dump``, with the columns of each table sorted."""
    database = connections.settings[alias]
    dump = [postgres_server.find_binary("pg_dump"), "--schema-only", "--restrict-key=same", *options]
    where = ["-h", database["HOST"], "-U", database["USER"], database["NAME"]]
    done = subprocess.run([*dump, *where], capture_output=True, text=True, check=True)
    schema = _COLUMN_VERSION.sub("", done.stdout)
    return re.sub(r"(?<= \(\n).*?(?=\n\))", _sort_lines, schema, flags=re.DOTALL)


def _sort_lines(lines: re.Match[str]) -> str:
    return "\n".join(sorted(line.rstrip(",") for line in lines[0].splitlines()))
