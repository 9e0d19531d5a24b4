"""Upgrades of databases that are in use, or of another version of the program."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import DataError, OperationalError, connections
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState
from django.db.models import Index

from charthouse.identity import catalog, rowsecurity, schema_setup, schema_versions
from charthouse.identity.migration_operations import BuildIndex, UpdateInBatches
from tests.conftest import PGDATA, WORKER, _execute, create_database
from tests.waiting import PATIENCE, until

ALIAS = "another_version"
NAME = f"charthouse_{WORKER}_{ALIAS}"
URL = f"postgresql://postgres:@/{NAME}?host={PGDATA}"


@pytest.fixture(scope="module")
def in_use(database: None) -> Iterator[None]:
    """A database of this version with a practice, at ALIAS and URL."""
    create_database(NAME)
    connections.settings[ALIAS] = {**connections["owner"].settings_dict, "NAME": NAME}
    with psycopg.connect(URL) as connection:
        connection.execute(
            "insert into identity_practice (name, sharing, plan_type, refuse_duplicate_patients, "
            "require_second_factor, idle_minutes, created_at) values ('A', '{}', 'Provider', false, false, 30, now())"
        )
    yield
    connections[ALIAS].close()
    del connections[ALIAS], connections.settings[ALIAS]
    _execute(f'drop database "{NAME}" with (force)')


@pytest.fixture
def observer(in_use: None) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(URL, autocommit=True) as connection:
        yield connection


def test_an_older_program_refuses_a_newer_database(
    observer: "psycopg.Connection[tuple[object, ...]]",
) -> None:
    observer.execute(
        "insert into django_migrations (app, name, applied) values ('files', '9999_later', now())"
    )
    for comment, words in (
        ("charthouse 99.1.0", "install charthouse 99.1.0 or a later one"),
        ("", "a newer build"),
    ):
        observer.execute(f"comment on table django_migrations is '{comment}'")
        before = observer.execute("select count(*) from django_migrations").fetchall()
        with pytest.raises(schema_setup.NewerDatabase, match=words):
            schema_setup.migrate(ALIAS)
        assert words in schema_setup.explain_difference(ALIAS)
        assert observer.execute("select count(*) from django_migrations").fetchall() == before
    observer.execute("delete from django_migrations where name = '9999_later'")
    assert schema_setup.explain_difference(ALIAS) == ""


def test_a_newer_program_refuses_an_older_database(
    observer: "psycopg.Connection[tuple[object, ...]]",
) -> None:
    observer.execute("comment on table django_migrations is 'charthouse 0.0.9'")
    observer.execute("update django_migrations set app = 'x' || app where app = 'files'")
    said = schema_setup.explain_difference(ALIAS)
    assert "1 migrations have not been applied" in said
    assert f"It is of charthouse 0.0.9, and this program is {schema_versions.get_program_version()}." in said
    assert said.endswith("Upgrade the database: charthouse migrate")
    observer.execute("update django_migrations set app = 'files' where app = 'xfiles'")


def test_an_upgrade_says_which_version_it_has_begun_and_ended(
    observer: "psycopg.Connection[tuple[object, ...]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    observer.execute("comment on table django_migrations is 'charthouse 0.0.9'")
    with monkeypatch.context() as patched, observer.cursor() as cursor:
        patched.setattr(rowsecurity, "secure", fail)
        with pytest.raises(ZeroDivisionError):
            schema_setup.migrate(ALIAS)
        assert schema_versions.read_version(cursor) == "0.0.9"
        assert not schema_versions.is_complete(cursor)
    schema_setup.migrate(ALIAS)
    with observer.cursor() as cursor:
        assert schema_versions.read_version(cursor) == schema_versions.get_program_version()
        assert schema_versions.is_complete(cursor)


def fail(*arguments: object, **named: object) -> None:
    raise ZeroDivisionError


def test_an_upgrade_does_not_wait_long_for_a_table_and_tries_again(
    observer: "psycopg.Connection[tuple[object, ...]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    observer.execute("drop trigger record_change on patients_patient")
    monkeypatch.setattr(schema_setup, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(schema_setup, "DELAYS", (0, 0))
    said: list[str] = []
    with psycopg.connect(URL, application_name="a report") as holder:
        holder.execute("lock table patients_patient in row exclusive mode")
        holder.execute("select pg_sleep(1.1)")  # a transaction that has been open for a second is named
        with pytest.raises(schema_setup.TableLocked, match="Run charthouse migrate again"):
            schema_setup.migrate(ALIAS, said.append)
        assert len(said) == 2
        assert "(a report) has had a transaction open for" in said[0]
        # Let go after the first try, the second one succeeds.
        said.clear()
        schema_setup.migrate(ALIAS, lambda words: (said.append(words), holder.rollback()))
    assert len(said) == 1
    assert rowsecurity.list_missing_protections(using=ALIAS) == []
    assert observer.execute("select current_setting('lock_timeout')").fetchall() == [("0",)]


def test_a_second_upgrade_waits_for_the_first(observer: "psycopg.Connection[tuple[object, ...]]") -> None:
    said: list[str] = []
    with psycopg.connect(URL, autocommit=True) as first:
        first.execute("select pg_advisory_lock(%s)", [schema_setup.LOCK])
        schema_setup.migrate(ALIAS, lambda words: (said.append(words), first.close()))
    assert said == ["Another charthouse migrate is running; waiting for it."]


@pytest.mark.parametrize("size", [0, 2**40], ids=["large", "small"])
def test_what_large_tables_lack_is_added_while_others_write(
    observer: "psycopg.Connection[tuple[object, ...]]", monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A foreign key that is missing or not validated, an index that is missing or whose building was interrupted."""
    monkeypatch.setattr(catalog, "LARGE", size)
    keys = observer.execute(
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint "
        "where conname like 'scheduling_appointment%_own' order by conname limit 2"
    ).fetchall()
    indexes = observer.execute(
        "select relname from pg_class where relname like 'scheduling_appointment%_by' order by relname limit 2"
    ).fetchall()
    (table, missing, _), (_, unvalidated, definition) = keys
    observer.execute(f"alter table {table} drop constraint {missing}, drop constraint {unvalidated}")
    observer.execute(f"alter table {table} add constraint {unvalidated} {definition} not valid")
    (dropped,), (interrupted,) = indexes
    observer.execute(f"drop index {dropped}")
    observer.execute(
        "update pg_index set indisvalid = false where indexrelid = %s::text::regclass", [interrupted]
    )
    assert len(rowsecurity.list_missing_protections(using=ALIAS)) == 4
    schema_setup.migrate(ALIAS)
    assert rowsecurity.list_missing_protections(using=ALIAS) == []
    assert is_valid(observer, str(interrupted))


def is_valid(observer: "psycopg.Connection[tuple[object, ...]]", index: str) -> bool:
    found = observer.execute(
        "select indisvalid from pg_index where indexrelid = to_regclass(%s)", [index]
    ).fetchone()
    return found == (True,)


def test_an_index_whose_building_was_interrupted_is_built_again(
    observer: "psycopg.Connection[tuple[object, ...]]",
) -> None:
    operation = BuildIndex("patient", Index(fields=["chart_id"], name="built_online"))

    def build() -> None:
        with pytest.raises(OperationalError, match="terminating connection"):
            run_operation(operation, "application_name = 'builder'")

    builder = threading.Thread(target=build)
    with psycopg.connect(URL) as holder:
        holder.execute("update patients_patient set chart_id = ''")  # what the index has to wait for
        builder.start()
        waits = (
            "select pid from pg_stat_activity where application_name = 'builder' and wait_event_type = 'Lock'"
        )
        until(lambda: observer.execute(waits).fetchall(), "an index that waits")
        observer.execute(f"select pg_terminate_backend(({waits}))")
        builder.join(PATIENCE)
    assert observer.execute("select to_regclass('built_online') is not null").fetchall() == [(True,)]
    assert not is_valid(observer, "built_online")
    run_operation(operation)
    assert is_valid(observer, "built_online")
    run_operation(operation)  # one that was completed, but not recorded
    observer.execute("drop index built_online")


def run_operation(operation: AddIndex | UpdateInBatches, setting: str = "application_name = 'again'") -> None:
    """Run an operation of a migration that is no transaction, on a connection of its own."""
    from django.apps import apps

    state = ProjectState.from_apps(apps)
    connection = connections[ALIAS].copy()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"set {setting}")
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("patients", editor, state, state)
    finally:
        connection.close()


def test_rows_are_changed_in_batches_each_of_which_stays(
    observer: "psycopg.Connection[tuple[object, ...]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charthouse.identity.migration_operations.BATCH", 40)
    observer.execute(
        "create table batched as select n, n = 77 as bad, false as done from generate_series(1, 100) n"
    )
    fill = UpdateInBatches(
        "update batched set done = 1 / (case when bad then 0 else 1 end) = 1 "
        "where n in (select n from batched where not done order by n limit {limit})"
    )
    with pytest.raises(DataError, match="division by zero"):
        run_operation(fill)
    count = "select count(*) from batched where done"
    assert observer.execute(count).fetchall() == [(40,)]  # the first batch, which is not made again
    observer.execute("update batched set bad = false")
    run_operation(fill)
    assert observer.execute(count).fetchall() == [(100,)]
    observer.execute("drop table batched")
