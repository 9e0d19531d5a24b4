"""PgBouncer in session mode, in DATABASE_URL: a server and a worker need nothing else. One that keeps no sessions is
refused there."""

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from django.db import connections

from charthouse.changes.models import Change
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.identity.database import sessions
from charthouse.identity.database.base import DatabaseWrapper
from tests import support
from tests.conftest import run_server
from tests.pooling.bouncer import Bouncer, run_bouncer

SERVE = [sys.executable, "-m", "charthouse", "serve", "--port", "1"]


@pytest.fixture(scope="module")
def bouncer(database: None) -> Iterator[Bouncer]:
    with run_bouncer("session", 20) as running:
        yield running


@pytest.fixture(scope="module")
def server(bouncer: Bouncer) -> Iterator[str]:
    with run_server(DATABASE_URL=bouncer.url) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_server_keeps_practices_apart(server: str, bouncer: Bouncer) -> None:
    app = support.make_app(hourly_limit=1000)
    clinics = [support.make_practice(), support.make_practice()]
    made = []
    for clinic in clinics:
        headers = {"Authorization": f"Bearer {support.issue_token(clinic.user, app)}"}
        with httpx.Client(base_url=server, headers=headers) as caller:
            patient = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
            answer = caller.post("/api/patients", json=patient)
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["id"])
            for _ in range(4):  # two processes with two threads
                assert [row["id"] for row in caller.get("/api/patients").json()["results"]] == made[-1:]
                assert all(caller.get(f"/api/patients/{other}").status_code == 404 for other in made[:-1])
    for clinic, row in zip(clinics, made, strict=True):
        with tenancy.within(clinic.id):
            change = Change.objects.get(table_name=Patient._meta.db_table)
        assert (change.row_id, change.user_id, change.app_id) == (row, clinic.user.pk, app.row.pk)
    assert bouncer.show_servers()


@pytest.mark.parametrize("size", [1, 5])
def test_transaction_mode_is_refused_in_database_url(database: None, size: int) -> None:
    with run_bouncer("transaction", size) as wrong:
        done = _try_to_serve(wrong.url)
    assert done.returncode == 1
    assert sessions.NO_SESSIONS in done.stderr


def test_session_mode_is_accepted(bouncer: Bouncer) -> None:
    """Also where the pooler has one connection, which the first session keeps."""
    with run_bouncer("session", 1) as small:
        for url in (bouncer.url, small.url):
            settings = {
                **connections["owner"].settings_dict,
                "HOST": "127.0.0.1",
                "PORT": url.rsplit(":", 1)[1][:5],
            }
            connections["pooled"] = wrapper = DatabaseWrapper(settings, "pooled")
            try:
                sessions.require_sessions("pooled")
                assert wrapper.is_pooled
            finally:
                wrapper.close()
                del connections["pooled"]
    assert not connections["owner"].is_pooled


def _try_to_serve(url: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.run(SERVE, env=environment, capture_output=True, text=True, timeout=100)
