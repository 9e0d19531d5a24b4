"""Lists that are read from a standby: never behind what the practice has written, and from the primary where the
standby is behind, gone or does not answer."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connections

from charthouse.audit import request_log
from charthouse.domains.patients.models import Patient
from charthouse.engine.sql.statements import BoundStatement
from charthouse.identity import standby, tenancy, token_pairs
from charthouse.identity.standby import StandbyConnection
from charthouse.operation import database_checks
from tests import support
from tests.incarnations.servers import Server, run_pair, use_server
from tests.support import Clinic
from tests.waiting import until


@pytest.fixture(scope="module")
def pair(database: None) -> Iterator[tuple[Server, Server]]:
    with run_pair("reads") as servers:
        yield servers


@pytest.fixture
def replica(pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The standby, which lists are read from while the test writes to the primary."""
    primary, replica = pair
    with use_server(primary):
        monkeypatch.setattr(settings, "READ_URL", "set")
        monkeypatch.setattr(settings, "READ_LAG", 3600.0)
        connections.settings["standby"] = {
            **connections["default"].settings_dict,
            "HOST": str(replica.folder),
        }
        standby.forget()
        yield replica
        request_log.flush()
        standby.forget()
        del connections.settings["standby"]


@dataclass
class Practice:
    """A practice that has called both APIs before."""

    clinic: Clinic
    drchrono: httpx.Client
    cerbo: httpx.Client
    app: support.App

    def add_patient(self) -> int:
        patient = {"doctor": self.clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
        answer = self.drchrono.post("/api/patients", json=patient)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def list_patients(self) -> list[list[int]]:
        """By both APIs."""
        found = self.drchrono.get("/api/patients").json()["results"]
        return [
            sorted(int(row["id"]) for row in rows)
            for rows in (found, self.cerbo.get("/api/v1/patients").json()["data"])
        ]


def make_practice() -> Practice:
    clinic, app = support.make_practice(), support.make_app(hourly_limit=1000)
    program = support.make_api_user(clinic.practice)
    made = Practice(clinic, support.client(support.issue_token(clinic.user, app)), program.client(), app)
    made.list_patients()  # from now on the callers are guessed
    return made


@contextmanager
def count_reads() -> Iterator[list[int]]:
    """Yields the list of practices whose lists the standby reads."""
    practices, read = list[int](), StandbyConnection.read_rows

    def note(self: Any, practice: int, statement: Any) -> Any:
        found = read(self, practice, statement)
        practices.append(practice)
        return found

    with mock.patch.object(StandbyConnection, "read_rows", note):
        yield practices


@contextmanager
def paused(replica: Server) -> Iterator[None]:
    """The standby replays nothing in the block."""
    replica.execute("select pg_wal_replay_pause()")
    until(lambda: replica.execute("select pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        yield
    finally:
        replica.execute("select pg_wal_replay_resume()")


@pytest.fixture
def practice(replica: Server, pair: tuple[Server, Server]) -> Practice:
    made = make_practice()
    replica.catch_up(pair[0])
    return made


def test_lists_are_read_from_the_standby(
    replica: Server, pair: tuple[Server, Server], practice: Practice
) -> None:
    """Nothing else is: objects, writes and lists without a change feed."""
    added = practice.add_patient()
    replica.catch_up(pair[0])
    with count_reads() as practices:
        assert practice.list_patients() == [[added]] * 2
        assert len(practices) == 2
        assert practice.drchrono.get(f"/api/patients/{added}").status_code == 200
        assert practice.drchrono.patch(f"/api/patients/{added}", json={"nick_name": "C"}).status_code == 204
    assert practices == [practice.clinic.id] * 2


def test_a_list_is_never_behind_its_practice(
    replica: Server, pair: tuple[Server, Server], practice: Practice
) -> None:
    """Whoever has written: this caller, another one, or a page."""
    other = make_practice()
    replica.catch_up(pair[0])
    with paused(replica):
        added = [practice.add_patient()]
        with count_reads() as practices:
            assert practice.list_patients() == [added] * 2
            assert practices == []
            assert other.list_patients() == [[], []]
            assert practices == [other.clinic.id] * 2
        with tenancy.within(other.clinic.id):
            row = Patient.objects.create(
                practice_id=other.clinic.id, doctor_id=other.clinic.doctor.pk, gender="Other"
            )
        with count_reads() as practices:
            assert other.list_patients() == [[row.pk]] * 2
            assert practice.list_patients() == [added] * 2
        assert practices == []
    replica.catch_up(pair[0])
    with count_reads() as practices:
        assert practice.list_patients() == [added] * 2
    assert practices == [practice.clinic.id] * 2


def test_every_list_after_a_write_shows_it(practice: Practice) -> None:
    """Without any waiting in between, however far the standby is."""
    added = []
    for _ in range(10):
        added.append(practice.add_patient())
        assert practice.list_patients() == [added] * 2


def test_the_lag_is_bounded(
    replica: Server, pair: tuple[Server, Server], practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet practice is not read from a standby that has stood still for longer."""
    other = make_practice()
    replica.catch_up(pair[0])
    with paused(replica):
        other.add_patient()
        monkeypatch.setattr(settings, "READ_LAG", 0.0)
        with count_reads() as practices:
            practice.list_patients()
        assert practices == []
        monkeypatch.setattr(settings, "READ_LAG", 3600.0)
        with count_reads() as practices:
            practice.list_patients()
        assert practices == [practice.clinic.id] * 2


def test_access_that_has_ended_is_ended_at_once(replica: Server, practice: Practice) -> None:
    """And the quota is counted: the caller is authenticated by the primary."""
    with paused(replica):
        tenancy.clear_tenant()
        token_pairs.deauthorize(practice.app.row.pk, practice.clinic.user.pk)
        with count_reads() as practices:
            assert practice.drchrono.get("/api/patients").status_code == 401
        assert practices == []


def test_a_standby_that_is_gone_costs_nothing_but_the_first_call(
    replica: Server, pair: tuple[Server, Server], practice: Practice
) -> None:
    added = practice.add_patient()
    replica.catch_up(pair[0])
    practice.list_patients()
    replica.kill()
    with mock.patch.object(standby, "_note_failure", wraps=standby._note_failure) as failures:
        assert practice.list_patients() == [[added]] * 2
        assert practice.list_patients() == [[added]] * 2
    assert failures.call_count == 1
    replica.start()
    replica.catch_up(pair[0])
    standby.forget()  # as after RETRY_SECONDS
    with count_reads() as practices:
        assert practice.list_patients() == [[added]] * 2
    assert len(practices) == 2


def test_a_standby_that_hangs_is_not_waited_for(replica: Server, practice: Practice) -> None:
    with psycopg.connect(f"postgresql://postgres@/charthouse?host={replica.folder}") as spy:
        practice.list_patients()
        pids = [
            row[0]
            for row in spy.execute("select pid from pg_stat_activity where application_name = 'charthouse'")
        ]
        assert pids
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            began = time.monotonic()
            assert practice.list_patients() == [[], []]
            assert time.monotonic() - began < standby.READ_SECONDS
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


def test_an_error_of_the_standby_is_not_the_callers(replica: Server, practice: Practice) -> None:
    """Such as a conflict with what is replayed. The standby is asked again by the next call."""
    failure = psycopg.errors.SerializationFailure("canceling statement due to conflict with recovery")
    with mock.patch.object(StandbyConnection, "read_rows", side_effect=failure):
        assert practice.list_patients() == [[], []]
    with count_reads() as practices:
        practice.list_patients()
    assert len(practices) == 2


def test_check_names_the_standby(replica: Server, pair: tuple[Server, Server], practice: Practice) -> None:
    def check() -> list[tuple[str, str]]:
        return [(one.level.name, one.detail) for one in database_checks._check_standby()]

    assert [level for level, _ in check()] == ["OK"]
    connections.settings["standby"]["HOST"] = str(pair[0].folder)
    assert check() == [
        ("WARNING", "The server is no standby, or is reached through a pooler: the primary reads all lists.")
    ]
    connections.settings["standby"]["HOST"] = "/nowhere"
    assert check() == [("WARNING", "It does not answer (OperationalError): the primary reads all lists.")]


def test_a_server_that_is_no_standby_is_not_read_from(
    pair: tuple[Server, Server], replica: Server, practice: Practice
) -> None:
    connections.settings["standby"]["HOST"] = str(pair[0].folder)
    standby.forget()
    with count_reads() as practices:
        assert practice.list_patients() == [[], []]
    assert practices == []


def test_a_standby_of_another_record_is_not_read_from(
    pair: tuple[Server, Server], replica: Server, practice: Practice
) -> None:
    """Or of a former incarnation of this one: its row is not the primary's."""
    with paused(replica):
        pair[0].execute("update identity_incarnation set number = number + 1", "charthouse")
        with count_reads() as practices:
            assert practice.list_patients() == [[], []]
        assert practices == []


def test_rows_of_the_standby_are_those_of_the_practice(
    replica: Server, pair: tuple[Server, Server], practice: Practice
) -> None:
    """Also of plain SQL that names no practice: row security, in the web role, practice by practice in turns."""
    other = make_practice()
    rows = {each.clinic.id: [(each.add_patient(),)] for each in (practice, other)}
    replica.catch_up(pair[0])
    practice.list_patients()
    for number in [*rows, *rows]:
        statement = BoundStatement(b"select id from patients_patient", [], custom_plan=False)
        assert standby.read(statement, number)
        assert statement.rows == rows[number]
    statement = BoundStatement(b"select current_user::text", [], custom_plan=True)
    assert standby.read(statement, 1)
    assert statement.rows == [("charthouse_web",)]
