"""What PostgreSQL itself refuses, with every check of our own left out: raw SQL as the web role."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.core.signals import request_finished
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError

from charthouse.domains.practice.models import Doctor, Office
from charthouse.engine.errors import Unauthenticated
from charthouse.identity import rowsecurity, tenancy
from charthouse.identity.models import User
from tests.support import Clinic, client, issue_token, make_app, make_practice


@pytest.fixture(scope="module")
def ours(database: None) -> Clinic:
    return make_practice()


@pytest.fixture(scope="module")
def theirs(database: None) -> Clinic:
    return make_practice()


def sql(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def count(table: str = "practice_doctor") -> int:
    return int(sql(f"select count(*) from {table}")[0][0])  # noqa: S608


# Every table


def test_every_record_table_is_secured() -> None:
    assert rowsecurity.list_missing_protections() == []


def test_securing_again_changes_nothing_and_two_may_do_it_at_once() -> None:
    def secure(_: int) -> None:
        try:
            rowsecurity.secure()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(secure, range(2)))
    assert rowsecurity.list_missing_protections() == []


@pytest.mark.parametrize(
    ("damage", "lack"),
    [
        ("alter table practice_office disable row level security", "practice_office: row security"),
        ("drop policy own_practice on practice_office", "practice_office: policy own_practice"),
        (
            "alter table practice_office drop constraint practice_office_pkey, add primary key (id)",
            "practice_office: primary key (practice_id, id)",
        ),
        (
            "alter table practice_office drop constraint practice_office_doctor_id_own",
            "practice_office: foreign key (practice_id, doctor_id)",
        ),
        ("drop index practice_office_doctor_id_by", "practice_office: index (practice_id, doctor_id, id)"),
        (
            "grant delete on practice_office to charthouse_web",
            "practice_office: exactly INSERT, SELECT, UPDATE for charthouse_web",
        ),
        (
            "revoke all on function identity_bearer(text, timestamptz) from charthouse_web",
            "identity_bearer(text,timestamp with time zone): execute for charthouse_web",
        ),
    ],
)
def test_what_a_table_lacks_is_named_and_cured(damage: str, lack: str) -> None:
    owner = connections["owner"]
    with transaction.atomic("owner"):
        cascade = damage.replace("pkey, add", "pkey cascade, add")
        owner.cursor().execute(cascade)
        assert lack in rowsecurity.list_missing_protections()
        rowsecurity.secure()
        assert rowsecurity.list_missing_protections() == []
        transaction.set_rollback(True, "owner")


@pytest.mark.parametrize(
    ("damage", "lack"),
    [
        (
            "create unique index careless on practice_office (id)",
            "practice_office: practice_id in the unique index careless",
        ),
        (
            "alter table practice_office add constraint careless foreign key (doctor_id) "
            "references identity_user (id) not valid",  # other tests' offices are there
            "practice_office: practice_id in the foreign key careless: use RecordKey",
        ),
        (
            "create table careless (practice_id bigint)",
            "careless: row security, though it has a practice_id: make it a Record",
        ),
    ],
)
def test_mistakes_in_a_model_are_named(damage: str, lack: str) -> None:
    with transaction.atomic("owner"):
        connections["owner"].cursor().execute(damage)
        assert lack in rowsecurity.list_missing_protections()
        transaction.set_rollback(True, "owner")


def test_the_web_role_owns_nothing_and_bypasses_nothing() -> None:
    assert sql("select current_user, session_user <> current_user") == [("charthouse_web", True)]
    assert sql(
        "select rolsuper or rolbypassrls or rolcanlogin from pg_roles where rolname = current_user"
    ) == [(False,)]
    assert sql("select relname from pg_class where relowner = 'charthouse_web'::regrole") == []


# Rows


def test_without_a_practice_the_record_is_empty(ours: Clinic) -> None:
    assert count() == 0


def test_only_rows_of_ones_own_practice_come_out(ours: Clinic, theirs: Clinic) -> None:
    with tenancy.within(ours.id):
        assert {practice for (practice,) in sql("select practice_id from practice_doctor")} == {ours.id}
        assert sql("select id from practice_doctor where id = %s", theirs.doctor.pk) == []
        assert sql("select id from practice_doctor where practice_id = %s", theirs.id) == []
        assert Doctor.objects.filter(pk=theirs.doctor.pk).first() is None
        assert theirs.user.pk not in [pk for (pk,) in sql("select id from identity_user")]
        assert sql("select id from identity_practice") == [(ours.id,)]


def test_another_practices_rows_cannot_be_changed(ours: Clinic, theirs: Clinic) -> None:
    with tenancy.within(ours.id):
        sql("update practice_doctor set first_name = 'Mallory' where id = %s", theirs.doctor.pk)
        User.objects.filter(pk=theirs.user.pk).update(permissions=[])
        for statement in (
            "insert into practice_usergroup (practice_id, name, archived, created_at, updated_at) "
            "values (%s, 'x', false, now(), now())",
            "update practice_doctor set practice_id = %s",
            "update identity_user set practice_id = %s where not is_primary or is_primary",
        ):
            with pytest.raises(DatabaseError, match="row-level security"):
                sql(statement, theirs.id)
    with tenancy.within(theirs.id):
        assert Doctor.objects.get(pk=theirs.doctor.pk).first_name == "Doris"
        assert User.objects.get(pk=theirs.user.pk).permissions


def test_a_row_cannot_point_into_another_practice(ours: Clinic, theirs: Clinic) -> None:
    with tenancy.within(ours.id), pytest.raises(DatabaseError, match="foreign key"):
        Office.objects.create(practice=ours.practice, doctor=theirs.doctor, name="x")
    with pytest.raises(DatabaseError, match="foreign key"):
        Office.objects.using("owner").create(practice_id=ours.id, doctor_id=theirs.doctor.pk, name="x")


def test_nothing_of_the_record_can_be_deleted(ours: Clinic) -> None:
    with tenancy.within(ours.id):
        for statement in (
            "delete from practice_doctor",
            "truncate practice_doctor",
            "delete from identity_user",
        ):
            with pytest.raises(DatabaseError, match="permission denied"):
                sql(statement)


def test_the_policy_is_an_index_condition(ours: Clinic) -> None:
    with tenancy.within(ours.id), transaction.atomic():
        sql("set local enable_seqscan = off")
        plan = "\n".join(line for (line,) in sql("explain select * from practice_doctor where id = 5"))
    assert "Index Cond: ((practice_id = " in plan
    assert "Filter" not in plan


# From one request to the next on the same connection


@pytest.fixture
def other(theirs: Clinic) -> Clinic:
    """The request before this one was another practice's."""
    tenancy.enter(theirs.id)
    assert count()
    return theirs


def test_leaving_is_enough(other: Clinic) -> None:
    tenancy.leave()
    assert count() == 0


def test_a_request_without_a_token_runs_without_a_practice(other: Clinic, ours: Clinic) -> None:
    with client() as caller:
        assert caller.get("/api/doctors").status_code == 401
    assert count() == 0


def test_each_request_runs_as_its_own_practice(ours: Clinic, theirs: Clinic) -> None:
    app = make_app()
    tokens = {clinic.id: issue_token(clinic.user, app) for clinic in (ours, theirs)}
    for clinic in (ours, theirs, ours, ours, theirs):
        with client(tokens[clinic.id]) as caller:
            seen = [doctor["id"] for doctor in caller.get("/api/doctors").json()["results"]]
        assert seen == [clinic.doctor.pk]


def test_an_exception_in_a_request_leaves_nothing(other: Clinic) -> None:
    with pytest.raises(DatabaseError):
        sql("select 1/0")
    tenancy.leave()
    assert count() == 0


def test_a_rolled_back_transaction_leaves_nothing(ours: Clinic, theirs: Clinic) -> None:
    tenancy.enter(theirs.id)
    assert count()
    with suppress(ZeroDivisionError), transaction.atomic():
        with tenancy.within(ours.id):
            assert count()
        tenancy.leave()
        assert count() == 0
        raise ZeroDivisionError
    assert count() == 0


def test_a_savepoint_rolled_back_leaves_nothing(ours: Clinic, theirs: Clinic) -> None:
    tenancy.enter(theirs.id)
    with transaction.atomic():
        assert count()
        with suppress(ZeroDivisionError), transaction.atomic():
            tenancy.leave()
            assert count() == 0
            raise ZeroDivisionError
        assert count() == 0


def test_a_savepoint_is_rolled_back_after_an_error(ours: Clinic, theirs: Clinic) -> None:
    tenancy.enter(theirs.id)
    with transaction.atomic():
        with suppress(DatabaseError), transaction.atomic():
            tenancy.enter(ours.id)
            sql("select 1/0")
        assert sql("select practice_id from practice_doctor") == [(ours.id,)]


def test_a_commit_that_fails_leaves_nothing(ours: Clinic, theirs: Clinic) -> None:
    tenancy.enter(theirs.id)
    assert count()
    app = make_app().row
    with suppress(DatabaseError), transaction.atomic():
        tenancy.leave()
        sql("update identity_application set user_id = -1 where id = %s", app.pk)
    app.refresh_from_db()
    assert app.user_id is None
    assert count() == 0


def test_a_transaction_ended_behind_djangos_back_leaves_nothing(ours: Clinic, theirs: Clinic) -> None:
    tenancy.enter(theirs.id)
    raw = tenancy.database().get_psycopg_connection()
    assert count()
    raw.execute("begin")
    tenancy.leave()
    assert count() == 0
    raw.execute("rollback")  # the server has the other practice again
    assert count() == 0


def test_a_token_check_that_fails_leaves_nothing(other: Clinic) -> None:
    from charthouse import clock
    from charthouse.identity import bearer_tokens

    with pytest.raises(Unauthenticated):
        bearer_tokens.authenticate("Bearer nonsense", clock.now())
    assert count() == 0


def test_a_new_connection_starts_without_a_practice(other: Clinic) -> None:
    connection.close()
    assert count() > 0  # the request goes on
    connection.close()
    tenancy.leave()
    assert count() == 0


def test_a_connection_the_server_has_closed_is_replaced(ours: Clinic) -> None:
    token = issue_token(ours.user, make_app())
    ((pid,),) = sql("select pg_backend_pid()")
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with client(token) as caller:
        assert caller.get("/api/doctors").status_code == 200
    ((pid,),) = sql("select pg_backend_pid()")
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    assert client().get("/sign-in").status_code == 200
    request_finished.send(None)
    assert sql("select pg_backend_pid()") != [(pid,)]


def test_the_engine_cannot_get_a_connection_past_the_tenant(ours: Clinic, theirs: Clinic) -> None:
    for clinic in (ours, theirs):
        tenancy.enter(clinic.id)
        raw: psycopg.Connection[Any] = tenancy.database().get_psycopg_connection()
        held = raw.execute("select current_setting('charthouse.practice')").fetchone()
        assert held == (str(clinic.id),)
