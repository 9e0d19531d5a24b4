"""Row-level security, tested with raw SQL as the web role, without any check of the application."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.core.signals import request_finished
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import DatabaseError

from charthouse import clock
from charthouse.domains.billing.models import LineItem
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Unauthenticated
from charthouse.identity import rowsecurity, tenancy
from charthouse.identity.models import User
from tests.support import Clinic, client, issue_token, make_app, make_practice


@pytest.fixture(scope="module")
def own_clinic(database: None) -> Clinic:
    return make_practice()


@pytest.fixture(scope="module")
def other_clinic(database: None) -> Clinic:
    return make_practice()


def execute(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def count_rows(table: str = "practice_doctor") -> int:
    return int(execute(f"select count(*) from {table}")[0][0])  # noqa: S608


# Every table


def test_all_record_tables_are_secure() -> None:
    assert rowsecurity.list_missing_protections() == []


def test_secure_is_idempotent_and_may_run_concurrently() -> None:
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
        (
            "grant execute on function identity_bearer(text, timestamptz) to public",
            "identity_bearer(text,timestamp with time zone): execute for nobody else",
        ),
        ("drop trigger archive_parts on patients_patient", "patients_patient: the trigger archive_parts"),
        (
            "alter table clinical_problem disable trigger check_owners",
            "clinical_problem: the trigger check_owners",
        ),
        (
            "create or replace function clinical_problem_check_moved() returns trigger language plpgsql as "
            "'begin return null; end'",
            "clinical_problem: the trigger check_moved",
        ),
    ],
)
def test_a_missing_protection_is_listed_and_added(damage: str, lack: str) -> None:
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
            "references identity_user (id) not valid",  # rows of other tests violate it
            "practice_office: practice_id in the foreign key careless: use RecordKey",
        ),
        (
            "create table careless (practice_id bigint)",
            "careless: row security, though it has a practice_id: make it a Record",
        ),
    ],
)
def test_errors_of_a_model_are_listed(damage: str, lack: str) -> None:
    with transaction.atomic("owner"):
        connections["owner"].cursor().execute(damage)
        assert lack in rowsecurity.list_missing_protections()
        transaction.set_rollback(True, "owner")


def test_parts_of_rows_that_were_archived_before_are_archived_and_come_back(own_clinic: Clinic) -> None:
    """The state before there were triggers: an archived task with a patient's note, and a visit with its charge."""
    owner, practice, doctor = connections["owner"], own_clinic.id, own_clinic.doctor
    with transaction.atomic("owner"):
        for table in ("patients_patient", "scheduling_appointment", "billing_lineitem"):
            owner.cursor().execute(f"drop trigger archive_parts on {table}")
        patient = Patient.objects.using("owner").create(practice_id=practice, doctor_id=doctor.pk, gender="")
        office = Office.objects.using("owner").create(practice_id=practice, doctor_id=doctor.pk, name="Old")
        visit = Appointment.objects.using("owner").create(
            practice_id=practice, patient_id=patient.pk, doctor_id=doctor.pk, office_id=office.pk, exam_room=1,
            scheduled_time=clock.now(), duration=30,
        )  # fmt: skip
        item = LineItem.objects.using("owner").create(
            practice_id=practice, patient_id=patient.pk, doctor_id=doctor.pk, appointment_id=visit.pk, code="99213",
            procedure_type="C", price=1,
        )  # fmt: skip
        Patient.objects.using("owner").filter(pk=patient.pk).update(archived=True)
        for row in (visit, item):
            row.refresh_from_db(using="owner")
            assert not row.archived
        rowsecurity.secure()
        for row in (visit, item):
            row.refresh_from_db(using="owner")
            assert row.archived
        Patient.objects.using("owner").filter(pk=patient.pk).update(archived=False)
        for row in (visit, item):
            row.refresh_from_db(using="owner")
            assert not row.archived
        transaction.set_rollback(True, "owner")


def test_the_web_role_owns_no_tables_and_cannot_bypass_row_security() -> None:
    assert execute("select current_user, session_user <> current_user") == [("charthouse_web", True)]
    assert execute(
        "select rolsuper or rolbypassrls or rolcanlogin from pg_roles where rolname = current_user"
    ) == [(False,)]
    assert execute("select relname from pg_class where relowner = 'charthouse_web'::regrole") == []


# Rows


def test_without_a_tenant_record_tables_are_empty(own_clinic: Clinic) -> None:
    assert count_rows() == 0


def test_only_rows_of_the_tenant_are_visible(own_clinic: Clinic, other_clinic: Clinic) -> None:
    with tenancy.within(own_clinic.id):
        assert {practice for (practice,) in execute("select practice_id from practice_doctor")} == {
            own_clinic.id
        }
        assert execute("select id from practice_doctor where id = %s", other_clinic.doctor.pk) == []
        assert execute("select id from practice_doctor where practice_id = %s", other_clinic.id) == []
        assert Doctor.objects.filter(pk=other_clinic.doctor.pk).first() is None
        assert other_clinic.user.pk not in [pk for (pk,) in execute("select id from identity_user")]
        assert execute("select id from identity_practice") == [(own_clinic.id,)]


def test_the_tenant_is_of_the_connection_that_an_event_loop_uses(
    own_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a loop runs, Django has connections by context, and not by thread."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    tenancy.clear_tenant()  # the thread's own connection is open

    async def list_doctors() -> list[int]:
        try:
            with tenancy.within(own_clinic.id):
                assert tenancy.get_connection() is connections["default"]
                return list(Doctor.objects.values_list("pk", flat=True))
        finally:
            connections.close_all()

    assert asyncio.run(list_doctors()) == [own_clinic.doctor.pk]


def test_rows_of_another_practice_cannot_be_written(own_clinic: Clinic, other_clinic: Clinic) -> None:
    with tenancy.within(own_clinic.id):
        execute("update practice_doctor set first_name = 'Mallory' where id = %s", other_clinic.doctor.pk)
        User.objects.filter(pk=other_clinic.user.pk).update(permissions=[])
        for statement in (
            "insert into practice_usergroup (practice_id, name, archived, created_at, updated_at) "
            "values (%s, 'x', false, now(), now())",
            "update practice_doctor set practice_id = %s",
            "update identity_user set practice_id = %s where not is_primary or is_primary",
        ):
            with pytest.raises(DatabaseError, match="row-level security"):
                execute(statement, other_clinic.id)
    with tenancy.within(other_clinic.id):
        assert Doctor.objects.get(pk=other_clinic.doctor.pk).first_name == "Doris"
        assert User.objects.get(pk=other_clinic.user.pk).permissions


def test_a_row_cannot_reference_another_practice(own_clinic: Clinic, other_clinic: Clinic) -> None:
    with tenancy.within(own_clinic.id), pytest.raises(DatabaseError, match="foreign key"):
        Office.objects.create(practice=own_clinic.practice, doctor=other_clinic.doctor, name="x")
    with pytest.raises(DatabaseError, match="foreign key"):
        Office.objects.using("owner").create(
            practice_id=own_clinic.id, doctor_id=other_clinic.doctor.pk, name="x"
        )


def test_records_cannot_be_deleted(own_clinic: Clinic) -> None:
    with tenancy.within(own_clinic.id):
        for statement in (
            "delete from practice_doctor",
            "truncate practice_doctor",
            "delete from identity_user",
        ):
            with pytest.raises(DatabaseError, match="permission denied"):
                execute(statement)


def test_the_policy_is_an_index_condition(own_clinic: Clinic) -> None:
    with tenancy.within(own_clinic.id), transaction.atomic():
        execute("set local enable_seqscan = off")
        plan = "\n".join(line for (line,) in execute("explain select * from practice_doctor where id = 5"))
    assert "Index Cond: ((practice_id = " in plan
    assert "Filter" not in plan


# Successive requests on the same connection


@pytest.fixture
def former_tenant(other_clinic: Clinic) -> Clinic:
    """Simulate an earlier request of another practice on the same connection."""
    tenancy.set_tenant(other_clinic.id)
    assert count_rows()
    return other_clinic


def test_clearing_the_tenant_suffices(former_tenant: Clinic) -> None:
    tenancy.clear_tenant()
    assert count_rows() == 0


def test_a_request_without_a_token_runs_without_a_practice(former_tenant: Clinic, own_clinic: Clinic) -> None:
    with client() as caller:
        assert caller.get("/api/doctors").status_code == 401
    assert count_rows() == 0


def test_each_request_runs_as_its_own_practice(own_clinic: Clinic, other_clinic: Clinic) -> None:
    app = make_app()
    tokens = {clinic.id: issue_token(clinic.user, app) for clinic in (own_clinic, other_clinic)}
    for clinic in (own_clinic, other_clinic, own_clinic, own_clinic, other_clinic):
        with client(tokens[clinic.id]) as caller:
            seen = [doctor["id"] for doctor in caller.get("/api/doctors").json()["results"]]
        assert seen == [clinic.doctor.pk]


def test_an_exception_leaves_no_tenant(former_tenant: Clinic) -> None:
    with pytest.raises(DatabaseError):
        execute("select 1/0")
    tenancy.clear_tenant()
    assert count_rows() == 0


def test_a_rollback_leaves_no_tenant(own_clinic: Clinic, other_clinic: Clinic) -> None:
    tenancy.set_tenant(other_clinic.id)
    assert count_rows()
    with suppress(ZeroDivisionError), transaction.atomic():
        with tenancy.within(own_clinic.id):
            assert count_rows()
        tenancy.clear_tenant()
        assert count_rows() == 0
        raise ZeroDivisionError
    assert count_rows() == 0


def test_a_rollback_to_a_savepoint_leaves_no_tenant(own_clinic: Clinic, other_clinic: Clinic) -> None:
    tenancy.set_tenant(other_clinic.id)
    with transaction.atomic():
        assert count_rows()
        with suppress(ZeroDivisionError), transaction.atomic():
            tenancy.clear_tenant()
            assert count_rows() == 0
            raise ZeroDivisionError
        assert count_rows() == 0


def test_a_rollback_to_a_savepoint_after_an_error(own_clinic: Clinic, other_clinic: Clinic) -> None:
    tenancy.set_tenant(other_clinic.id)
    with transaction.atomic():
        with suppress(DatabaseError), transaction.atomic():
            tenancy.set_tenant(own_clinic.id)
            execute("select 1/0")
        assert execute("select practice_id from practice_doctor") == [(own_clinic.id,)]


def test_a_failed_commit_leaves_no_tenant(own_clinic: Clinic, other_clinic: Clinic) -> None:
    tenancy.set_tenant(other_clinic.id)
    assert count_rows()
    app = make_app().row
    with suppress(DatabaseError), transaction.atomic():
        tenancy.clear_tenant()
        execute("update identity_application set user_id = -1 where id = %s", app.pk)
    app.refresh_from_db()
    assert app.user_id is None
    assert count_rows() == 0


def test_a_transaction_ended_outside_django_leaves_no_tenant(
    own_clinic: Clinic, other_clinic: Clinic
) -> None:
    tenancy.set_tenant(other_clinic.id)
    raw = tenancy.get_connection().get_psycopg_connection()
    assert count_rows()
    raw.execute("begin")
    tenancy.clear_tenant()
    assert count_rows() == 0
    raw.execute("rollback")  # reverts the variable on the server to the other practice
    assert count_rows() == 0


def test_a_failed_authentication_leaves_no_tenant(former_tenant: Clinic) -> None:
    from charthouse import clock
    from charthouse.identity import bearer_tokens

    with pytest.raises(Unauthenticated):
        bearer_tokens.authenticate("Bearer nonsense", clock.now())
    assert count_rows() == 0


def test_a_new_connection_keeps_only_the_current_tenant(former_tenant: Clinic) -> None:
    connection.close()
    assert count_rows() > 0  # the request continues
    connection.close()
    tenancy.clear_tenant()
    assert count_rows() == 0


def test_a_connection_closed_by_the_server_is_replaced(own_clinic: Clinic) -> None:
    token = issue_token(own_clinic.user, make_app())
    ((pid,),) = execute("select pg_backend_pid()")
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with client(token) as caller:
        assert caller.get("/api/doctors").status_code == 200
    ((pid,),) = execute("select pg_backend_pid()")
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    assert client().get("/sign-in").status_code == 200
    request_finished.send(None)
    assert execute("select pg_backend_pid()") != [(pid,)]


def test_that_a_connection_is_alive_costs_no_query(own_clinic: Clinic) -> None:
    """Each page asks, as the server may have closed the connection since the last one."""
    execute("select 1")
    with mock.patch.object(DatabaseWrapper, "is_usable") as ask_server:
        assert connection.is_usable()
    assert not ask_server.called


def test_the_psycopg_connection_has_the_tenant_set(own_clinic: Clinic, other_clinic: Clinic) -> None:
    for clinic in (own_clinic, other_clinic):
        tenancy.set_tenant(clinic.id)
        raw: psycopg.Connection[Any] = tenancy.get_connection().get_psycopg_connection()
        held = raw.execute("select current_setting('charthouse.practice')").fetchone()
        assert held == (str(clinic.id),)
