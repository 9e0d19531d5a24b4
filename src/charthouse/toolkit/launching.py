"""Starting a sandbox for tests, and sharing one that runs: between test runs, and processes of one."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO

from charthouse.toolkit.client import Sandbox, SandboxError

DATA_VARIABLE = "CHARTHOUSE_TEST_DATA"
START_TIMEOUT = 180.0  # seconds; the first start makes the practice
POLL_INTERVAL = 0.05


def find_data() -> Path:
    """Return the data directory of the sandbox for tests: $CHARTHOUSE_TEST_DATA, or one for this version in the user's
    cache directory."""
    if named := os.environ.get(DATA_VARIABLE):
        return Path(named).expanduser().resolve()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "charthouse" / f"sandbox-{version('charthouse')}"


@contextmanager
def run_shared(data: Path) -> Iterator[Sandbox]:
    """Use the sandbox of a data directory within a block. The first user starts it, and resets it; the last one stops
    it, unless it ran before. Raises SandboxError."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with _open(data, "users") as users:
        with _open(data, "starting") as starting, _hold(starting):
            sandbox = _find_running(data) or _start(data)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield sandbox
        finally:
            with _open(data, "starting") as starting, _hold(starting):
                fcntl.flock(users, fcntl.LOCK_UN)
                _stop_unused(data, users)


def _find_running(data: Path) -> Sandbox | None:
    with suppress(SandboxError):
        sandbox = Sandbox.open(data)
        sandbox.clock.show()
        return sandbox
    return None


def _start(data: Path) -> Sandbox:
    """Start a sandbox and wait until it answers. Raises SandboxError."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = data.with_name(f"{data.name}.log")
    command = [sys.executable, "-m", "charthouse", "sandbox", "--port", str(port), "--data", str(data)]
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    data.with_name(f"{data.name}.pid").write_text(str(process.pid))
    until = time.monotonic() + START_TIMEOUT
    while "Ctrl-C stops" not in path.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > until:
            raise SandboxError(f"The sandbox did not start; see {path}.")
        time.sleep(POLL_INTERVAL)
    process.returncode = 0  # it may outlive this process; this silences Popen's warning
    sandbox = Sandbox.open(data)
    sandbox.snapshots.reset()
    return sandbox


def _stop_unused(data: Path, users: IO[str]) -> None:
    """Stop the sandbox that ``_start`` has started, if nobody else uses it."""
    pid_file = data.with_name(f"{data.name}.pid")
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pid = int(pid_file.read_text())
    except (BlockingIOError, FileNotFoundError, ValueError):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    pid_file.unlink()


def _open(data: Path, what: str) -> IO[str]:
    return data.with_name(f"{data.name}.{what}").open("a")


@contextmanager
def _hold(file: IO[str]) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
