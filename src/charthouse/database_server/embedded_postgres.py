"""An embedded PostgreSQL server under ``DATA/postgres``, used without a DATABASE_URL.

Any number of processes may use it at once, such as a sandbox and a ``createuser``. It stops by itself, by file locks:

* every process that uses it holds a shared lock on ``DATA/postgres.users``, which the kernel releases when it ends;
* one *keeper* process starts the server, starts it again when it ends by itself, and waits for the exclusive lock on
  that file. It gets the lock when the last user has ended, stops the server, and ends;
* if the keeper itself is killed, the kernel signals the server to shut down (Linux).

``python -m charthouse.database_server.embedded_postgres DATA`` runs the keeper; it is not meant to be called by hand.
"""

import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from charthouse import retries
from charthouse.database_server import postgres_server

START_TIMEOUT = 90  # seconds; after a crash the server replays its log first
STOP_TIMEOUT = 60
WATCH_INTERVAL = (
    1.0  # seconds between checks that the keeper, and a server that is no child of it, are running
)


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL can't be started; the message is for the user."""


@dataclass(frozen=True)
class ServerLease:
    """A lease on the server. ``keeper``: the keeper process if it is a child of this one; it ends with the server.
    ``lock``: file descriptor of the shared lock; a child that inherits it holds the lease while it runs."""

    keeper: "subprocess.Popen[str] | None"
    lock: int


@contextmanager
def run_server(data: Path, meanwhile: Callable[[], object] = lambda: None) -> Iterator[ServerLease]:
    """Use the server of this data directory within a block, starting it if needed.

    After the last user's block, the server has ended. ``meanwhile``: what can be done without the server, while it
    starts. Raises EmbeddedServerError.
    """
    with (
        _open_lock_file(data / "postgres.starting") as starting,
        _open_lock_file(data / "postgres.users") as users,
    ):
        with _hold_lock(starting):
            fcntl.flock(users, fcntl.LOCK_SH)
            keeper = None if _has_keeper(data) else _start_keeper(data, meanwhile)
        try:
            yield ServerLease(keeper, users.fileno())
        finally:
            with _hold_lock(starting):
                if _release_lease(users):
                    _wait_for_keeper(data, keeper)
                elif keeper is not None:
                    keeper.returncode = 0  # it outlives this process; this silences Popen's warning


@contextmanager
def watch_keeper(data: Path) -> Iterator[None]:
    """Within a block of ``run_server`` that lasts: start a new keeper when the present one is killed."""
    ending, started = threading.Event(), list["subprocess.Popen[str]"]()

    def watch() -> None:
        while not ending.wait(WATCH_INTERVAL):
            with _open_lock_file(data / "postgres.starting") as starting, _hold_lock(starting):
                if ending.is_set() or _has_keeper(data):
                    continue
                try:
                    started.append(_start_keeper(data))
                except (EmbeddedServerError, OSError) as failure:
                    postgres_server.write_log(data, " ".join(str(failure).split()))

    watcher = threading.Thread(target=watch, name="postgres-keeper", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join()
        for keeper in started:
            if keeper.poll() is None:
                keeper.returncode = 0  # it may outlive this process; this silences Popen's warning


def database_url(data: Path, database: str = postgres_server.DATABASE_NAME) -> str:
    """Return the DATABASE_URL of the server of this data directory, whether it is running or not."""
    sockets = quote(str(postgres_server.socket_directory(data)), safe="/")
    return f"postgresql://{postgres_server.DATABASE_NAME}@/{database}?host={sockets}"


def is_in_use(data: Path) -> bool:
    """Tell whether a process uses the server of this data directory."""
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
    """Tell whether a keeper is running. It can't be about to end, as the caller holds the lock on ``users``."""
    with _open_lock_file(data / "postgres.keeper") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start_keeper(data: Path, meanwhile: Callable[[], object] = lambda: None) -> "subprocess.Popen[str]":
    """Start the keeper, do something else, and wait until its server is ready. Raises EmbeddedServerError with the
    keeper's message."""
    with postgres_server.open_log(data) as log:
        keeper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "charthouse.database_server.embedded_postgres", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,  # not inherited: the keeper may outlive this process, whose output would stay open
            text=True,
            start_new_session=True,  # Ctrl-C must not reach the server, which ends after its users
        )
    assert keeper.stdout is not None
    with keeper.stdout as answer:
        meanwhile()
        readable, _, _ = select.select([answer], [], [], START_TIMEOUT + 30)
        reply = answer.readline().strip() if readable else "it did not answer"
    if reply != "ready":
        keeper.terminate()
        keeper.wait()
        raise EmbeddedServerError(f"The embedded PostgreSQL did not start: {reply or f'see {log.name}'}")
    return keeper


def _release_lease(users: IO[str]) -> bool:
    """Release the shared lock. Return True if this was the last user, so that the keeper is ending now."""
    for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
        # flock converts a lock by releasing the old one first: in between, the keeper may get it, and this gets
        # neither.
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
    until = time.monotonic() + STOP_TIMEOUT
    # One that is not a child of this process can't be waited for.
    while _has_keeper(data) and time.monotonic() < until:
        time.sleep(0.02)


def _run_keeper(data: Path) -> None:
    """Run the keeper. Prints "ready" or an error message on standard output."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    with _open_lock_file(data / "postgres.keeper") as mine, _open_lock_file(data / "postgres.users") as users:
        fcntl.flock(mine, fcntl.LOCK_EX)
        try:
            instance = postgres_server.start(data, timeout=START_TIMEOUT)
        except (postgres_server.ServerError, OSError) as failure:
            print(" ".join(str(failure).split()), flush=True)
            return
        print("ready", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _keep_running(data, users, instance)


class _ServerEnded(Exception):
    """The server has ended without being asked to."""


def _keep_running(data: Path, users: IO[str], instance: postgres_server.Instance) -> None:
    """Start the server again whenever it ends, until its last user has ended or SIGTERM arrives; then stop it."""
    running: postgres_server.Instance | None = instance
    delays = retries.RetryDelays()
    delays.note_start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        while True:
            try:
                with _raise_when_ended(running):
                    fcntl.flock(users, fcntl.LOCK_EX)
                return
            except _ServerEnded:
                running = None
            delay = delays.next_delay()
            postgres_server.write_log(data, f"the server has ended; it is started again in {delay:g} s")
            if _wait_for_users(users, delay):
                return
            try:
                running = postgres_server.start(data, timeout=START_TIMEOUT)
                delays.note_start()
            except (postgres_server.ServerError, OSError) as failure:
                postgres_server.write_log(data, " ".join(str(failure).split()))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if running is not None:
            running.stop(STOP_TIMEOUT)


@contextmanager
def _raise_when_ended(instance: postgres_server.Instance | None) -> Iterator[None]:
    """Raise _ServerEnded within the block when the server ends, also if it has ended already or is None."""

    def check(*_: object) -> None:
        if instance is None or instance.has_ended():
            raise _ServerEnded

    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, check)
    if (
        instance is not None and instance.process is None
    ):  # no child of this process: nothing tells of its end
        signal.setitimer(signal.ITIMER_REAL, WATCH_INTERVAL, WATCH_INTERVAL)
    try:
        check()
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in (signal.SIGCHLD, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)


def _wait_for_users(users: IO[str], seconds: float) -> bool:
    """Wait so many seconds. Return True as soon as the last user has ended; the exclusive lock is then held."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(min(0.1, seconds))
    return False


if __name__ == "__main__":
    _run_keeper(Path(sys.argv[1]))
