"""Moves that take long, in the deep tier: ``SLOW_MOVES=1``. See docs/reliability.md."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from charthouse.audit import request_log
from charthouse.identity import incarnations, schema_setup
from charthouse.identity.models import Incarnation
from tests import figures
from tests.conftest import MADE_ONCE, RUN, TEMPLATE, WORKER
from tests.incarnations.record import start_using
from tests.incarnations.servers import BIN, DATABASE, Server, make_folder, remove, run, use_server
from tests.incarnations.test_moves import continue_on
from tests.postgres_versions import list_programs, read_version
from tests.support import client

OLDER = list_programs()

pytestmark = pytest.mark.skipif("SLOW_MOVES" not in os.environ, reason="takes long: SLOW_MOVES=1")


@pytest.fixture
def folder(database: None) -> Iterator[Path]:
    found = RUN / f"slow-{WORKER}"
    make_folder(found)
    yield found
    remove(found)


@pytest.fixture
def source(folder: Path) -> Server:
    server = Server(folder / "source").take(MADE_ONCE).start()
    server.execute(f"alter database {TEMPLATE} rename to {DATABASE}")
    return server


@pytest.mark.parametrize("programs", OLDER, ids=[str(read_version(path)[0]) for path in OLDER])
def test_pg_upgrade_twice_in_a_row(folder: Path, programs: Path) -> None:
    """From 15, 16 or 17 to 18, and again from 18 to 18: transaction ids go on, the system identifier does not."""
    server = Server(folder / "old", programs).initialize().start()
    server.execute(f"create database {DATABASE}")
    with use_server(server):
        schema_setup.migrate()
        used = start_using()
        waiting = used.write(2)
        request_log.flush()
    for number in (1, 2):
        server.stop()
        following = Server(folder / f"new-{number}").initialize()
        upgrade = ("-b", str(server.bin), "-B", str(BIN), "-d", str(server.data), "-D", str(following.data))
        run("pg_upgrade", *upgrade, "-U", "postgres", "-s", str(folder), cwd=folder)
        server = following.start()
        with use_server(server):
            continue_on(used, waiting, [], "copy")
            waiting = used.write(1)
            request_log.flush()
    figures.record(upgrades=2)


def test_recovery_twice_in_a_row(source: Server, folder: Path) -> None:
    """Each time to a point in time that lacks what receivers have been told since."""
    server, lost = source, list[int]()
    with use_server(server):
        used = start_using()
    for number in (1, 2):
        backup = server.back_up(folder / f"backup-{number}")
        with use_server(server):
            waiting = used.write(2)
            server.execute(f"select pg_create_restore_point('point {number}')")
            known = list(used.sent)
            used.write(3)
            used.send()
            server.execute("select pg_switch_wal()")
        server.stop()
        lost += [delivery for delivery, _ in used.sent[len(known) :]]
        used.rows, used.sent = used.rows[:-3], known
        server = backup.recover(server.archive, f"recovery_target_name = 'point {number}'")
        with use_server(server):
            continue_on(used, waiting, lost, "recovery")
    figures.record(recoveries=2)


def test_failovers_in_a_row(source: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The primary is killed after the standby has replayed every write that was acknowledged."""
    monkeypatch.setattr(settings, "FAILOVER", 300)
    primary, took = source, list[float]()
    with use_server(primary):
        used = start_using()
    for number in range(1, 11):
        standby = primary.back_up(folder / f"standby-{number}").follow(primary)
        with use_server(primary):
            waiting = used.write(2)
            standby.catch_up(primary)
            request_log.flush()
        primary.kill()
        began = time.monotonic()
        standby.promote()
        with use_server(standby):
            with client(used.token) as caller:
                answer = caller.patch(f"/api/patients/{used.rows[0]}", json={"nick_name": f"C{number}"})
                assert answer.status_code == 503
                answer = caller.patch(f"/api/patients/{used.rows[0]}", json={"nick_name": f"C{number}"})
                assert answer.status_code == 204
            took.append(time.monotonic() - began)
            row = Incarnation.objects.using("owner").get()
            assert (row.number, row.cause, row.paused_since) == (number + 1, "failover", None)
            assert sorted(used.send()) == sorted(waiting)
            assert set(used.ask()) == {used.rows[0], *waiting}
            assert used.seal() == []
            assert row.transaction_offset == number * incarnations.BLOCK
        primary = standby
    assert len({row for _, row in used.sent}) == len(used.sent)
    figures.record(failovers=len(took), seconds=round(max(took), 2))
