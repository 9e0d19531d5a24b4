"""An empty database gets all tables at once: just what the migrations give one by one."""

import itertools
import re
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections

from charthouse import postgres_server
from charthouse.identity import rowsecurity, tables

_numbers = itertools.count(1)


@pytest.fixture
def scratch() -> Iterator[Callable[[], str]]:
    """Makes empty databases; each answers with the name of a Django connection to it, as their owner."""
    made = []

    def make() -> str:
        owner = connections["owner"].settings_dict
        alias = f"scratch_{next(_numbers)}"
        name = f"{owner['NAME']}_{alias}"
        with connections["owner"].cursor() as cursor:
            cursor.execute(f'create database "{name}"')
        connections.settings[alias] = {**owner, "NAME": name}
        made.append(alias)
        return alias

    yield make
    for alias in made:
        name = connections.settings[alias]["NAME"]
        connections[alias].close()
        del connections[alias], connections.settings[alias]
        with connections["owner"].cursor() as cursor:
            cursor.execute(f'drop database "{name}"')


@pytest.mark.xdist_group("migrations")
def test_all_at_once_is_what_the_migrations_give_one_by_one(scratch: Callable[[], str]) -> None:
    at_once, one_by_one = scratch(), scratch()
    tables.bring_up(at_once)
    call_command("migrate", database=one_by_one, verbosity=0)
    rowsecurity.secure(using=one_by_one)
    assert schema(at_once) == schema(one_by_one)
    assert rows(at_once) == rows(one_by_one)
    assert rowsecurity.list_missing_protections(using=at_once) == []
    assert tables.missing(at_once) == 0


def test_bringing_up_again_changes_nothing(scratch: Callable[[], str]) -> None:
    alias = scratch()
    tables.bring_up(alias)
    before = schema(alias), rows(alias)
    tables.bring_up(alias)
    assert (schema(alias), rows(alias)) == before


def test_what_fails_half_way_leaves_nothing(
    scratch: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alias = scratch()
    empty = schema(alias)
    with monkeypatch.context() as broken:
        broken.setattr(rowsecurity, "_find_missing_policies", lambda cursor: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tables.bring_up(alias)
    assert schema(alias) == empty
    tables.bring_up(alias)
    assert rowsecurity.list_missing_protections(using=alias) == []


def test_a_database_with_tables_gets_the_migrations(scratch: Callable[[], str]) -> None:
    alias = scratch()
    with connections[alias].cursor() as cursor:
        cursor.execute("create table axes_accessattempt (its_own text)")
    with pytest.raises(Exception, match='"axes_accessattempt" already exists'):
        tables.bring_up(alias)


def test_an_elidable_operation_is_left_out(
    scratch: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alias = scratch()
    migration = import_module("charthouse.domains.practice.migrations.0001_initial").Migration
    monkeypatch.setattr(migration.operations[-1], "elidable", True)
    tables.bring_up(alias)
    assert "user_doctor_of_same_practice" not in schema(alias)
    assert tables.missing(alias) == 0


def test_every_change_to_a_model_has_its_migration() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def schema(alias: str) -> str:
    """Everything of a database but its rows, as ``pg_dump`` writes it. A column that was renamed stays where it was
    and keeps the name of its NOT NULL; neither means anything, so columns are sorted and those names left out."""
    database = connections.settings[alias]
    dump = [postgres_server.find_binary("pg_dump"), "--schema-only", "--restrict-key=same"]
    where = ["-h", database["HOST"], "-U", database["USER"], database["NAME"]]
    done = subprocess.run([*dump, *where], capture_output=True, text=True, check=True)
    unnamed = re.sub(r" CONSTRAINT \S+_not_null NOT NULL", " NOT NULL", done.stdout)
    return re.sub(r"(?<= \(\n).*?(?=\n\))", _sorted, unnamed, flags=re.DOTALL)


def _sorted(lines: re.Match[str]) -> str:
    return "\n".join(sorted(line.rstrip(",") for line in lines[0].splitlines()))


def rows(alias: str) -> dict[str, Any]:
    """How many rows each table has, and what is in those that the migrations fill; their ids may differ."""
    with connections[alias].cursor() as cursor:
        names = connections[alias].introspection.table_names(cursor)
        counts = (f"select '{name}', count(*) from \"{name}\"" for name in names)  # noqa: S608
        cursor.execute(" union all ".join(counts))
        found: dict[str, Any] = {"rows": dict(cursor.fetchall())}
        cursor.execute("select app, name from django_migrations")
        found["migrations"] = set(cursor.fetchall())
    found["types"] = set(ContentType.objects.using(alias).values_list("app_label", "model"))
    found["permissions"] = set(
        Permission.objects.using(alias).values_list(
            "content_type__app_label", "content_type__model", "codename", "name"
        )
    )
    return found
