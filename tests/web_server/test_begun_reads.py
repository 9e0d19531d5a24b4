"""Reads that the thread which waits for events answers itself: one trip each, many under way on one connection, and
never somebody else's rows."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from django.db import connections, transaction

from charthouse.audit import request_log
from charthouse.audit.models import ApiCall
from charthouse.domains.patients.models import Patient
from charthouse.engine.execution import reading
from charthouse.engine.sql.statements import BoundStatement
from charthouse.gateway import pipelined_reads
from charthouse.gateway.pipelined_reads import PipelinedReads
from charthouse.identity import tenancy, token_pairs
from charthouse.identity.database import pipeline, prepared_statements
from charthouse.identity.models import ApiUser, Practice, User
from charthouse.identity.oauth_models import Calls
from tests import support
from tests.conftest import POOLED
from tests.support import Clinic
from tests.web_server.begun_reads import Server, run_server

pytestmark = pytest.mark.skipif(POOLED, reason="behind a pooler nothing is sent ahead")


@pytest.fixture
def server(database: None, tmp_path: Path) -> Iterator[Server]:
    with run_server(tmp_path) as server:
        yield server


@pytest.fixture
def clinic(database: None) -> Clinic:
    return support.make_practice()


@pytest.fixture
def app() -> support.App:
    return support.make_app(hourly_limit=1000)


def add_patient(clinic: Clinic, **values: Any) -> Patient:
    with tenancy.within(clinic.id):
        return Patient.objects.create(
            practice_id=clinic.id, doctor_id=clinic.doctor.pk, gender="Other", **values
        )


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return add_patient(clinic, first_name="Ada")


@pytest.fixture
def caller(server: Server, clinic: Clinic, app: support.App, patient: Patient) -> Iterator[httpx.Client]:
    """A caller whose reads are begun from now on."""
    with server.connect(support.issue_token(clinic.user, app)) as client:
        assert (
            client.get(f"/api/patients/{patient.pk}").status_code == 200
        )  # by a thread, which then connects
        server.running.wait(lambda: server.reads._pipeline)
        yield client


def test_what_is_read_is_not_prepared_for_ever(
    server: Server, caller: httpx.Client, clinic: Clinic, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection forgets what it has prepared when that is too much, and goes on."""
    monkeypatch.setattr(prepared_statements, "MAX_PREPARED", 3)
    paths = [
        f"/api/patients/{patient.pk}",
        f"/api/patients/{patient.pk}?verbose=true",
        f"/api/doctors/{clinic.doctor.pk}",
        f"/api/users/{clinic.user.pk}",
    ]
    answers = [caller.get(path).json() for path in paths]
    with server.expect_own(8):
        assert [caller.get(path).json() for path in paths * 2] == answers * 2
    assert server.reads._pipeline is not None
    assert len(server.reads._pipeline._prepared._names) <= 3


def test_a_read_needs_no_thread_of_its_own(
    server: Server, caller: httpx.Client, clinic: Clinic, app: support.App, patient: Patient
) -> None:
    """Answer, quota and log are as ever."""
    path = f"/api/patients/{patient.pk}"
    with server.expect_own(3):
        answers = [caller.get(path) for _ in range(3)]
    ordinary = support.client(support.issue_token(clinic.user, app)).get(path)
    assert [answer.json() for answer in answers] == [ordinary.json()] * 3
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 3
    request_log.flush()
    with tenancy.within(clinic.id):
        logged = list(ApiCall.objects.filter(request__in=ids))
    assert [(row.practice_id, row.row_id, row.status, row.patients) for row in logged] == [
        (clinic.id, patient.pk, 200, [patient.pk])
    ] * 3
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 5


def test_a_read_of_an_api_user_needs_no_thread(
    server: Server, caller: httpx.Client, clinic: Clinic, patient: Patient
) -> None:
    program = support.make_api_user(clinic.practice)
    path = f"/api/v1/patients/{patient.pk}"
    with server.connect(auth=(program.row.username, program.secret)) as api_user:
        assert api_user.get(path).json()["first_name"] == "Ada"
        with server.expect_own(1):
            assert api_user.get(path).json()["first_name"] == "Ada"
        with tenancy.within(clinic.id):
            ApiUser.objects.filter(pk=program.row.pk).update(anonymize=True)
        assert api_user.get(path).json()["first_name"] != "Ada"
        with tenancy.within(clinic.id):
            ApiUser.objects.filter(pk=program.row.pk).update(enabled=False)
        assert api_user.get(path).status_code == 401


def test_what_may_take_its_time_has_a_thread(server: Server, caller: httpx.Client, patient: Patient) -> None:
    with server.expect_own(0):
        assert caller.get("/api/patients").status_code == 200
        assert caller.get("/api/patients?first_name=Ada").json()["results"]
        assert caller.get(f"/api/patients/{patient.pk}/ccda").status_code == 200
        assert caller.patch(f"/api/patients/{patient.pk}", json={"last_name": "L"}).status_code == 204
        assert caller.get(f"/api/patients/{patient.pk + 1}").status_code == 404  # was it merged?


def test_errors_are_answered(server: Server, caller: httpx.Client) -> None:
    with server.connect() as stranger:
        assert stranger.get("/api/patients/1").status_code == 401
    with server.connect("wrong") as stranger:
        assert stranger.get("/api/patients/1").status_code == 401
    assert caller.get("/api/patients/x").status_code == 404
    assert caller.get(f"/api/patients/{2**70}").status_code == 404
    assert caller.get("/api/nothing/1").status_code == 404


def test_many_reads_at_once_are_each_callers_own(server: Server, caller: httpx.Client) -> None:
    """Two practices, whose reads are under way on one connection: nobody reads a row of the other."""
    clinics = [support.make_practice(), support.make_practice()]
    patients = [add_patient(clinic, first_name=f"Of {clinic.id}") for clinic in clinics]
    tenancy.clear_tenant()
    tokens = [support.issue_token(clinic.user, support.make_app()) for clinic in clinics]

    def read(number: int) -> None:
        whose, of = number % 2, number // 2 % 3 == 0
        other = 1 - whose
        with server.connect(tokens[whose]) as client:
            for _ in range(8):
                answer = client.get(f"/api/patients/{patients[other if of else whose].pk}")
                if of:
                    assert answer.status_code == 404
                else:
                    assert answer.json()["first_name"] == f"Of {clinics[whose].id}"

    before = server.own
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(read, range(12)))
    assert server.own > before


def test_the_quota_is_exact(server: Server, caller: httpx.Client, clinic: Clinic, patient: Patient) -> None:
    """However many reads are under way, beside those that threads run."""
    app = support.make_app(hourly_limit=40)
    token = support.issue_token(clinic.user, app)

    def read(number: int) -> list[int]:
        with server.connect(token) as client:
            paths = (f"/api/patients/{patient.pk}", "/api/patients")
            return [client.get(paths[count % 4 == 3]).status_code for count in range(8)]

    with ThreadPoolExecutor(10) as pool:
        statuses = [status for found in pool.map(read, range(10)) for status in found]
    assert sorted(set(statuses)) == [200, 429]
    assert statuses.count(200) == 40
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 40


def revoke(clinic: Clinic, app: support.App) -> None:
    token_pairs.deauthorize(app.row.pk, clinic.user.pk)


def deactivate(clinic: Clinic, app: support.App) -> None:
    User.objects.filter(pk=clinic.user.pk).update(is_active=False)


def take_permissions(clinic: Clinic, app: support.App) -> None:
    User.objects.filter(pk=clinic.user.pk).update(permissions=[])


def move_away(clinic: Clinic, app: support.App) -> None:
    there = support.make_practice()
    User.objects.filter(pk=clinic.user.pk).update(
        practice=there.practice, doctor_id=there.doctor.pk, is_primary=False
    )


@pytest.mark.parametrize(
    ("change", "status", "counted"),
    [(revoke, 401, 2), (deactivate, 401, 2), (take_permissions, 403, 3), (move_away, 404, 3)],
)
def test_who_may_no_longer_read_is_refused_at_once(
    server: Server,
    caller: httpx.Client,
    clinic: Clinic,
    app: support.App,
    patient: Patient,
    change: Callable[[Clinic, support.App], None],
    status: int,
    counted: int,
) -> None:
    """And a call is counted once, whichever thread ends it."""
    with server.expect_own(1):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200
    tenancy.clear_tenant()
    change(clinic, app)
    assert caller.get(f"/api/patients/{patient.pk}").status_code == status
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == counted


def test_sharing_that_ends_is_respected_at_once(
    server: Server, caller: httpx.Client, clinic: Clinic, app: support.App, patient: Patient
) -> None:
    other = support.make_doctor(clinic.practice)
    colleague = support.make_user(clinic.practice, doctor=other)
    with server.connect(support.issue_token(colleague, app)) as client:
        statuses = [client.get(f"/api/patients/{patient.pk}").status_code for _ in range(2)]
        tenancy.clear_tenant()
        Practice.objects.filter(pk=clinic.id).update(sharing=[])
        assert [*statuses, client.get(f"/api/patients/{patient.pk}").status_code] == [200, 200, 404]


def test_a_read_that_fails_is_run_again_and_counted_once(
    server: Server, caller: httpx.Client, app: support.App, patient: Patient
) -> None:
    bind = BoundStatement

    def break_read(text: bytes, parameters: list[bytes | None], custom_plan: bool) -> BoundStatement:
        return bind(b"select 1/0 from (%s) as read" % text, parameters, custom_plan)

    with mock.patch("charthouse.engine.sql.statements.BoundStatement", break_read), server.expect_own(0):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 400
    with server.expect_own(1):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 3


def test_a_lost_connection_is_replaced(
    server: Server, caller: httpx.Client, app: support.App, patient: Patient
) -> None:
    pid = server.find_pid()
    with connections["owner"].cursor() as owner:
        owner.execute("select pg_terminate_backend(%s, 60000)", [pid])
    server.running.wait(lambda: server.reads._pipeline is None)
    with server.expect_own(0):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200
    server.running.wait(lambda: server.reads._pipeline)
    assert server.find_pid() != pid
    with server.expect_own(1):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 3


def test_reads_whose_connection_is_lost_are_answered(
    server: Server, caller: httpx.Client, app: support.App, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for a lock meanwhile, so they have not been counted."""
    pid = server.find_pid()
    with ThreadPoolExecutor(2) as pool, hold_calls_of(app):
        found = [pool.submit(caller.get, f"/api/patients/{patient.pk}") for _ in range(2)]
        server.running.wait(lambda: len(server.reads._pipeline._sent) == 2)  # type: ignore[union-attr]
        with connections["owner"].cursor() as owner:
            owner.execute("select pg_terminate_backend(%s, 60000)", [pid])
        server.running.wait(lambda: server.reads._pipeline is None)
        release_calls()
        assert [answer.result().status_code for answer in found] == [200, 200]
    tenancy.clear_tenant()
    assert Calls.objects.get(application=app.row).calls == 3


def test_an_answer_that_cannot_be_loaded_is_read_again(
    server: Server, caller: httpx.Client, patient: Patient
) -> None:
    """And the thread that waits for events goes on with others."""
    with mock.patch.object(pipeline.Pipeline, "_load", side_effect=ValueError), server.expect_own(0):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200
    server.running.wait(lambda: server.reads._pipeline)
    with server.expect_own(1):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 200


@contextmanager
def hold_calls_of(app: support.App) -> Iterator[None]:
    """Let calls of an app wait to be counted, until ``release_calls``."""
    tenancy.clear_tenant()
    with transaction.atomic():
        list(Calls.objects.select_for_update().filter(application=app.row))
        yield


def release_calls() -> None:
    tenancy.get_connection().connection.commit()


def test_a_read_that_waits_holds_up_nobody(
    server: Server, caller: httpx.Client, clinic: Clinic, app: support.App, patient: Patient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with server.connect(support.issue_token(clinic.user, support.make_app())) as other:
        other.get(f"/api/patients/{patient.pk}")
        monkeypatch.setattr(pipeline, "MAX_AGE", -1)  # has waited too long already
        with ThreadPoolExecutor(1) as pool:
            with hold_calls_of(app):
                waiting = pool.submit(caller.get, f"/api/patients/{patient.pk}")
                server.running.wait(lambda: not server.reads._pipeline.is_idle)  # type: ignore[union-attr]
                with server.expect_own(0):
                    assert other.get(f"/api/patients/{patient.pk}").status_code == 200
                assert not waiting.done()
            assert waiting.result().status_code == 200


def test_requests_in_one_go_are_answered_in_order(
    server: Server, caller: httpx.Client, clinic: Clinic, patient: Patient
) -> None:
    second = add_patient(clinic, first_name="Ben")
    token = caller.headers["Authorization"]
    pks = [patient.pk, second.pk, 0, patient.pk]
    sent = b"".join(
        f"GET /api/patients/{pk} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n".encode()
        for pk in pks
    )
    sent += b"GET /api/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = server.running.ask(sent)
    statuses = [line.split(b" ")[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert len(statuses) == 5 or answer.count(b"HTTP/1.1 ") == 5
    found = [answer.index(name) for name in (b'"first_name":"Ada"', b'"first_name":"Ben"')]
    assert found == sorted(found)
    assert answer.count(b'"first_name":"Ada"') == 2


def test_a_caller_who_leaves_disturbs_nobody(
    server: Server, caller: httpx.Client, app: support.App, patient: Patient
) -> None:
    token = caller.headers["Authorization"]
    head = f"GET /api/patients/{patient.pk} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n"
    with hold_calls_of(app):
        leaving = server.running.connect(head.encode())
        server.running.wait(lambda: not server.reads._pipeline.is_idle)  # type: ignore[union-attr]
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        leaving.close()
    server.running.wait(lambda: server.reads._pipeline.is_idle)  # type: ignore[union-attr]
    assert caller.get(f"/api/patients/{patient.pk}").status_code == 200


def test_nothing_is_read_by_a_thread_that_must_not_wait(
    server: Server, caller: httpx.Client, patient: Patient
) -> None:
    """Its connection has no tenant: what it would find is nobody's."""
    barred: list[str] = []

    def render(*rows: Any) -> Any:
        try:
            with connections["default"].cursor():
                pass
        except RuntimeError as error:
            barred.append(f"{threading.current_thread().name[:4]} {error}")
            raise
        raise AssertionError

    with mock.patch.object(reading, "render", render):
        assert caller.get(f"/api/patients/{patient.pk}").status_code == 500
    assert barred == ["web- a thread that must not wait uses the database"]
    assert caller.get(f"/api/patients/{patient.pk}").status_code == 200


def test_a_database_that_is_away_is_not_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(1)
        raise OSError

    monkeypatch.setattr(pipelined_reads, "Pipeline", fail)
    reads = PipelinedReads(lambda environ: True, mock.Mock())
    assert [reads.open() for _ in range(3)] == [None] * 3
    assert len(attempts) == 1
    assert not reads.accepts({})


def test_a_real_server_answers_reads(live_server: str) -> None:
    """Two processes, each with its own connection."""
    clinic = support.make_practice()
    patient = add_patient(clinic, first_name="Ada")
    app = support.make_app(hourly_limit=30)
    token = support.issue_token(clinic.user, app)

    def read(number: int) -> list[int]:
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            return [client.get(f"{live_server}/api/patients/{patient.pk}").status_code for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for found in pool.map(read, range(8)) for status in found]
    assert statuses.count(200) == 30
    assert statuses.count(429) == 34
