"""A server with several hosts in DATABASE_URL goes on by itself when a standby is promoted, and is unavailable until
then."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connections

from charthouse import database_urls
from charthouse.audit import request_log
from charthouse.identity.database import outages
from charthouse.identity.database.pipeline import Pipeline
from charthouse.identity.models import Incarnation
from tests.incarnations.record import start_using
from tests.incarnations.servers import Server, run_pair, use_server
from tests.support import Program, client, make_api_user
from tests.waiting import PATIENCE, until

READ = """
from charthouse.settings import DATABASES
owner = DATABASES["owner"]
print(*(owner[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")))
print(owner["OPTIONS"].get("target_session_attrs"))
"""


@pytest.fixture
def pair(database: None) -> Iterator[tuple[Server, Server]]:
    """A primary whose database is in use, and its standby."""
    with run_pair("pair") as servers:
        yield servers


def test_the_server_goes_on_after_a_promotion(
    pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then, every call of the APIs is answered with 503 and Retry-After."""
    monkeypatch.setattr(settings, "FAILOVER", 300)
    monkeypatch.setattr(outages, "WAIT", 0.1)
    primary, standby = pair
    with use_server(standby, primary):
        used = start_using()
        program = make_api_user(used.clinic.practice)
        made = used.write(2)
        standby.catch_up(primary)
        request_log.flush()
        primary.kill()
        _expect_unavailable(used.token, program)
        standby.promote()
        with client(used.token) as caller:
            assert caller.get(f"/api/patients/{made[0]}").status_code == 200
            answer = caller.patch(f"/api/patients/{made[0]}", json={"nick_name": "C"})
            assert answer.status_code == 204, answer.text
        made += used.write(1)
        row = Incarnation.objects.using("owner").get()
        assert (row.cause, row.paused_since) == ("failover", None)
        assert sorted(used.send()) == sorted(made)
        request_log.flush()


def test_the_connection_of_reads_may_be_the_first_one_after_a_promotion(
    pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins the incarnation, which makes an entry in the audit by the thread's own connection: neither waits for
    the other."""
    monkeypatch.setattr(settings, "FAILOVER", 300)
    monkeypatch.setattr(outages, "WAIT", 0.1)
    primary, standby = pair
    with use_server(standby, primary):
        used = start_using()
        program = make_api_user(used.clinic.practice)
        standby.catch_up(primary)
        request_log.flush()
        primary.kill()
        _expect_unavailable(used.token, program)
        standby.promote()

        def connect() -> None:
            Pipeline().close()
            connections.close_all()

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        connections.close_all()
        assert Incarnation.objects.using("owner").get().cause == "failover"
        assert len(used.write(1)) == 1
        request_log.flush()


def test_calls_wait_for_a_planned_switch(
    pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is refused: those that come while there is no primary are answered by the next one, writes too."""
    monkeypatch.setattr(settings, "FAILOVER", 300)
    monkeypatch.setattr(outages, "WAIT", 60.0)
    primary, standby = pair
    with use_server(standby, primary):
        used = start_using()
        answers: list[httpx.Response] = []

        def write() -> None:
            patient = {
                "doctor": used.clinic.doctor.pk,
                "gender": "Female",
                "first_name": "A",
                "last_name": "B",
            }
            with client(used.token) as caller:
                answers.append(caller.post("/api/patients", json=patient))
                answers.append(caller.get("/api/patients"))
            connections.close_all()

        standby.catch_up(primary)
        request_log.flush()
        primary.stop()
        callers = [threading.Thread(target=write) for _ in range(3)]
        for thread in callers:
            thread.start()
        until(lambda: outages._lost_at is not None)
        standby.promote()
        for thread in callers:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [201] * 3
        connections.close_all()
        assert Incarnation.objects.using("owner").get().cause == "failover"
        request_log.flush()


def test_a_commit_that_no_standby_confirms_is_no_success(
    pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL calls it one, with a warning, when the wait is canceled."""
    primary, _ = pair
    waiting = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"
    with use_server(primary):
        used = start_using()
        patient = {"doctor": used.clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
        primary.execute("alter system set synchronous_standby_names = 'nobody'")
        primary.execute("select pg_reload_conf()")
        until(lambda: primary.execute("show synchronous_standby_names") == [("nobody",)])
        connections["default"].close()
        session = connections["default"].settings_dict["OPTIONS"]["session"]
        monkeypatch.setitem(session, "synchronous_commit", "on")
        answers: list[httpx.Response] = []

        def write() -> None:
            with client(used.token) as caller:
                answers.append(caller.post("/api/patients", json=patient))
            connections.close_all()

        thread = threading.Thread(target=write)
        thread.start()
        until(lambda: bool(primary.execute(waiting)) or not thread.is_alive())
        primary.execute("alter system reset synchronous_standby_names")
        primary.execute("select pg_reload_conf()")
        thread.join()
        assert answers[0].status_code == 503, answers[0].text
        assert "not known" in answers[0].json()["detail"]
        request_log.flush()


def test_a_server_that_only_has_a_standby_writes_nothing(pair: tuple[Server, Server]) -> None:
    primary, standby = pair
    with use_server(primary):
        used = start_using()
        program = make_api_user(used.clinic.practice)
        standby.catch_up(primary)
        request_log.flush()
    with use_server(standby):
        _expect_unavailable(used.token, program, reads=True)


def _expect_unavailable(token: str, program: Program, *, reads: bool = False) -> None:
    """Expect 503 for every write, and for every read unless ``reads``."""
    with client(token) as caller, program.client() as cerbo:
        writes = [
            caller.post("/api/patients", json={"doctor": 1, "gender": "Female"}),
            caller.patch("/api/patients/1", json={"nick_name": "C"}),
            caller.delete("/api/patients/1"),
            cerbo.post("/api/v1/patients", json={"first_name": "A", "last_name": "B"}),
        ]
        found = [caller.get("/api/patients"), caller.get("/api/patients/1"), cerbo.get("/api/v1/patients/1")]
    refused = [answer for answer in (*writes, *found) if answer.status_code == 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert all(answer in refused for answer in writes), [answer.text for answer in writes]
    assert all(answer in refused or (reads and answer.status_code == 200) for answer in found)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a%40b:p%2Fw@one:5432,two:5433/ehr", "one,two 5432,5433 ehr a@b p/w\nread-write"),
        ("postgresql://a@one,two/ehr?target_session_attrs=primary", "one,two , ehr a \nprimary"),
        ("postgresql://a@db.example/ehr", "db.example  ehr a \nNone"),
        ("postgresql://a@/ehr?host=/run/x%20y", "/run/x y  ehr a \nNone"),
    ],
)
def test_database_urls(url: str, expected: str, tmp_path: Path) -> None:
    assert _read(url, tmp_path).stdout.rstrip("\n") == expected


def test_of_several_hosts_a_standby_is_read_from(tmp_path: Path) -> None:
    code = (
        "from charthouse.settings import DATABASES; found = DATABASES['standby']; "
        "print(found['HOST'], found['OPTIONS']['target_session_attrs'], found['OPTIONS']['connect_timeout'])"
    )
    variables = {"CHARTHOUSE_READ_URL": "postgresql://a@one,two/ehr", "CHARTHOUSE_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True
    )
    assert done.stdout == "one,two standby 2\n"


def test_a_database_of_ones_own_is_the_only_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sandbox, and an embedded database, are not reached by the pooler or the standby of another one."""
    with monkeypatch.context() as changed:
        for name in ("DATABASE_URL", *database_urls.OTHER_URLS):
            changed.setenv(name, "postgresql://production/ehr")
        environment = dict(os.environ)
        database_urls.use_own_database("postgresql:///own", environment)
    found = database_urls.describe_databases(environment)
    assert {alias: database["NAME"] for alias, database in found.items()} == {
        "default": "own",
        "owner": "own",
    }


def test_an_unreadable_url_is_not_quoted(tmp_path: Path) -> None:
    done = _read("postgresql://a:sesame%zz@db/ehr", tmp_path)
    assert done.returncode == 1
    assert "DATABASE_URL can't be read" in done.stderr
    assert "sesame" not in done.stderr


def _read(url: str, data: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DATABASE_URL": url, "CHARTHOUSE_DATA": str(data)}
    return subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True)
