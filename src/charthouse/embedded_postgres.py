"""A PostgreSQL of our own under ``DATA/postgres``, for whoever has set no DATABASE_URL.

Any number of processes may use it at once: the sandbox, and a ``createuser`` beside it. Nobody has to stop it and
nobody can forget to, because the kernel keeps the books:

* every user holds a shared lock on ``DATA/postgres.users``; the kernel drops it when the user ends, however it ends;
* one *keeper* process starts the server and waits for the exclusive lock on that file. It gets it when the last
  user is gone, stops the server, and ends;
* should the keeper itself be killed, the kernel tells the server to shut down (Linux).

``python -m charthouse.embedded_postgres DATA`` is the keeper; it isn't meant to be called by hand.
"""

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from charthouse import postgres_server

START_TIMEOUT = 90  # seconds a server may take to be ready: after a crash it first replays its log
STOP_TIMEOUT = 60


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL can't be had; the message says why, for a person."""


@dataclass(frozen=True)
class ServerLease:
    """A use of the server. ``keeper``: where that is our child; it ends when the server ends. ``lock``: descriptor of
    our part of the lock; a child that gets it is a user too, for as long as it lives."""

    keeper: "subprocess.Popen[str] | None"
    lock: int


@contextmanager
def run_server(data: Path) -> Iterator[ServerLease]:
    """Use the server of this data directory for the length of a block, starting it when nobody has yet.

    Raises Unavailable. When this was the last user, the server has ended with the block.
    """
    with (
        _open_lock_file(data / "postgres.starting") as starting,
        _open_lock_file(data / "postgres.users") as users,
    ):
        with _hold_lock(starting):
            fcntl.flock(users, fcntl.LOCK_SH)
            keeper = None if _has_keeper(data) else _start_keeper(data)
        try:
            yield ServerLease(keeper, users.fileno())
        finally:
            with _hold_lock(starting):
                if _release_lease(users):
                    _wait_for_keeper(data, keeper)
                elif keeper is not None:
                    keeper.returncode = 0  # it outlives us, for the others; silences Popen's warning


def database_url(data: Path, database: str = postgres_server.DATABASE_NAME) -> str:
    """The DATABASE_URL of the server of this data directory, whether it runs or not."""
    return f"postgresql://{postgres_server.DATABASE_NAME}@/{database}?host={quote(str(postgres_server.socket_directory(data)), safe='/')}"


def is_in_use(data: Path) -> bool:
    """Whether a process is using this data directory's server."""
    path = data / "postgres.users"
    if not path.exists():
        return False
    with _open_lock_file(path) as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _open_lock_file(path: Path) -> IO[str]:
    return path.open("a+")


@contextmanager
def _hold_lock(file: IO[str]) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _has_keeper(data: Path) -> bool:
    """Whether a keeper lives. It can't be about to end: the caller holds ``users``."""
    with _open_lock_file(data / "postgres.keeper") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start_keeper(data: Path) -> "subprocess.Popen[str]":
    """Start the keeper and wait until its server is ready. Raises Unavailable with what it said."""
    with postgres_server.open_log(data) as log:
        keeper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "charthouse.embedded_postgres", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,  # not ours: it may outlive us, and whoever reads our output waits for its end
            text=True,
            start_new_session=True,  # a Ctrl-C is for us; the server goes after its users
        )
    assert keeper.stdout is not None
    with keeper.stdout as answer:
        readable, _, _ = select.select([answer], [], [], START_TIMEOUT + 30)
        said = answer.readline().strip() if readable else "it did not answer"
    if said != "ready":
        keeper.terminate()
        keeper.wait()
        raise EmbeddedServerError(f"The embedded PostgreSQL did not start: {said or f'see {log.name}'}")
    return keeper


def _release_lease(users: IO[str]) -> bool:
    """Give up our part of the lock; True when we were the last, so that the keeper is ending now."""
    for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
        # To convert a lock is to give up the old one first: in between, the keeper may get it, and we get neither.
        try:
            fcntl.flock(users, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        fcntl.flock(users, fcntl.LOCK_UN)
        return kind == fcntl.LOCK_EX
    return True


def _wait_for_keeper(data: Path, keeper: "subprocess.Popen[str] | None") -> None:
    if keeper is not None:
        keeper.wait()
        return
    until = time.monotonic() + STOP_TIMEOUT
    while (
        _has_keeper(data) and time.monotonic() < until
    ):  # somebody else's child: there is nothing to wait on
        time.sleep(0.02)


def _run_keeper(data: Path) -> None:
    """The keeper's life. Answers "ready", or what went wrong, on standard output."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    with _open_lock_file(data / "postgres.keeper") as mine, _open_lock_file(data / "postgres.users") as users:
        fcntl.flock(mine, fcntl.LOCK_EX)
        try:
            instance = postgres_server.start(data, timeout=START_TIMEOUT)
        except (postgres_server.ServerError, OSError) as failure:
            print(" ".join(str(failure).split()), flush=True)
            return
        for end in (signal.SIGTERM, signal.SIGCHLD):  # we are told to, or the server has ended
            signal.signal(end, lambda *_: sys.exit())
        try:
            print("ready", flush=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            instance.stop(STOP_TIMEOUT)


if __name__ == "__main__":
    _run_keeper(Path(sys.argv[1]))
