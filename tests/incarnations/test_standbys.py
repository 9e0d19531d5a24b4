"""A server with several hosts in DATABASE_URL goes on by itself when a standby is promoted, and is unavailable until
then."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from charthouse.audit import request_log
from charthouse.identity.models import Incarnation
from tests.incarnations.record import start_using
from tests.incarnations.servers import Server, run_pair, use_server
from tests.support import Program, client, make_api_user

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
            for expected in (503, 204):  # the first write takes note of the promotion
                answer = caller.patch(f"/api/patients/{made[0]}", json={"nick_name": "C"})
                assert answer.status_code == expected, answer.text
        made += used.write(1)
        row = Incarnation.objects.using("owner").get()
        assert (row.cause, row.paused_since) == ("failover", None)
        assert sorted(used.send()) == sorted(made)
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


def test_an_unreadable_url_is_not_quoted(tmp_path: Path) -> None:
    done = _read("postgresql://a:sesame%zz@db/ehr", tmp_path)
    assert done.returncode == 1
    assert "DATABASE_URL can't be read" in done.stderr
    assert "sesame" not in done.stderr


def _read(url: str, data: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DATABASE_URL": url, "CHARTHOUSE_DATA": str(data)}
    return subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True)
