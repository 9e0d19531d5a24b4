"""An upgrade whose process is killed, at any moment, is completed by the next one."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from tests import figures
from tests.conftest import PGDATA, WORKER, _execute
from tests.schema_dumps import dump_schema
from tests.test_commands import make_environment
from tests.upgrade import releases

KILL_STEP = int(os.environ.get("UPGRADE_KILL_STEP", "0"))  # 0: four kills of one upgrade
KILLS = 4
_numbers = itertools.count(1)
# Forks, so that Django is loaded once. Each is killed before a statement that changes something; the last is not.
UPGRADE = """
import os, signal, sys
import django; django.setup()
from django.db import connections
from charthouse.identity import schema_setup
import charthouse.identity.schema_versions as versions
versions.list_migrations()

def upgrade(kill_at):
    count = 0
    def execute(run, statement, *more):
        nonlocal count
        if not str(statement).lstrip().lower().startswith(("select", "set", "reset")):
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return run(statement, *more)
    with connections["owner"].execute_wrapper(execute):
        schema_setup.migrate()
    print("completed", count, flush=True)

for kill_at in [*map(int, sys.argv[1:]), 0]:
    if not (child := os.fork()):
        upgrade(kill_at)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        print("killed", kill_at, flush=True)
    elif os.waitstatus_to_exitcode(status):
        sys.exit("failed")
"""


@pytest.fixture(scope="module")
def released(database: None) -> Iterator[str]:
    """A database of the oldest release."""
    name = f"charthouse_{WORKER}_released"
    _execute(f'create database "{name}"')
    with psycopg.connect(get_url(name)) as connection:
        connection.execute(releases.read_dump(releases.ROOT / releases.list_releases()[0]))
        releases.snapshot_tables(connection.cursor())
    yield name
    _execute(f'drop database "{name}"')


@contextmanager
def copy(database: str) -> Iterator[str]:
    name = f"{database}_{next(_numbers)}"
    _execute(f'create database "{name}" template "{database}"')
    yield name
    _execute(f'drop database "{name}"')


def get_url(name: str) -> str:
    return f"postgresql://postgres:@/{name}?host={PGDATA}"


def upgrade(name: str, data: Path, *kills: int) -> list[str]:
    """Upgrade, killed at the n-th statement of each process, and return what became of each."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", UPGRADE, *map(str, kills)],
        env=make_environment(
            DATABASE_URL=get_url(name), CHARTHOUSE_DATA=str(data), CHARTHOUSE_SECRET_KEY="only for tests",
            DJANGO_SETTINGS_MODULE="charthouse.settings",
        ),
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_killed_upgrade_is_completed_by_the_next(released: str, tmp_path: Path) -> None:
    with copy(released) as whole:
        (last,) = upgrade(whole, tmp_path)
        expected = dump_schema_of(whole)
    total = int(last.removeprefix("completed "))
    # Four processes one after the other, each killed further on; or an upgrade for each moment.
    spread = [[total // (KILLS + 1)] * KILLS]
    rounds = [[number] for number in range(1, total + 1, KILL_STEP)] if KILL_STEP else spread
    for kills in rounds:
        with copy(released) as killed:
            outcomes = upgrade(killed, tmp_path, *kills)
            assert outcomes[:-1] == [f"killed {number}" for number in kills]
            assert dump_schema_of(killed) == expected
            with psycopg.connect(get_url(killed)) as connection:
                assert releases.find_losses(connection.cursor()) == {}
    figures.record(upgrade_kills=sum(map(len, rounds)))


def dump_schema_of(name: str) -> str:
    connections.settings[name] = {**connections.settings["owner"], "NAME": name}
    try:
        return dump_schema(name)
    finally:
        del connections.settings[name]
