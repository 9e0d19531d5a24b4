"""A web server is replaced by another one, of the next release, while callers go on: none notices."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from charthouse.audit import request_log
from tests import figures
from tests.conftest import PGDATA, WORKER, _execute, create_database, find_free_port, wait_for_port
from tests.sandbox.databases import use_database
from tests.support import issue_token, make_app, make_practice
from tests.test_commands import COMMAND, DATABASE, make_environment
from tests.waiting import PATIENCE, until

DATABASE_NAME = f"charthouse_{WORKER}_restarting"
URL = f"postgresql://postgres:@/{DATABASE_NAME}?host={PGDATA}"
# Seconds between the calls of a connection that is kept, and of callers that open one for each call. A call is on its
# way at almost any moment; without pauses, the callers would only keep the next server from starting.
PAUSES, OPENING = (0.01, 0.02, 0.05, 0.3), (0.02, 0.05)


class Load:
    """Callers that go on until they are stopped. ``lost``: calls that got no answer, or one that is not 2xx."""

    def __init__(self, port: int, token: str, doctor: int) -> None:
        self.port, self.doctor = port, doctor
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.answers: Counter[int] = Counter()
        self.lost: list[str] = []
        self.ending = threading.Event()
        callers = [(True, pause) for pause in PAUSES] + [(False, pause) for pause in OPENING]
        self.threads = [threading.Thread(target=self._run, args=caller) for caller in callers]
        for thread in self.threads:
            thread.start()

    def _run(self, kept: bool, pause: float) -> None:
        while not self.ending.wait(pause):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                while self._call(connection, kept) and not self.ending.wait(pause):
                    pass
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            finally:
                connection.close()

    def _call(self, connection: http.client.HTTPConnection, kept: bool) -> bool:
        """Read a list, or write a patient, and return whether the connection stays open."""
        more = {} if kept else {"Connection": "close"}
        if self.answers.total() % 3:
            connection.request("GET", "/api/patients?page_size=5", headers=self.headers | more)
        else:
            body = f'{{"doctor": {self.doctor}, "gender": "Female"}}'
            connection.request("POST", "/api/patients", body, self.headers | more)
        answer = connection.getresponse()
        content = answer.read()
        self.answers[answer.status] += 1
        if answer.status not in (200, 201):
            self.lost.append(f"{answer.status} {content[:200]!r}")
        return kept and not answer.will_close

    def stop(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class Server:
    """``charthouse serve`` on a database of its own, with the settings of the next release."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port, self.log = folder / "data", find_free_port(), folder / "log"
        root = Path(__file__).parents[2]
        self.environment = make_environment(
            **DATABASE | {"DATABASE_URL": URL},
            DJANGO_SETTINGS_MODULE="tests.upgrade.next_release.settings",
            CHARTHOUSE_METRICS=f"127.0.0.1:{find_free_port()}",
        ) | {"PYTHONPATH": f"{root / 'src'}:{root}"}
        with self.log.open("w+") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self.port), "--data", str(self.data)],
                stdout=log, stderr=log, env=self.environment, start_new_session=True,
            )  # fmt: skip
            wait_for_port(self.port, self.process, log)

    def replace(self, says: str) -> None:
        """Ask for another web server, and wait until the log says what came of it once more than before."""
        before = self.log.read_text().count(says)
        self.process.send_signal(signal.SIGUSR2)
        until(lambda: self.log.read_text().count(says) > before or self.process.poll() is not None, says)
        assert self.process.poll() is None, self.log.read_text()

    def list_descendants(self) -> set[int]:
        found, parents = {self.process.pid}, {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def migrate(self) -> None:
        done = subprocess.run(
            [*COMMAND, "migrate", "--data", str(self.data)],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory, database: None) -> Iterator[tuple[str, int]]:
    """The token of an app, and the doctor whom its patients are of, in a database of their own."""
    create_database(DATABASE_NAME)
    with use_database(DATABASE_NAME, tmp_path_factory.mktemp("data")):
        clinic = make_practice()
        yield issue_token(clinic.user, make_app()), clinic.doctor.pk
        request_log.flush()
    _execute(f'drop database "{DATABASE_NAME}" with (force)')


@pytest.fixture
def server(tmp_path: Path, caller: tuple[str, int]) -> Iterator[Server]:
    running = Server(tmp_path)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()


def test_no_call_is_lost_by_an_upgrade_and_a_restart(server: Server, caller: tuple[str, int]) -> None:
    """The schema is upgraded under load, then the web server is replaced by one of the next release."""
    load = Load(server.port, *caller)
    try:
        until(lambda: load.answers.total() > 50, "calls")
        former = server.list_descendants()
        (server.data / "next_release").touch()
        server.migrate()
        seen = load.answers.total()
        until(
            lambda: load.answers.total() > seen + 50, "calls of the former program on the tables of the next"
        )
        server.replace("has taken over")
        until(
            lambda: server.list_descendants() & former == {server.process.pid}, "the end of the former server"
        )
        seen = load.answers.total()
        until(lambda: load.answers.total() > seen + 50, "calls of the next program")
    finally:
        load.stop()
    figures.record(restart_calls=load.answers.total(), lost=len(load.lost))
    assert load.lost == []
    assert set(load.answers) == {200, 201}
    with psycopg.connect(URL) as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where next_release = '') from patients_patient"
        )
        written, unfilled = found.fetchone() or (0, 0)
        assert written == load.answers[201]
        assert unfilled < written  # those of the former program after the upgrade have the default
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 20


def test_a_server_that_can_not_be_replaced_goes_on(server: Server, caller: tuple[str, int]) -> None:
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute(
            "insert into django_migrations (app, name, applied) values ('files', '9999_later', now())"
        )
        connection.execute("comment on table django_migrations is 'charthouse 99.1.0'")
        try:
            server.replace("the present one goes on")
        finally:
            connection.execute("delete from django_migrations where name = '9999_later'")
            connection.execute("comment on table django_migrations is null")
    assert "Upgrade the program: install charthouse 99.1.0 or a later one." in server.log.read_text()
    asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    asked.request("GET", "/health/live")
    assert asked.getresponse().status == 200
    server.replace("has taken over")  # after the reason is gone
    asked.close()
