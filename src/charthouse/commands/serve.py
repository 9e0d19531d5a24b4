"""``charthouse serve``: the sockets, and the web server that listens at them, in a process that can be replaced.

The process that is started binds the sockets and loads nothing of the application. On SIGUSR2 it starts the program
again, as it is installed now, while the old one runs. When the new web server answers, the former one takes no more
connections, answers what it has, and ends. If the new one does not start, the former one goes on. The sockets are
never closed, so no connection is refused.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from socket import socket
from types import FrameType

from charthouse import logs, processes
from charthouse.datadir import CommandError

READY_SECONDS = 180.0  # until a successor has to answer
STOP_SECONDS = 30.0  # until a web server that was asked to stop is killed
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOGGER = "charthouse.web_server"


def run(options: argparse.Namespace) -> None:
    """Run the web server until SIGINT, SIGTERM or SIGHUP; replace it on SIGUSR2. Raises CommandError."""
    if (reason := processes.find_bind_error(options.host, options.port)) is not None:
        raise CommandError(f"can't listen on {options.host}:{options.port}: {reason}.")
    sockets = processes.bind(options.host, options.port, options.workers)
    code = Succession(_render_command(options), sockets).run()
    if code:
        raise SystemExit(code)


def _render_command(options: argparse.Namespace) -> list[str]:
    """Return the command of a web server. The program is looked up again by its path each time, which may lead to
    another version by then."""
    path = Path(sys.argv[0])
    is_script = path.name == "charthouse" and os.access(path, os.X_OK)
    return [
        *([str(path)] if is_script else [sys.executable, "-m", "charthouse"]),
        "serve", "--data", str(options.data), "--host", options.host, "--port", str(options.port),
        "--workers", str(options.workers), "--threads", str(options.threads),
    ]  # fmt: skip


class _Server:
    """A running web server. ``answering``: a pipe into which each of its processes writes a byte when it serves."""

    def __init__(self, command: list[str], sockets: list[socket]) -> None:
        self.answering, ready = os.pipe()
        os.set_blocking(self.answering, False)
        self.left = len(sockets)  # processes that do not answer yet
        self.until = time.monotonic() + READY_SECONDS
        inherited = [each.fileno() for each in sockets]
        self.process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=(*inherited, ready),
            env={
                **os.environ,
                processes.PARENT_VARIABLE: str(os.getpid()),
                processes.LISTENERS_VARIABLE: ",".join(map(str, inherited)),
                processes.READY_VARIABLE: str(ready),
            },
        )
        os.close(ready)

    def is_ready(self) -> bool:
        """Return whether all of its processes have begun to serve."""
        if self.left > 0:
            with suppress(BlockingIOError):
                self.left -= len(os.read(self.answering, 4096))
        return self.left <= 0

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def close(self) -> None:
        os.close(self.answering)


class Succession:
    """The web servers that follow each other at the same sockets: one that serves, one that may be about to, and
    those that answer what they have before they end."""

    def __init__(self, command: list[str], sockets: list[socket]) -> None:
        self._command, self._sockets = command, sockets
        self._wake, waker = os.pipe()
        for end in (self._wake, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._is_stopping = self._is_replacing = False
        self._retiring: list[_Server] = []
        self._next: _Server | None = None
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGUSR2, self._note_replacement)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> int:
        """Run until a stop signal, or until the web server that serves has ended; return its exit code."""
        self._current = self._start()
        while not self._is_stopping:
            if (code := self._current.process.poll()) is not None:
                logs.announce(LOGGER, f"The web server ended with code {code}.") if code < 0 else None
                self._stop()
                return code if code >= 0 else 128 - code
            if self._is_replacing and self._next is None:
                self._is_replacing = False
                logs.announce(LOGGER, "Starting another web server, which takes over when it answers.")
                self._next = self._start()
            self._follow_next()
            self._reap()
            self._wait()
        self._stop()
        return 0

    def _start(self) -> _Server:
        return _Server(self._command, self._sockets)

    def _follow_next(self) -> None:
        """Let the next web server take over when it answers; give it up if it ends or takes too long."""
        if (following := self._next) is None:
            return
        if following.has_ended() or time.monotonic() > following.until:
            why = "ended" if following.has_ended() else f"does not answer after {READY_SECONDS:.0f} s"
            logs.announce(LOGGER, f"The other web server {why}; the present one goes on.")
            following.process.kill()
            self._retiring.append(following)
            self._next = None
        elif following.is_ready():
            self._current.signal(signal.SIGUSR2)
            self._retiring.append(self._current)
            self._current, self._next = following, None
            logs.announce(LOGGER, "The other web server has taken over.")

    def _reap(self) -> None:
        for server in [server for server in self._retiring if server.has_ended()]:
            server.close()
            self._retiring.remove(server)

    def _wait(self) -> None:
        """Wait for a signal, the end of a process, or a web server that begins to answer."""
        read = [self._wake] if self._next is None else [self._wake, self._next.answering]
        select.select(read, [], [], None if self._next is None else 1.0)
        with suppress(BlockingIOError):
            while os.read(self._wake, 512):
                pass

    def _stop(self) -> None:
        """Stop all web servers: each answers what it has."""
        servers = [*self._retiring, self._current, *([self._next] if self._next is not None else [])]
        for server in servers:
            server.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for server in servers:
            try:
                server.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True

    def _note_replacement(self, number: int, frame: FrameType | None) -> None:
        self._is_replacing = True
