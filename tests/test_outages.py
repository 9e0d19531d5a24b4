"""A server and a worker whose PostgreSQL is killed: 503 while it is away, and no person has to do anything afterwards.

Real processes on an embedded server of their own, with synthetic data of a small sandbox practice in it.
"""

import asyncio
import secrets
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from django.db import connections

from charthouse import datadir, retries
from charthouse.database_server import embedded_postgres
from tests.backup.installations import run_migrated_server, use_installation
from tests.identity.oauth_flow import parse_hidden_fields
from tests.support import PASSWORD, issue_token, make_api_user, make_app, make_practice
from tests.test_commands import COMMAND, find_free_port, make_environment
from tests.waiting import PATIENCE, until

CANARY = "Zanzibar-Canary-4711"


class Installation:
    """``charthouse serve`` and ``charthouse worker`` on one data directory."""

    def __init__(self, place: Path) -> None:
        self.data, self.place, self.port = place / "data", place, find_free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.told: dict[str, Any] = {}
        self.release: Callable[[], None] = lambda: None

    def start(self, name: str, *arguments: str) -> None:
        log = (self.place / f"{name}.log").open("ab")
        with log:
            self.processes[name] = subprocess.Popen(
                [*COMMAND, name, "--data", str(self.data), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=make_environment(), start_new_session=True,
            )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> str:
        return (self.place / f"{name}.log").read_text(errors="replace")

    @property
    def postmaster(self) -> int:
        try:
            return int((self.data / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return 0

    def query(self, statement: str, *values: object) -> Any:
        url = embedded_postgres.database_url(self.data)
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(statement, values or None)
            return found.fetchall() if found.description else None

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/o/authorize?client_id=x", timeout=5).status_code == 400
        except httpx.HTTPError:
            return False

    def stop_database(self) -> None:
        """Kill the postmaster, and keep the keeper from noticing until ``release``."""
        keeper, postmaster = self.keeper, psutil.Process(self.postmaster)
        self.release = keeper.resume
        keeper.suspend()
        backends = postmaster.children()
        postmaster.kill()
        psutil.wait_procs(backends, PATIENCE)

    @property
    def keeper(self) -> psutil.Process:
        return psutil.Process(psutil.Process(self.postmaster).ppid())

    def run_job(self, task: str) -> int:
        """Defer a job of the worker and return its id."""
        ((job,),) = self.query(
            "insert into procrastinate_jobs (task_name, queue_name, args) "
            "values (%s, 'default', '{\"timestamp\": 0}') returning id",
            task,
        )
        return int(job)

    def status(self, job: int) -> str:
        return str(self.query("select status from procrastinate_jobs where id = %s", job)[0][0])


@pytest.fixture(scope="module")
def installation(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("outage"))
    (datadir.prepare(made.data) / "secret_key").write_text(secrets.token_hex())
    with run_migrated_server(made.data):
        with use_installation(made.data):
            clinic = make_practice()
            clinic.user.set_password(PASSWORD)
            clinic.user.save()
            program = make_api_user(clinic.practice)
            made.told = {
                "user": clinic.user.username,
                "doctor": clinic.doctor.pk,
                "token": issue_token(clinic.user, make_app()),
                "basic": [program.row.username, program.secret],
            }
            with connections["owner"].cursor() as cursor:  # who owns the tables here is another role
                cursor.execute("alter role charthouse superuser")
        try:
            made.start("serve", "--port", str(made.port), "--workers", "1", "--threads", "4")
            made.start("worker")
            until(made.is_up, "the server")
            yield made
        finally:
            for process in made.processes.values():
                process.send_signal(signal.SIGTERM)
            for process in made.processes.values():
                process.wait(PATIENCE)


@pytest.fixture(scope="module")
def browser(installation: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=installation.url, timeout=PATIENCE) as browser:
        token = parse_hidden_fields(browser.get("/sign-in"))
        given = token | {"username": installation.told["user"], "password": PASSWORD}
        assert browser.post("/sign-in", data=given).status_code == 302
        yield browser


def make_calls(installation: Installation, browser: httpx.Client) -> list[tuple[str, httpx.Response]]:
    """One call of each kind that needs the database."""
    token = {"Authorization": f"Bearer {installation.told['token']}"}
    basic = httpx.BasicAuth(*installation.told["basic"])
    patient = {"doctor": installation.told["doctor"], "gender": "Female", "first_name": "A", "last_name": "B"}
    csrf = {"csrfmiddlewaretoken": browser.cookies["charthouse_csrf"]}
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("GET", "/api/patients", {"headers": token}),
        ("GET", "/api/patients/1", {"headers": token}),
        ("POST", "/api/patients", {"headers": token, "json": patient}),
        ("GET", "/api/v1/patients", {"auth": basic}),
        ("POST", "/api/v1/patients", {"auth": basic, "json": {}}),
        ("GET", "/patients", {}),
        ("POST", "/patients/new", {"data": csrf | {"first_name": "A"}}),
        ("POST", "/sign-in", {"data": csrf | {"username": "nobody", "password": "x"}}),
        ("POST", "/portal/sign-in", {"data": csrf | {"username": "nobody", "password": "x"}}),
        ("GET", "/o/authorize?client_id=x&response_type=code", {}),
        ("POST", "/o/token/", {"data": {"grant_type": "authorization_code", "client_id": "x", "code": "y"}}),
        ("POST", "/o/revoke_token/", {"data": {"client_id": "x", "client_secret": "y", "token": "z"}}),
        ("GET", "/audit/export", {}),
    )
    return [(f"{method} {path}", browser.request(method, path, **more)) for method, path, more in calls]


def test_every_call_is_503_while_there_is_no_database(
    installation: Installation, browser: httpx.Client
) -> None:
    """Then the keeper brings the server back, and web server and worker go on by themselves."""
    assert not [name for name, answer in make_calls(installation, browser) if answer.status_code >= 500]
    before, postmaster = len(installation.log("serve").splitlines()), installation.postmaster
    job = installation.run_job("charthouse.post.deliver_due")
    until(lambda: installation.status(job) == "succeeded", "a job")
    installation.stop_database()
    try:
        answers = [call for _ in range(4) for call in make_calls(installation, browser)]
        wrong = {name: answer.status_code for name, answer in answers if answer.status_code != 503}
        assert not wrong
        for name, answer in answers:
            assert int(answer.headers["Retry-After"]) > 0, name
            assert "psycopg" not in answer.text
        assert httpx.get(f"{installation.url}/docs", timeout=PATIENCE).status_code == 200  # needs none
        written = installation.log("serve").splitlines()[before:]
        assert 0 < len(written) < len(answers) / 2, written
        assert not any("Traceback" in line or "File" in line for line in written)
    finally:
        installation.release()
    until(lambda: installation.postmaster not in (0, postmaster), "PostgreSQL again")
    until(installation.is_up, "the server again")
    assert not [name for name, answer in make_calls(installation, browser) if answer.status_code >= 500]
    job = installation.run_job("charthouse.post.deliver_due")
    until(lambda: installation.status(job) == "succeeded", "a job again")
    assert all(process.poll() is None for process in installation.processes.values())


def test_kills_under_load_and_of_the_keeper(installation: Installation, browser: httpx.Client) -> None:
    """No 500, whatever a kill interrupts; also when the keeper is killed, which takes the server with it."""
    statuses: set[int] = set()
    done = threading.Event()
    until(installation.is_up, "the server")

    def call_all() -> None:
        with httpx.Client(base_url=installation.url, timeout=PATIENCE, cookies=browser.cookies) as own:
            while not done.wait(0.1):
                statuses.update(answer.status_code for _, answer in make_calls(installation, own))

    threads = [threading.Thread(target=call_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: 200 in statuses, "calls that are answered")
        for process in (psutil.Process(installation.postmaster), installation.keeper):
            before = installation.postmaster
            process.kill()
            until(lambda: installation.postmaster not in (0, before), "PostgreSQL again")  # noqa: B023
            until(installation.is_up, "the server again")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert 500 not in statuses
    assert {200, 503} <= statuses
    assert all(process.poll() is None for process in installation.processes.values())


BOOM = """
create function boom() returns trigger language plpgsql as $$
begin raise exception 'row %, %', old, new; end $$;
create trigger boom before insert or update on patients_patient for each row execute function boom();
create trigger boom before delete on django_session for each row execute function boom();
"""


def test_no_log_has_a_value(installation: Installation, browser: httpx.Client) -> None:
    """A value in failing writes, wrong casts, unique violations, failing jobs, paths, queries and headers is in no log,
    no output of a process and not in the audit."""
    token = {"Authorization": f"Bearer {installation.told['token']}"}
    basic = httpx.BasicAuth(*installation.told["basic"])
    csrf = {"csrfmiddlewaretoken": browser.cookies["charthouse_csrf"]}
    patient = {
        "doctor": installation.told["doctor"],
        "gender": "Female",
        "first_name": CANARY,
        "last_name": CANARY,
    }
    until(installation.is_up, "the server")
    with httpx.Client(base_url=installation.url, timeout=PATIENCE) as api:
        made = [
            api.post("/api/patients", headers=token, json=patient | {"chart_id": CANARY}) for _ in range(2)
        ]
        assert made[0].status_code == 201
        installation.query(BOOM)
        failed = [
            api.post("/api/patients", headers=token, json=patient),
            api.patch(f"/api/patients/{made[0].json()['id']}", headers=token, json={"last_name": CANARY * 2}),
            browser.post("/patients/new", data=csrf | patient | {"date_of_birth": "1980-01-01"}),
            browser.post("/sign-in", data=csrf | {"username": CANARY, "password": CANARY}),
        ]
        assert [answer.status_code for answer in failed[:3]] == [500, 500, 500]
        assert not any(CANARY in answer.text for answer in failed[:3])
        for address in (f"/{CANARY}", f"/patients?q={CANARY}&after={CANARY}", f"/files/{CANARY}"):
            browser.get(address, headers={"X-Canary": CANARY, "Referer": f"http://{CANARY}/"})
        api.get("/sign-in", headers={"Host": f"{CANARY}.example"})
        api.post("/sign-in", data={"username": CANARY})  # no CSRF token
        api.get("/api/patients", headers=token, params={"date_of_birth": CANARY})
        api.post("/api/v1/patients", auth=basic, json={"first_name": CANARY})
        api.get("/api/v1/patients", auth=httpx.BasicAuth(CANARY, CANARY))
    installation.query("insert into django_session values (%s, %s, '2020-01-01')", CANARY, CANARY)
    job = installation.run_job("charthouse.identity.sweep")
    until(lambda: installation.status(job) == "failed", "a failing job")
    with suppress(psycopg.Error):  # the database's own errors
        installation.query(f"select '{CANARY}'::int")
    logs = {
        path: path.read_text(errors="replace")
        for path in installation.place.rglob("*.log*")
        if path.is_file()
    }
    assert {path.name for path in logs} >= {"serve.log", "worker.log", "postgres.log"}
    assert not {path.name: _around(text) for path, text in logs.items() if CANARY in text}
    assert "P0001" in installation.log("serve")
    assert "P0001" in installation.log("worker")
    for table in ("audit_apicall", "audit_event"):
        found = installation.query(f"select t from {table} t where strpos(t::text, %s) > 0", CANARY)  # noqa: S608
        assert found == []


def _around(text: str) -> str:
    at = text.index(CANARY)
    return text[max(0, at - 300) : at + 100]


def test_delays_are_bounded_and_begin_anew_after_a_steady_run() -> None:
    now = 0.0
    delays = retries.RetryDelays(0.5, 30.0, lambda: now)
    made = []
    while now < 600:  # ten minutes without a database
        delays.note_start()
        now += 0.01  # fails at once
        made.append(delays.next_delay())
        now += made[-1]
    assert made[:7] == [0.5, 1, 2, 4, 8, 16, 30]
    assert set(made[7:]) == {30.0}
    delays.note_start()
    now += retries.STEADY
    assert delays.next_delay() == 0.5


async def _run_for_ten_minutes() -> tuple[int, float, list[str]]:
    now, runs, noted = 0.0, 0, list[str]()

    async def work() -> None:
        nonlocal runs, now
        runs += 1
        now += 0.01
        if now > 600:
            raise asyncio.CancelledError
        if runs % 2:
            raise psycopg.OperationalError("connection refused")

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    delays = retries.RetryDelays(clock=lambda: now)
    with suppress(asyncio.CancelledError):
        await retries.run_forever(work, lambda error: noted.append(type(error).__name__), delays, sleep)
    return runs, now, noted


def test_work_is_tried_again_whether_it_fails_or_ends() -> None:
    runs, seconds, noted = asyncio.run(_run_for_ten_minutes())
    assert seconds > 600
    assert runs == 26  # a try each half minute in the end: neither a busy loop nor an end
    assert noted[:2] == ["OperationalError", "NoneType"]
