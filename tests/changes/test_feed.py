"""The change feed records every write to the record once, whatever its path, with its caller."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django_otp.plugins.otp_totp.models import TOTPDevice

from charthouse import clock
from charthouse.changes import feed, partitions
from charthouse.changes.feed import ChangeEntry, Position
from charthouse.changes.models import Change
from charthouse.domains.practice.models import Office
from charthouse.domains.tasks.models import TaskCategory
from charthouse.identity import rowsecurity, tenancy
from charthouse.identity.models import User
from charthouse.sandbox.loader import Loader
from tests.support import PASSWORD, Clinic, client, issue_token, make_app, make_practice, make_user
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    return make_practice()


@pytest.fixture
def since(clinic: Clinic) -> Callable[[], list[ChangeEntry]]:
    """A function that returns the changes of the practice since the fixture was set up."""
    start = read_position()

    def changes() -> list[ChangeEntry]:
        wait_for_open_transactions()
        found, at = [], start
        while True:
            entries, following = feed.read_after(at, limit=7, using="owner")
            found += [entry for entry in entries if entry.practice == clinic.id]
            if following == at or not entries:
                return found
            at = following

    return changes


def read_position() -> Position:
    """Return the position at the end of the feed."""
    wait_for_open_transactions()
    return Position(read_horizon() - 1, 2**63 - 1)


def wait_for_open_transactions() -> None:
    """Wait until all current transactions have ended, such as those of the request log."""
    ((latest,),) = execute_as_owner("select identity_transaction_number(pg_current_xact_id())::text::bigint")
    until(lambda: read_horizon() > latest)


def read_horizon() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select identity_transaction_number(pg_snapshot_xmin(pg_current_snapshot()))::text::bigint"
        )
        return int(cursor.fetchone()[0])


def execute_as_owner(statement: str, *parameters: Any) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def summarize(entries: list[ChangeEntry]) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Return operation, table and changed first name (if any) of each change."""
    return [
        (entry.operation, entry.table, (entry.after or entry.before or {}).get("name")) for entry in entries
    ]


# Write paths


def test_every_write_path_records_each_change_once(
    clinic: Clinic, since: Callable[[], list[ChangeEntry]]
) -> None:
    table = TaskCategory._meta.db_table
    expected = []
    with client(issue_token(clinic.user, make_app())) as caller:
        made = caller.post("/api/task_categories", json={"name": "By POST"}).json()["id"]
        several = [{"name": "First of a list"}, {"name": "Second of a list"}]
        assert caller.post("/api/task_categories", json=several).status_code == 201
        assert caller.patch(f"/api/task_categories/{made}", json={"name": "By PATCH"}).status_code == 204
        assert caller.put(f"/api/task_categories/{made}", json={"name": "By PUT"}).status_code == 204
    expected += [("insert", "By POST"), ("insert", "First of a list"), ("insert", "Second of a list")]
    expected += [("update", "By PATCH"), ("update", "By PUT")]

    tenancy.set_tenant(clinic.id)  # as the console and the admin do, through the ORM
    row = TaskCategory.objects.create(practice=clinic.practice, name="By the ORM")
    row.name = "Saved"
    row.save()
    TaskCategory.objects.filter(pk=row.pk).update(name="By a queryset")
    TaskCategory.objects.bulk_create(
        [TaskCategory(practice=clinic.practice, name=f"Bulk {n}") for n in (1, 2)]
    )
    expected += [("insert", "By the ORM"), ("update", "Saved"), ("update", "By a queryset")]
    expected += [("insert", "Bulk 1"), ("insert", "Bulk 2")]

    with connection.cursor() as cursor:  # plain SQL as the web role
        cursor.execute(f"update {table} set name = 'Web SQL' where id = %s", [row.pk])  # noqa: S608
        cursor.execute(
            f"insert into {table} (practice_id, name, is_global, archived, created_at, updated_at) "  # noqa: S608
            "values (%s, 'Web SQL new', false, false, now(), now())",
            [clinic.id],
        )
    expected += [("update", "Web SQL"), ("insert", "Web SQL new")]
    tenancy.clear_tenant()

    execute_as_owner(f"update {table} set archived = true where id = %s", row.pk)  # noqa: S608 - as the owner
    execute_as_owner(f"update {table} set archived = false where id = %s", row.pk)  # noqa: S608
    execute_as_owner(f"delete from {table} where id = %s", row.pk)  # noqa: S608
    expected += [("delete", None), ("restore", None), ("delete", "Web SQL")]

    with transaction.atomic("owner"):  # a bulk load
        loader = Loader("owner", clock.now().isoformat(), {TaskCategory: 900_001})
        with loader.without_indexes([TaskCategory]):
            loader.copy(TaskCategory, [{"name": "Copied 1"}, {"name": "Copied 2"}], clinic.id)
    expected += [("insert", "Copied 1"), ("insert", "Copied 2")]

    assert summarize(since()) == [(operation, table, name) for operation, name in expected]


def test_before_and_after_values(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    with tenancy.within(clinic.id):
        office = Office.objects.create(practice=clinic.practice, doctor=clinic.doctor, name="North")
        office.name = "South"
        office.save()
        office.archived = True
        office.save(update_fields=["archived"])
        office.save(update_fields=["archived"])  # changes nothing at all
        office.save(update_fields=["updated_at"])  # says that something of it has changed elsewhere
    made, renamed, deleted, touched = since()
    assert made.before is None
    assert made.after is not None
    assert made.after["name"] == "North"
    assert set(made.after) == {field.column for field in Office._meta.concrete_fields}
    assert made.row == office.pk
    assert renamed.before is not None
    assert set(renamed.before) == {"name", "updated_at"}
    assert renamed.after == {"name": "South", "updated_at": renamed.after and renamed.after["updated_at"]}
    assert (deleted.operation, deleted.before, deleted.after) == (
        "delete",
        {"archived": False},
        {"archived": True},
    )
    assert touched.after is not None
    assert (touched.operation, set(touched.after)) == ("update", {"updated_at"})


def test_rolled_back_change_is_not_recorded(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    with tenancy.within(clinic.id), transaction.atomic():
        TaskCategory.objects.create(practice=clinic.practice, name="Not to be")
        transaction.set_rollback(True)
    assert since() == []


def test_unfollowed_columns_are_not_recorded(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    from charthouse.jobs.models import Job
    from charthouse.outbox.models import Outgoing

    with tenancy.within(clinic.id):
        message = Outgoing.objects.create(practice=clinic.practice, kind="email", text="Private", purpose="x")
        message.text = "Erased"
        message.save(update_fields=["text"])
        Job.objects.create(practice=clinic.practice, kind="x", user=clinic.user)
    (made,) = since()
    assert made.after is not None
    assert not {"text", "subject"} & set(made.after)


# Callers


def test_api_call_is_recorded_with_its_caller(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    app = make_app()
    with client(issue_token(clinic.user, app)) as caller:
        answers = [caller.post("/api/task_categories", json={"name": f"Call {n}"}) for n in (1, 2)]
    found = since()
    assert [entry.request for entry in found] == [UUID(answer.headers["X-Request-Id"]) for answer in answers]
    assert {(entry.user, entry.app, entry.api_user) for entry in found} == {
        (clinic.user.pk, app.row.pk, None)
    }


def test_caller_is_reset_between_transactions(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    def write() -> None:
        TaskCategory.objects.create(practice=clinic.practice, name="x")

    token = issue_token(clinic.user, make_app())
    with client(token) as caller:
        caller.get("/api/task_categories")
        write()  # the call is over, but the thread's connection still has what it set
        tenancy.clear_tenant()
        with tenancy.within(clinic.id):
            write()
        caller.get("/api/task_categories")
        tenancy.set_tenant(clinic.id, user_id=7)
        write()
        caller.get("/api/task_categories", headers={"Authorization": "Bearer wrong"})
        with tenancy.within(clinic.id):
            write()
    assert [entry.user for entry in since()] == [clinic.user.pk, None, 7, None]


def test_rollback_does_not_restore_a_former_caller(
    clinic: Clinic, since: Callable[[], list[ChangeEntry]]
) -> None:
    tenancy.set_tenant(clinic.id, user_id=1)
    TaskCategory.objects.count()
    with transaction.atomic():
        tenancy.set_tenant(clinic.id, user_id=2)
        TaskCategory.objects.count()
        transaction.set_rollback(True)
    TaskCategory.objects.create(practice=clinic.practice, name="x")
    with transaction.atomic():
        tenancy.set_tenant(clinic.id, user_id=3)
        TaskCategory.objects.create(practice=clinic.practice, name="y")
    assert [entry.user for entry in since()] == [2, 3]


def test_page_writes_record_user_and_request_id(clinic: Clinic) -> None:
    from django.test import RequestFactory

    from charthouse.identity import middleware

    held = []
    handle = middleware.establish_tenant(lambda request: held.append(tenancy.get_connection().caller))  # type: ignore[arg-type, func-returns-value]
    for method in ("GET", "POST"):
        request = RequestFactory().generic(method, "/")
        request.user = clinic.user
        handle(request)
    reading, writing = (caller.split(",") for caller in held)
    assert reading[:4] == [str(clinic.user.pk), "", "", ""]
    assert writing[0] == str(clinic.user.pk)
    assert UUID(writing[3])


def test_time_follows_the_project_clock(clinic: Clinic, since: Callable[[], list[ChangeEntry]]) -> None:
    token = issue_token(clinic.user, make_app())
    with client(token) as caller, clock.shift(timedelta(hours=30)):
        caller.post("/api/task_categories", json={"name": "Tomorrow"})
        (entry,) = since()
        assert abs(entry.at - clock.now()) < timedelta(minutes=1)


# Access rights


@pytest.mark.parametrize(
    "statement",
    [
        "insert into {} (practice_id, at, txid, table_name, row_id, operation) "
        "values (1, now(), '1', 'x', 1, 'insert')",
        "update {} set operation = 'insert'",
        "delete from {}",
        "truncate {}",
    ],
)
def test_web_role_may_only_read(clinic: Clinic, statement: str) -> None:
    month = partitions._partition_name(clock.now())
    for table in ("changes_change", month, "changes_change_rest"):
        with tenancy.within(clinic.id), pytest.raises(DatabaseError, match="permission denied"):
            connection.cursor().execute(statement.format(table))
    with tenancy.within(clinic.id), pytest.raises(DatabaseError, match="permission denied"):
        connection.cursor().execute(f"select from {month}")


def test_only_changes_of_the_own_practice_are_visible(clinic: Clinic) -> None:
    other = make_practice()
    with tenancy.within(clinic.id):
        assert Change.objects.exists()
        assert not Change.objects.exclude(practice_id=clinic.id).exists()
        assert feed.list_row_history("practice_doctor", other.doctor.pk) == []
        assert [
            change.operation for change in feed.list_row_history("practice_doctor", clinic.doctor.pk)
        ] == ["insert"]
    tenancy.clear_tenant()
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    "damage",
    [
        "drop trigger record_change on practice_office",
        "alter table practice_office disable trigger record_change",
        "create or replace trigger record_change after insert or update or delete on practice_office "
        "for each row execute function changes_record('name')",
    ],
)
def test_missing_trigger_is_detected_and_repaired(damage: str) -> None:
    with transaction.atomic("owner"):
        execute_as_owner(damage)
        assert rowsecurity.list_missing_protections() == ["practice_office: the change trigger"]
        rowsecurity.secure()
        assert rowsecurity.list_missing_protections() == []
        transaction.set_rollback(True, "owner")


# Readers


@pytest.fixture
def held(clinic: Clinic) -> Iterator[Callable[[], None]]:
    """Hold a transaction open that has written; the function commits it."""
    written, go = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                TaskCategory.objects.create(practice=clinic.practice, name="Early, but late")
                written.set()
                go.wait(PATIENCE)
        finally:
            written.set()
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(PATIENCE)

    def commit() -> None:
        go.set()
        thread.join()

    yield commit
    commit()


def list_names(entries: list[ChangeEntry]) -> list[Any]:
    return [(entry.after or {}).get("name") for entry in entries]


def test_reader_in_order_waits_for_open_transactions(clinic: Clinic, held: Callable[[], None]) -> None:
    start = Position(read_horizon() - 1, 2**63 - 1)
    with tenancy.within(clinic.id):
        TaskCategory.objects.create(practice=clinic.practice, name="Later, but first")
    tables = [TaskCategory._meta.db_table]
    first, at = feed.read_after(start, tables=tables, using="owner")
    assert "Later, but first" not in list_names(first)
    held()
    wait_for_open_transactions()
    second, at = feed.read_after(at, tables=tables, using="owner")
    assert list_names(second) == ["Early, but late", "Later, but first"]
    assert list_names(feed.read_after(at, using="owner")[0]) == []


def test_reading_in_pieces_reads_each_change_once(clinic: Clinic) -> None:
    start, tables, made = read_position(), [TaskCategory._meta.db_table], []
    for size in (1, 3, 2):
        with tenancy.within(clinic.id), transaction.atomic():
            made += [TaskCategory.objects.create(practice=clinic.practice, name="x").pk for _ in range(size)]
    wait_for_open_transactions()
    for limit in (1, 2, 3, 6, 7):
        at, found = start, []
        while True:
            entries, following = feed.read_after(at, tables=tables, limit=limit, using="owner")
            assert following >= at
            if not entries:
                break
            found += [entry.row for entry in entries if entry.practice == clinic.id]
            at = following
        assert found == made, limit


# Partitions


def test_rows_move_from_default_to_new_partition(clinic: Clinic) -> None:
    later, before = timedelta(days=400), partitions._partition_name(clock.now() + timedelta(days=300))
    with clock.shift(later), client(issue_token(clinic.user, make_app())) as caller:
        caller.post("/api/task_categories", json={"name": "Far off"})
        rest = "select count(*) from changes_change_rest where after ->> 'name' = 'Far off'"
        month = partitions._partition_name(clock.now())
        assert execute_as_owner(rest) == [(1,)]
        try:
            assert month in partitions.create_partitions()
            assert partitions.create_partitions() == []
            assert execute_as_owner(rest) == [(0,)]
            found = execute_as_owner(f"select count(*) from {month} where after ->> 'name' = 'Far off'")  # noqa: S608
            assert found == [(1,)]
            bounds = f"select pg_get_expr(relpartbound, oid) from pg_class where relname = '{month}'"  # noqa: S608
            edges = re.findall(r"'(.*?)'", str(execute_as_owner(bounds)[0][0]))
            assert [edge[7:] for edge in edges] == ["-01 00:00:00+00"] * 2, "whole months of UTC"
            assert rowsecurity.list_missing_protections() == []
        finally:
            for (name,) in execute_as_owner(
                "select relname from pg_class where relname > %s and relkind = 'r' and relispartition "
                "and relname ~ '^changes_change_2'",
                before,
            ):
                execute_as_owner(f"drop table {name}")


# Users


def test_users_are_recorded_without_credentials(
    clinic: Clinic, since: Callable[[], list[ChangeEntry]]
) -> None:
    person = make_user(clinic.practice, password=PASSWORD, first_name="Nora")
    person.last_login = clock.now()
    person.link_sent_at = clock.now()
    person.set_password("correct horse battery staple")
    person.save()
    TOTPDevice.objects.create(user=person, name="phone", key="0f" * 20)
    person.last_name = "Nurse"
    person.save()
    person.is_active = False
    person.save()
    person.is_active = True
    person.save()
    make_user(None)  # an operator
    told = [entry for entry in since() if entry.row == person.pk and entry.table == "identity_user"]
    assert [entry.operation for entry in told] == ["insert", "update", "delete", "restore"]
    assert told[0].after is not None
    assert set(told[0].after) == set(User.followed_columns)
    assert [entry.after for entry in told[1:]] == [
        {"last_name": "Nurse"},
        {"is_active": False},
        {"is_active": True},
    ]
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select string_agg(c::text, '') from changes_change c where practice_id = %s", [clinic.id]
        )
        everything = cursor.fetchone()[0]
    for secret in ("argon2", "pbkdf2", "0f0f0f", str(person.password)):
        assert secret not in everything
