"""Health endpoints: each check can fail, none blocks, and nothing private is in an answer."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from charthouse.operation import database_state, draining, health
from tests.support import client


def execute(statement: str, *values: object) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values or None)


@contextmanager
def run_worker(seconds_ago: int) -> Iterator[None]:
    """A worker that was heard of so long ago."""
    forget_workers()
    execute(
        "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s))",
        seconds_ago,
    )
    try:
        yield
    finally:
        forget_workers()


def forget_workers() -> None:
    """Forget workers that other tests have run in this process."""
    execute("delete from procrastinate_workers")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    monkeypatch.setattr(health, "_prober", health._make_prober())
    settings.DATA.mkdir(exist_ok=True)
    forget_workers()


def ask_ready() -> tuple[int, dict[str, Any]]:
    with client() as caller:
        answer = caller.get("/health/ready", headers={"Host": "10.1.2.3", "Cookie": "charthouse_session=x"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.status_code == 503) is ("Retry-After" in answer.headers)
    return answer.status_code, answer.json()


def assert_fails(name: str, detail: str) -> None:
    status, body = ask_ready()
    assert status == 503
    assert body["status"] == "not ready"
    failed = {each for each, check in body["checks"].items() if not check["ok"]}
    assert failed == {name}
    assert detail in body["checks"][name]["detail"]


def test_ready_when_every_check_is_and_not_when_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_worker(5):
        status, body = ask_ready()
        assert status == 200, body
        assert body["status"] == "ready"
        assert list(body["checks"]) == list(health.CHECKS)
        assert_fails_each(monkeypatch)
    assert_fails("worker", "none is running")
    with run_worker(health.HEARTBEAT_LIMIT + 5):
        assert_fails("worker", "s ago")


def assert_fails_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each of the other checks fail."""
    name = connections["owner"].settings_dict["NAME"]
    execute(f'alter database "{name}" set default_transaction_read_only = on')
    try:
        assert_fails("database", "read-only")
    finally:
        execute("set transaction_read_only = off")
        execute(f'alter database "{name}" reset default_transaction_read_only')
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=health.MIN_FREE_BYTES - 1))
        assert_fails("disk", "499 MB free")
    with monkeypatch.context() as patched:
        patched.setattr(draining, "_is_draining", True)
        assert_fails("process", "being stopped")
    execute("update django_migrations set name = '9999_later' where app = 'files' and name = '0001_initial'")
    try:
        assert database_state.read_state().unknown == 1
        assert_fails("migrations", "1 have not been applied")
    finally:
        execute("update django_migrations set name = '0001_initial' where name = '9999_later'")
    execute("insert into django_migrations (app, name, applied) values ('files', '9999_later', now())")
    try:
        migrations = {check.name: check for check in health.run_checks()}["migrations"]
        assert migrations.ok  # it serves until it is restarted
        assert "newer version" in migrations.detail
    finally:
        execute("delete from django_migrations where name = '9999_later'")


def test_a_database_that_hangs_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = {"HOST": "127.0.0.1", "PORT": str(silent.getsockname()[1])}
        monkeypatch.setitem(connections.settings, "owner", {**connections.settings["owner"], **address})
        monkeypatch.setattr(health, "PATIENCE", 1.0)
        monkeypatch.setattr(health, "_prober", health._make_prober())
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            status, body = ask_ready()
            seconds.append(time.monotonic() - began)
            assert status == 503
            assert "no answer within" in body["checks"]["database"]["detail"]
        assert seconds[0] >= health.PATIENCE
        assert min(seconds[1:]) < 0.1  # the later ones do not wait at all
        assert sum(seconds) < 20 * health.PATIENCE
        probes = [thread for thread in threading.enumerate() if thread.name == "probe"]
        assert len(probes) == 1


def test_a_database_that_is_away_is_named_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = {"HOST": "127.0.0.1", "PORT": str(closed.getsockname()[1])}
        monkeypatch.setitem(connections.settings, "owner", {**connections.settings["owner"], **address})
        status, body = ask_ready()
    assert status == 503
    assert body["checks"]["database"] == {"ok": False, "detail": "no answer: OperationalError"}


def test_live_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_prober", None)
    with client() as caller:
        assert caller.get("/health/live").json() == {"status": "live"}
        assert caller.head("/health/live").content == b""
        assert caller.post("/health/live").status_code == 405
        assert caller.get("/health/other").status_code == 404
