"""Through PgBouncer in transaction mode, with one connection to PostgreSQL for everybody: each transaction has its own
practice, and leaves nothing behind."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction

from charthouse.changes.models import Change
from charthouse.domains.patients.models import Patient
from charthouse.engine.sql.statements import read_snapshot
from charthouse.identity import tenancy, token_pairs
from charthouse.identity.api_users import renew_secret
from charthouse.identity.models import Application
from charthouse.identity.oauth_models import Calls
from charthouse.identity.pooled_database.base import DatabaseWrapper
from tests import support
from tests.changes.receiver import run_receiver, run_sender, subscribe
from tests.jobs.worker import work_off
from tests.pooling.bouncer import Bouncer, run_bouncer
from tests.pooling.through import use_pooler
from tests.support import Clinic
from tests.waiting import until

STATE = (
    "select current_setting('charthouse.practice', true), current_setting('charthouse.caller', true), "
    "current_setting('role'), current_setting('statement_timeout'), current_setting('jit'), "
    "(select count(*) from pg_prepared_statements)"
)


@pytest.fixture(scope="module")
def bouncer(database: None) -> Iterator[Bouncer]:
    with run_bouncer("transaction", 1) as running:
        yield running


@pytest.fixture
def pooled(bouncer: Bouncer) -> Iterator[DatabaseWrapper]:
    with use_pooler(bouncer) as wrapper:
        yield wrapper


@pytest.fixture(autouse=True)
def nothing_is_left(pooled: DatabaseWrapper, bouncer: Bouncer) -> Iterator[None]:
    """After each test the server's one connection is as it was when it was opened."""
    with psycopg.connect(bouncer.url, autocommit=True, prepare_threshold=None) as stranger:
        stranger.execute("select 1")
        before = stranger.execute(STATE).fetchone()
        yield
        after = stranger.execute(STATE).fetchone()
    assert before is not None
    assert after is not None
    assert [value or "" for value in after[:2]] == ["", ""]
    assert before[2:] == after[2:] == ("none", "0", after[4], 0)
    assert len(bouncer.show_servers()) == 1


def add_patient(clinic: Clinic, **values: Any) -> Patient:
    with tenancy.within(clinic.id):
        return Patient.objects.create(
            practice_id=clinic.id, doctor_id=clinic.doctor.pk, gender="Other", **values
        )


@pytest.fixture
def clinics(pooled: DatabaseWrapper) -> list[Clinic]:
    return [support.make_practice(), support.make_practice()]


def test_practices_that_call_at_once(clinics: list[Clinic]) -> None:
    """Eight threads of two practices and both APIs, in one connection of the server: reads, writes, and tries for the
    other practice's rows."""
    app = support.make_app()
    own = {clinic.id: [add_patient(clinic, first_name="A").pk for _ in range(3)] for clinic in clinics}
    tokens = {clinic.id: support.issue_token(clinic.user, app) for clinic in clinics}
    programs = {clinic.id: support.make_api_user(clinic.practice) for clinic in clinics}

    def call(number: int) -> set[int]:
        mine, theirs = (clinics[number % 2], clinics[1 - number % 2])
        seen = set[int]()
        try:
            with support.client(tokens[mine.id]) as drchrono, programs[mine.id].client() as cerbo:
                for one, other in zip(own[mine.id], own[theirs.id], strict=True):
                    seen |= {row["id"] for row in drchrono.get("/api/patients").json()["results"]}
                    seen |= {int(row["id"]) for row in cerbo.get("/api/v1/patients").json()["data"]}
                    assert drchrono.get(f"/api/patients/{one}").status_code == 200
                    assert drchrono.get(f"/api/patients/{other}").status_code == 404
                    assert cerbo.get(f"/api/v1/patients/{other}").status_code == 404
                    changed = {"nick_name": str(mine.id)}
                    assert drchrono.patch(f"/api/patients/{one}", json=changed).status_code == 204
                    assert drchrono.patch(f"/api/patients/{other}", json=changed).status_code == 404
        finally:
            connections.close_all()
        return seen

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(call, range(8)))
    for number, seen in enumerate(found):
        assert seen == set(own[clinics[number % 2].id])
    for clinic in clinics:
        with tenancy.within(clinic.id):
            assert set(Patient.objects.values_list("nick_name", flat=True)) <= {str(clinic.id), ""}


def _read_by_statement(wrapper: DatabaseWrapper) -> list[Any]:
    return wrapper.fetch_rows(b"select id from patients_patient order by id", ())


def _read_by_cursor(wrapper: DatabaseWrapper) -> list[Any]:
    with wrapper.cursor() as cursor:
        cursor.execute("select id from patients_patient order by id")
        return list(cursor.fetchall())


def _read_in_transaction(wrapper: DatabaseWrapper) -> list[Any]:
    with transaction.atomic():
        return _read_by_statement(wrapper)


def _read_after_a_rollback_to_a_savepoint(wrapper: DatabaseWrapper) -> list[Any]:
    with transaction.atomic():
        with pytest.raises(DatabaseError):  # noqa: PT012, SIM117
            with transaction.atomic():
                _read_by_cursor(wrapper)
                with wrapper.cursor() as cursor:
                    cursor.execute("select 1/0")
        return _read_by_cursor(wrapper)


def _read_after_an_error(wrapper: DatabaseWrapper) -> list[Any]:
    with pytest.raises(psycopg.Error):
        wrapper.fetch_rows(b"select 1/0", ())
    with pytest.raises(DatabaseError), wrapper.cursor() as cursor:
        cursor.execute("select 1/0")
    return _read_by_statement(wrapper)


def _read_in_pieces(wrapper: DatabaseWrapper) -> list[Any]:
    return [(pk,) for pk in Patient.objects.order_by("pk").values_list("pk", flat=True).iterator(1)]


def _read_in_a_snapshot(wrapper: DatabaseWrapper) -> list[Any]:
    with read_snapshot():
        found = _read_by_statement(wrapper)
        with pytest.raises(psycopg.Error, match="read-only"):
            wrapper.fetch_rows(b"update patients_patient set nick_name = '' returning id", ())
        wrapper.set_rollback(True)
    return found


@pytest.mark.parametrize(
    "read",
    [
        _read_by_statement,
        _read_by_cursor,
        _read_in_transaction,
        _read_after_a_rollback_to_a_savepoint,
        _read_after_an_error,
        _read_in_pieces,
        _read_in_a_snapshot,
    ],
)
def test_every_way_to_run_a_statement_has_the_tenant(
    clinics: list[Clinic], pooled: DatabaseWrapper, read: Callable[[DatabaseWrapper], list[Any]]
) -> None:
    """Two practices in turns, and nobody: then there are no rows."""
    rows = {clinic.id: [(add_patient(clinic).pk,) for _ in range(2)] for clinic in clinics}
    for _ in range(2):
        for practice, expected in rows.items():
            with tenancy.within(practice):
                assert read(pooled) == expected
        with tenancy.within(None):
            assert read(pooled) == []


def test_the_tenant_may_change_within_a_transaction(clinics: list[Clinic], pooled: DatabaseWrapper) -> None:
    rows = {clinic.id: [(add_patient(clinic).pk,)] for clinic in clinics}
    with transaction.atomic():
        for practice in [*rows, *rows]:
            with tenancy.within(practice):
                assert _read_by_cursor(pooled) == rows[practice]
                assert _read_by_statement(pooled) == rows[practice]


def test_statements_run_in_the_web_role(clinics: list[Clinic], pooled: DatabaseWrapper) -> None:
    """Also plain SQL that names another practice."""
    own, other = clinics
    with tenancy.within(own.id):
        with pooled.cursor() as cursor:
            cursor.execute("select current_user, current_setting('statement_timeout')")
            assert cursor.fetchone() == ("charthouse_web", "30s")
        with pytest.raises(DatabaseError, match="row-level security"):
            Patient.objects.create(practice_id=other.id, doctor_id=other.doctor.pk, gender="Other")
        with pytest.raises(DatabaseError, match="permission denied"), pooled.cursor() as cursor:
            cursor.execute("delete from patients_patient")


def test_what_can_not_run_is_refused(pooled: DatabaseWrapper) -> None:
    """A cursor in the server and COPY outlast a statement."""
    pooled.ensure_connection()
    with pytest.raises(RuntimeError, match="needs a transaction"):
        pooled.create_cursor("named")
    with pytest.raises(RuntimeError, match="needs a transaction"), pooled.cursor() as cursor:
        cursor.copy("copy patients_patient to stdout")


def test_a_transaction_is_whole(clinics: list[Clinic], pooled: DatabaseWrapper) -> None:
    """Others write on the same connection of the server between two transactions, never within one."""
    own = clinics[0]
    with tenancy.within(own.id):
        with pytest.raises(IntegrityError):  # noqa: PT012, SIM117
            with transaction.atomic():
                add_patient(own, first_name="Gone")
                with pooled.cursor() as cursor:
                    cursor.execute("update patients_patient set doctor_id = 0")
        assert list(Patient.objects.values_list("first_name", flat=True)) == []


def test_the_quota(clinics: list[Clinic]) -> None:
    app = support.make_app(hourly_limit=4)
    with support.client(support.issue_token(clinics[0].user, app)) as caller:
        assert [caller.get("/api/patients").status_code for _ in range(6)] == [200] * 4 + [429] * 2
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 4


def test_access_that_has_ended(clinics: list[Clinic]) -> None:
    own, app = clinics[0], support.make_app()
    program = support.make_api_user(own.practice)
    with support.client(support.issue_token(own.user, app)) as caller, program.client() as cerbo:
        assert caller.get("/api/patients").status_code == cerbo.get("/api/v1/patients").status_code == 200
        tenancy.clear_tenant()
        token_pairs.deauthorize(app.row.pk, own.user.pk)
        with tenancy.within(own.id):
            renew_secret(program.row)
        assert caller.get("/api/patients").status_code == cerbo.get("/api/v1/patients").status_code == 401


def test_the_feed_names_the_caller_and_receivers_are_told(
    clinics: list[Clinic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)  # a receiver on this machine
    own, other = clinics
    app = support.make_app()
    with support.client(support.issue_token(own.user, app)) as caller, run_receiver() as receiver:
        subscribe(app.row, receiver, "PATIENT_CREATE")
        patient = {"doctor": own.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
        answer = caller.post("/api/patients", json=patient)
        assert answer.status_code == 201, answer.text
        with run_sender():
            until(lambda: receiver.got)
        assert receiver.bodies()[0]["object"]["id"] == answer.json()["id"]
    with tenancy.within(own.id):
        change = Change.objects.get(table_name="patients_patient")
    found = (change.practice_id, change.user_id, change.app_id, change.row_id)
    assert found == (own.id, own.user.pk, app.row.pk, answer.json()["id"])
    assert change.request is not None
    assert change.request.hex == answer.headers["X-Request-Id"].replace("-", "")
    with tenancy.within(other.id):
        assert not Change.objects.filter(table_name="patients_patient").exists()


def test_a_job_is_begun_run_and_asked_for(clinics: list[Clinic]) -> None:
    """Begun through the pooler, run by a worker that listens on PostgreSQL itself."""
    for clinic in clinics:
        add_patient(clinic)
    app = support.make_app()
    answers: list[httpx.Response] = []
    for clinic in clinics:
        with support.client(support.issue_token(clinic.user, app)) as caller:
            uuid = caller.post("/api/patients_list").json()["uuid"]
            work_off()
            answers.append(caller.get("/api/patients_list", params={"uuid": uuid}))
    with tenancy.within(clinics[0].id):
        expected = [Patient.objects.get().pk]
    found = answers[0].json()
    assert found["status"] == "Complete"
    assert [row["id"] for row in found["results"]] == expected
    assert [row["id"] for row in answers[1].json()["results"]] != expected


def test_the_limit_of_a_statement_holds(pooled: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pooled.settings_dict["OPTIONS"]["session"], "statement_timeout", "50ms")
    with pytest.raises(psycopg.errors.QueryCanceled):
        pooled.fetch_rows(b"select pg_sleep(20)", ())


def test_apps_are_written(clinics: list[Clinic]) -> None:
    """A table without a practice."""
    app = support.make_app()
    Application.objects.filter(pk=app.row.pk).update(name="Other")
    assert Application.objects.get(pk=app.row.pk).name == "Other"
