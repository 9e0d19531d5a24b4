"""Names that are unique on an installation, over all practices: one that is taken gets a number."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.apps import apps
from django.db import connections
from oauth2_provider.generators import generate_client_id

OWNER = "owner"
USERNAME = ("identity_user", "username")
CLIENT_ID = ("identity_application", "client_id")
UNIQUE_NAMES: Collection[tuple[str, str]] = (USERNAME, ("identity_apiuser", "username"), CLIENT_ID)


class Renamed(NamedTuple):
    """A row whose name was taken. ``row``: its new id."""

    table: str
    column: str
    row: int
    old: str
    new: str


def rename_taken(table: str, column: str, names: Mapping[str, int]) -> list[Renamed]:
    """Find other names for those that are taken. ``names``: of the rows to import, with their new ids."""
    taken = _list_taken(table, column, list(names))
    found = []
    for old in sorted(taken):
        new, number = old, 1
        while new in taken or new in names:
            number += 1
            new = _make_name(table, column, old, number)
            if _list_taken(table, column, [new]):
                taken.add(new)
        taken.add(new)
        found.append(Renamed(table, column, names[old], old, new))
    return found


def _make_name(table: str, column: str, old: str, number: int) -> str:
    if (table, column) == CLIENT_ID:
        return str(generate_client_id())
    return f"{old[: _measure(table, column) - 8]}-{number}"


def _list_taken(table: str, column: str, names: list[str]) -> set[str]:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(f'select "{column}" from "{table}" where "{column}" = any(%s)', [names])  # noqa: S608
        return {name for (name,) in cursor.fetchall()}


def _measure(table: str, column: str) -> int:
    """Return how many characters a name may have."""
    (model,) = (model for model in apps.get_models() if model._meta.db_table == table)
    (field_,) = (each for each in model._meta.local_concrete_fields if each.column == column)
    return field_.max_length or 100
