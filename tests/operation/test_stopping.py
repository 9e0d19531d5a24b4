"""A stopped web server answers every request that it has accepted: a real one, under load from several connections."""

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from charthouse.operation import draining
from tests.conftest import find_free_port, wait_for_port
from tests.support import Clinic, client, issue_token, make_app, make_practice
from tests.test_commands import COMMAND, DATABASE, make_environment
from tests.waiting import PATIENCE, until

EACH = 4  # connections that are kept, and clients that open one for each call


class Load:
    """Clients that call without a pause until their connection is refused."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.headers = port, {"Authorization": f"Bearer {token}"}
        self.answers: Counter[int] = Counter()
        self.lost: list[str] = []
        self.closings = 0
        self.threads = [
            threading.Thread(target=self._call, args=(kept,)) for kept in (True, False) for _ in range(EACH)
        ]
        for thread in self.threads:
            thread.start()

    def _call(self, kept: bool) -> None:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.connect()
            except OSError:
                return
            try:
                while self._call_once(connection, kept):
                    pass
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            finally:
                connection.close()

    def _call_once(self, connection: http.client.HTTPConnection, kept: bool) -> bool:
        """Call, and return whether the connection stays open."""
        more = {} if kept else {"Connection": "close"}
        connection.request("GET", "/api/patients?page_size=5", headers=self.headers | more)
        answer = connection.getresponse()
        assert len(answer.read()) == int(answer.headers["Content-Length"])
        self.answers[answer.status] += 1
        self.closings += kept and answer.will_close
        return kept and not answer.will_close


@pytest.fixture
def clinic() -> Clinic:
    return make_practice()


@pytest.fixture
def server(tmp_path: Path) -> "Iterator[tuple[subprocess.Popen[bytes], int]]":
    port = find_free_port()
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), "--data", str(tmp_path / "data")],
            stdout=log, stderr=log, env=make_environment(**DATABASE), start_new_session=True,
        )  # fmt: skip
        try:
            wait_for_port(port, process, log)
            yield process, port
        finally:
            process.kill()
            process.wait()


def test_every_accepted_request_is_answered(
    server: "tuple[subprocess.Popen[bytes], int]", clinic: Clinic
) -> None:
    process, port = server
    token = issue_token(clinic.user, make_app())
    created = client(token).post("/api/patients", json={"doctor": clinic.doctor.pk, "gender": "Female"})
    patient = created.json()["id"]
    load = Load(port, token)
    until(lambda: load.answers.total() > 100, "calls")
    slow: list[int] = []

    def change_a_locked_row() -> None:
        body = {"nick_name": "Ada"}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}/api/patients/{patient}"
        slow.append(httpx.patch(url, json=body, headers=headers, timeout=PATIENCE).status_code)

    waiting = threading.Thread(target=change_a_locked_row)
    with psycopg.connect(DATABASE["DATABASE_URL"]) as holder:
        holder.execute("select from patients_patient where id = %s for update", [patient])
        waiting.start()
        until(
            lambda: holder.execute("select 1 from pg_locks where not granted").fetchall(), "a wait for a lock"
        )
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        until(lambda: load.closings, "an answer that closes its connection")
    waiting.join(PATIENCE)
    assert slow == [204]
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < draining.SECONDS + 20
    for thread in load.threads:
        thread.join(PATIENCE)
    assert load.lost == []
    assert set(load.answers) == {200}


WORKER = "from charthouse.commands import installation; installation.WORKER_GRACE = {grace}; installation.run_worker(1)"


@pytest.mark.parametrize("finishes", [True, False], ids=["finished", "given back"])
def test_a_stopped_worker_finishes_its_job_or_leaves_it_to_another(tmp_path: Path, finishes: bool) -> None:
    """A job that waits for a lock: it gets it after the signal, or not in time."""
    grace = PATIENCE if finishes else 0.5
    with (
        (tmp_path / "log").open("w") as log,
        psycopg.connect(DATABASE["DATABASE_URL"], autocommit=True) as observer,
        psycopg.connect(DATABASE["DATABASE_URL"]) as holder,
    ):
        holder.execute("lock table audit_mark in access exclusive mode")
        # Jobs that other tests left would be run first, some of them wait for the same table.
        observer.execute("delete from procrastinate_jobs where status = 'todo'")
        ((job,),) = observer.execute(
            "insert into procrastinate_jobs (task_name, queue_name, args) "
            "values ('charthouse.audit.seal', 'default', '{\"timestamp\": 0}') returning id"
        ).fetchall()
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER.format(grace=grace)],
            stdout=log, stderr=log, start_new_session=True,
            env=make_environment(**DATABASE, CHARTHOUSE_DATA=str(tmp_path / "data")),
        )  # fmt: skip
        try:
            waits = (
                "select from pg_locks, procrastinate_jobs where not granted "
                "and relation = 'audit_mark'::regclass and id = %s and status = 'doing'"
            )
            until(lambda: worker.poll() is not None or observer.execute(waits, [job]).fetchall(), "the job")
            worker.send_signal(signal.SIGTERM)
            if finishes:
                holder.rollback()
            assert worker.wait(PATIENCE) == 0, (tmp_path / "log").read_text()
        finally:
            worker.kill()
            worker.wait()
        ((state,),) = observer.execute(
            "select status::text from procrastinate_jobs where id = %s", [job]
        ).fetchall()
        observer.execute("delete from procrastinate_jobs where id = %s", [job])
    # One that is still "doing" belongs to a worker that is not heard of any more: retention runs it again.
    assert state == ("succeeded" if finishes else "doing")
