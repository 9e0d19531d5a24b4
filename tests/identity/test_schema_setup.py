"""Setting up and upgrading the schema of a database."""

import itertools
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.state import ModelState

from charthouse.identity import rowsecurity, schema_dump, schema_setup
from charthouse.identity.migration_operations import InitialMigration
from tests.schema_dumps import dump_schema

MOST_RENDERED = 600  # models, a second of CPU, for the migrations that schema.sql lacks
_numbers = itertools.count(1)


@pytest.fixture
def scratch() -> Iterator[Callable[[], str]]:
    """Return a function that creates an empty database and returns the alias of a connection to it, as its owner."""
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


def fail(*arguments: Any, **named: Any) -> Any:
    raise ZeroDivisionError


def test_a_second_run_changes_nothing(scratch: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also: an empty database is made quickly. If not, write schema.sql again: python -m tools.schema."""
    alias, rendered = scratch(), []
    render = ModelState.render
    monkeypatch.setattr(
        ModelState, "render", lambda state, apps: (rendered.append(state), render(state, apps))[1]
    )
    schema_setup.migrate(alias)
    assert len(rendered) < MOST_RENDERED
    assert schema_setup.count_unapplied_migrations(alias) == 0
    assert rowsecurity.list_missing_protections(using=alias) == []
    before = dump_schema(alias)
    schema_setup.migrate(alias)
    assert dump_schema(alias) == before


def test_the_next_run_completes_an_interrupted_one(
    scratch: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of migrations; what is made of schema.sql is one transaction."""
    alias = scratch()
    with monkeypatch.context() as broken:
        broken.setattr(schema_dump, "load", lambda using: None)
        clinical = import_module("charthouse.domains.clinical.migrations.0001_initial")
        broken.setattr(clinical.Migration, "apply", fail)
        with pytest.raises(ZeroDivisionError):
            schema_setup.migrate(alias)
    assert "patients_patient" in dump_schema(alias)
    assert schema_setup.count_unapplied_migrations(alias) > 0
    with monkeypatch.context() as broken:
        broken.setattr(rowsecurity, "_find_missing_policies", fail)
        with pytest.raises(ZeroDivisionError):
            schema_setup.migrate(alias)
    assert schema_setup.count_unapplied_migrations(alias) == 0
    assert rowsecurity.list_missing_protections(using=alias) != []
    schema_setup.migrate(alias)
    assert rowsecurity.list_missing_protections(using=alias) == []


def test_foreign_tables_are_not_overwritten(scratch: Callable[[], str]) -> None:
    alias = scratch()
    with connections[alias].cursor() as cursor:
        cursor.execute("create table axes_accessattempt (its_own text)")
    with pytest.raises(Exception, match='"axes_accessattempt" already exists'):
        schema_setup.migrate(alias)


def test_an_initial_migration_makes_what_django_would(
    scratch: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared for apps whose migrations add fields, indexes and constraints, and run SQL; all would take minutes."""
    alias, django_alias = scratch(), scratch()
    call_command("migrate", "changes", database=alias, verbosity=0)
    monkeypatch.setattr(InitialMigration, "apply", Migration.apply)
    call_command("migrate", "changes", database=django_alias, verbosity=0)
    assert dump_schema(alias) == dump_schema(django_alias)
    assert "identity_accesstoken" in dump_schema(alias)


def test_every_change_to_a_model_has_its_migration() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
