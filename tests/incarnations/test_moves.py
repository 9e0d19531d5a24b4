"""The record moves to another server, by every way there is: each webhook is sent once, each delta is right, seals
hold, and nothing is sent from a copy."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings

from charthouse.audit import request_log
from charthouse.changes import delivery_queue
from charthouse.commands import installation
from charthouse.identity import incarnations
from charthouse.identity.models import Incarnation
from tests.conftest import MADE_ONCE, RUN, TEMPLATE, WORKER
from tests.incarnations.record import Used, read_offset, start_using
from tests.incarnations.servers import DATABASE, Server, make_folder, remove, use_server
from tests.support import client

_numbers = count()


@pytest.fixture(scope="module")
def folder(database: None) -> Iterator[Path]:
    """Beside the server of the tests, whose account can get there; sockets need a short path."""
    found = RUN / f"servers-{WORKER}"
    make_folder(found)
    yield found
    remove(found)


@pytest.fixture(scope="module")
def template(folder: Path) -> Server:
    """A stopped server with a migrated, empty database: the one that is made once in a run."""
    server = Server(folder / "template").take(MADE_ONCE).start()
    server.execute(f"alter database {TEMPLATE} rename to {DATABASE}")
    server.stop()
    return server


@pytest.fixture
def source(template: Server, folder: Path) -> Iterator[Server]:
    """A server whose record is in use."""
    server = template.copy(folder / f"source-{next(_numbers)}").start()
    yield server
    server.stop()


@pytest.fixture
def backup(source: Server, folder: Path) -> Server:
    """A base backup of the source, from which copies are recovered."""
    return source.back_up(folder / f"backup-{next(_numbers)}")


def continue_on(used: Used, waiting: list[int], lost: list[int], cause: str) -> None:
    """Use the record on the server that it has come to. ``waiting``: rows whose webhook the backup has not sent;
    ``lost``: ids of deliveries that receivers got after the backup."""
    former = Incarnation.objects.using("owner").get()
    with client(used.token) as caller:  # nobody has taken note of it yet
        refused = caller.patch(f"/api/patients/{used.rows[0]}", json={"nick_name": "C"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    row = Incarnation.objects.using("owner").get()
    assert (row.number, row.cause) == (former.number + 1, cause)
    assert row.paused_since is not None
    made = used.write(3)
    assert used.send() == [], "a copy sends nothing"
    assert used.ask() == sorted([*waiting, *made])
    assert installation.resume().startswith("This database is the real one now")
    made += used.write(2)
    assert sorted(used.send()) == sorted([*waiting, *made])
    assert used.send() == []
    assert not set(lost) & {delivery for delivery, _ in used.sent}
    assert used.ask() == made[-2:]
    assert sorted(used.reported) == sorted(used.rows)
    assert used.seal() == []
    sent = [row for _, row in used.sent]
    assert sorted(sent) == sorted(set(sent)), "each once"


@pytest.mark.parametrize("busy", [False, True], ids=["quieter", "busier"])
def test_a_dump_is_restored_twice_in_a_row(
    source: Server, template: Server, folder: Path, busy: bool
) -> None:
    with use_server(source):
        used = start_using()
        waiting = used.write(2)
        dump = source.dump()
    server = source
    for number in (1, 2):
        server.stop()
        server = Server(folder / f"target-{next(_numbers)}").initialize()
        if busy:
            server.skip_transactions(number * 64 * 2**20)
        server.start()
        server.restore(dump)
        with use_server(server):
            continue_on(used, waiting, [], "copy")
            waiting = used.write(1)
            assert read_offset() == number * incarnations.BLOCK
            dump = server.dump()
    server.stop()


def test_a_recovery_to_a_point_in_time(source: Server, backup: Server, folder: Path) -> None:
    """What was written after it is lost, but what callers and receivers know of it is given to nothing else."""
    with use_server(source):
        used = start_using()
        waiting = used.write(2)
        source.execute("select pg_create_restore_point('here')")
        known = list(used.sent)
        lost = used.write(3)
        used.send()
        source.execute("select pg_switch_wal()")
    source.stop()
    lost_deliveries = [delivery for delivery, _ in used.sent[len(known) :]]
    used.rows, used.sent = [row for row in used.rows if row not in lost], known
    recovered = backup.copy(folder / f"target-{next(_numbers)}")
    recovered.recover(source.archive, "recovery_target_name = 'here'")
    with use_server(recovered):
        continue_on(used, waiting, lost_deliveries, "recovery")
        assert not set(lost) & set(used.rows), "ids are not given twice"
    recovered.stop()


def test_a_promoted_standby_is_the_same_database(
    source: Server, backup: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With CHARTHOUSE_FAILOVER: it goes on at once, on connections that were open when it was a standby."""
    monkeypatch.setattr(settings, "FAILOVER", 300)
    standby = backup.follow(source)
    with use_server(source):
        used = start_using()
        waiting = used.write(2)
        request_log.flush()
        standby.catch_up(source)
    source.kill()
    with use_server(standby):
        with client(used.token) as caller:
            refused = caller.patch(f"/api/patients/{used.rows[0]}", json={"nick_name": "C"})
            assert refused.status_code == 503, "it is a standby yet"
        assert incarnations.begin_if_new() is None
        standby.promote()
        assert delivery_queue.record_and_claim([], {}, 1000, 1000) == [], "nobody has taken note of it yet"
        with client(used.token) as caller:
            for expected in (503, 204):
                answer = caller.patch(f"/api/patients/{used.rows[0]}", json={"nick_name": "C"})
                assert answer.status_code == expected, answer.text
        row = Incarnation.objects.using("owner").get()
        assert (row.number, row.cause, row.paused_since) == (2, "failover", None)
        made = used.write(2)
        assert sorted(used.send()) == sorted([*waiting, *made])
        assert used.ask() == sorted([used.rows[0], *waiting, *made])
        assert used.seal() == []
    standby.stop()


def test_a_promotion_is_a_copy_unless_standbys_are_declared(source: Server, backup: Server) -> None:
    standby = backup.follow(source)
    with use_server(source):
        used = start_using()
        waiting = used.write(2)
        request_log.flush()
        standby.catch_up(source)
    source.kill()
    standby.promote()
    with use_server(standby):
        continue_on(used, waiting, [], "recovery")
    standby.stop()
