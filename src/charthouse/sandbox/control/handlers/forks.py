"""Controls of forks: copies of the sandbox that run alongside it, on the same PostgreSQL server."""

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from charthouse.engine.errors import Conflict, NotFound, Unavailable
from charthouse.sandbox.control.databases import get_current
from charthouse.sandbox.control.forks import (
    PID_FILE,
    copy_data,
    drop_database,
    list_directories,
    write_description,
)
from charthouse.sandbox.control.worker import get_socket_path
from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.controls import snapshots
from charthouse.toolkit.controls.clock import NoParameters

HOST = "127.0.0.1"
START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 20.0
POLL_INTERVAL = 0.05
MAX_FORKS = 8


def list_forks(parameters: NoParameters) -> snapshots.Forks:
    return snapshots.Forks(
        [_describe(directory) for directory in list_directories() if _is_running(directory)]
    )


def create(parameters: snapshots.ForkParameters) -> snapshots.Fork:
    if "_fork_" in get_current():
        raise Conflict("A fork can't be forked again.")
    if len(list_directories()) >= MAX_FORKS:
        raise Conflict(f"There can be at most {MAX_FORKS} forks.")
    port = parameters.port or _find_free_port()
    directory = Path(settings.DATA) / "forks" / str(port)
    if directory.exists():
        raise Conflict(f"There is a fork on port {port} already.")
    _check_port(port)
    with _connect() as connection:  # who makes forks loads what they need meanwhile
        copy_data(directory)
        write_description(directory)
        pid = _start(connection, directory, port)
        try:
            (directory / PID_FILE).write_text(str(pid))
            _wait_until_ready(connection, Sandbox.open(directory))
        except BaseException:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            _remove(directory)
            raise
    return _describe(directory)


def delete(parameters: snapshots.ForkReference) -> snapshots.Deleted:
    directory = Path(settings.DATA) / "forks" / str(parameters.port)
    if not directory.exists():
        raise NotFound(f"There is no fork on port {parameters.port}.")
    if _is_running(directory):
        os.kill(int((directory / PID_FILE).read_text()), signal.SIGTERM)
        until = time.monotonic() + STOP_TIMEOUT
        while _is_running(directory) and time.monotonic() < until:
            time.sleep(0.02)
    _remove(directory)
    return snapshots.Deleted()


def _connect() -> socket.socket:
    """Connect to the process that makes forks (``commands.fork``). Raises Unavailable."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(START_TIMEOUT)
    try:
        connection.connect(get_socket_path("forks"))
    except OSError:
        connection.close()
        raise Unavailable("The process that makes forks does not answer.") from None
    return connection


def _start(connection: socket.socket, directory: Path, port: int) -> int:
    """Let the process that makes forks start one, and return its pid. The connection ends with it. Raises
    Unavailable."""
    try:
        connection.sendall(json.dumps({"data": str(directory), "port": port}).encode())
        return int(connection.recv(20))
    except (OSError, ValueError):
        _remove(directory)
        raise Unavailable("The process that makes forks does not answer.") from None


def _wait_until_ready(connection: socket.socket, fork: Sandbox) -> None:
    """Wait until the fork answers. Raises Unavailable."""
    until = time.monotonic() + START_TIMEOUT
    while True:
        with suppress(SandboxError):
            fork.clock.show()
            return
        has_ended = bool(select.select([connection], [], [], POLL_INTERVAL)[0])
        if has_ended or time.monotonic() > until:
            raise Unavailable("The fork did not start; see its log next to its data.")


def _describe(directory: Path) -> snapshots.Fork:
    return snapshots.Fork(int(directory.name), f"http://{HOST}:{directory.name}", str(directory))


def _is_running(directory: Path) -> bool:
    """Tell whether a fork runs, by the lock that it holds."""
    try:
        with (directory / "sandbox.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _remove(directory: Path) -> None:
    drop_database(directory)
    shutil.rmtree(directory, ignore_errors=True)
    directory.with_suffix(".log").unlink(missing_ok=True)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _check_port(port: int) -> None:
    """Raises Conflict where a port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Conflict(f"Port {port} can't be used: {error.strerror}.") from None


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "forks.list": list_forks,
    "forks.create": create,
    "forks.delete": delete,
}
