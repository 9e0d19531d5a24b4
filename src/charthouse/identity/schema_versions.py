"""Which version of the program a database is of: the migrations that were applied to it, and what it says of itself in
the comment on ``django_migrations``."""

import re
from functools import cache
from importlib.metadata import version
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.migrations.loader import MigrationLoader

FORMER = (
    "_squashed_"  # of migrations that replaced others between two releases, and that are recorded as well
)
_COMMENT = re.compile(r"charthouse (?P<version>\S+?)(, upgrading to (?P<target>\S+))?")
UNKNOWN = "an unknown version"


def get_program_version() -> str:
    """Return the version of this program."""
    return version("charthouse")


def compare_migrations(applied: set[tuple[str, str]]) -> tuple[int, int]:
    """Count the migrations that the database lacks, and those that this program lacks: it is then older than the
    database. Of other packages, only the former count, as they rename theirs. ``applied``: app and name of each."""
    wanted, known = list_migrations()
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("charthouse.")}
    unknown = sum(app in ours and FORMER not in name for app, name in applied - known)
    return len(wanted - applied), unknown


@cache
def list_migrations() -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """List the migrations that this program applies, and all that it knows, with those that others replace. Needs no
    database."""
    loader = MigrationLoader(None)
    replaced = {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    wanted = frozenset((app, name) for app, name in loader.graph.nodes)
    return wanted, wanted | frozenset(loader.disk_migrations) | frozenset(replaced)


def read_applied_migrations(cursor: Any) -> set[tuple[str, str]]:
    """Read app and name of the migrations that were applied; none in an empty database."""
    cursor.execute("select to_regclass('django_migrations') is not null")
    if not cursor.fetchone()[0]:
        return set()
    cursor.execute("select app, name from django_migrations")
    return set(cursor.fetchall())


def explain_newer(using: str) -> str:
    """Say what to do about a database that a newer program has upgraded."""
    with connections[using].cursor() as cursor:
        _, unknown = compare_migrations(read_applied_migrations(cursor))
        found = read_version(cursor)
    ours = get_program_version()
    newer = f"charthouse {found}" if found not in (UNKNOWN, ours) else "a newer build of charthouse"
    return (
        f"This database was upgraded by {newer}; this program, charthouse {ours}, does not know {unknown} of its "
        f"migrations. Nothing was changed. Upgrade the program: install {newer}"
        f"{' or a later one' if newer.endswith(found) else ''}."
    )


def explain_older(missing: int, using: str) -> str:
    """Say what to do about a database that lacks so many migrations."""
    with connections[using].cursor() as cursor:
        found = read_version(cursor)
    of = (
        ""
        if found == UNKNOWN
        else f" It is of charthouse {found}, and this program is {get_program_version()}."
    )
    return f"{missing} migrations have not been applied to this database.{of} Upgrade the database: charthouse migrate"


def read_version(cursor: Any) -> str:
    """Read which version of the program the database is of, UNKNOWN before 0.2.0 and in an empty one."""
    found = _COMMENT.fullmatch(_read_comment(cursor))
    return UNKNOWN if found is None or found["version"] == "0" else found["version"]


def is_complete(cursor: Any) -> bool:
    """Return whether the last upgrade has ended, and was made by this version of the program."""
    return _read_comment(cursor) == f"charthouse {get_program_version()}"


def note_beginning(cursor: Any) -> None:
    """Note that an upgrade to this version has begun."""
    found = read_version(cursor)
    before = "0" if found == UNKNOWN else found
    _write_comment(cursor, f"charthouse {before}, upgrading to {get_program_version()}")


def note_end(cursor: Any) -> None:
    """Note that the database is of this version now."""
    _write_comment(cursor, f"charthouse {get_program_version()}")


def _read_comment(cursor: Any) -> str:
    cursor.execute("select coalesce(obj_description(to_regclass('django_migrations'), 'pg_class'), '')")
    return str(cursor.fetchone()[0])


def _write_comment(cursor: Any, text: str) -> None:
    cursor.execute("select format('comment on table django_migrations is %%L', %s::text)", [text])
    cursor.execute(cursor.fetchone()[0])
