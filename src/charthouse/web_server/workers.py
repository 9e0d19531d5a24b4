"""The processes of the web server: the main one binds the sockets, loads the application and forks the others, which
share its memory. One that ends is replaced, and the next takes over the connections that wait at its socket.

They end in one of two ways. Stopped, they close the sockets, after all that was connected is accepted (``draining``).
Retired, on SIGUSR2, they leave the sockets to another web server: they take no more connections, and those that they
have end with their next answer, or when they have been idle for as long as they may be anyhow.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, get_context
from types import FrameType
from typing import Any

from charthouse import logs, processes
from charthouse.operation import draining, request_metrics
from charthouse.web_server.application import Application
from charthouse.web_server.event_loop import TICK, EventLoop

BACKLOG = 1024  # connections that may wait to be accepted
STOP_SECONDS = 10.0  # to answer what has been taken in
RESTART_SECONDS = 1.0  # between the end of a process and the start of the next
RETIREMENT_SECONDS = 120.0  # to end the connections that there are, once another web server has followed
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = logging.getLogger("charthouse.web_server")
_fork: Any = get_context("fork")


class Workers:
    """``sockets``: bound, one for each process. ``threads``: requests that a process handles at once.
    ``on_retirement``: called in the main process when another web server has followed."""

    def __init__(
        self,
        sockets: list[socket.socket],
        application: Application,
        threads: int,
        on_retirement: Callable[[], None],
    ) -> None:
        self._sockets, self._application, self._threads = sockets, application, threads
        self._on_retirement = on_retirement
        self._ready = int(os.environ.pop(processes.READY_VARIABLE, "-1"))  # a pipe, -1 where nobody waits
        self._processes: list[Any] = []
        self._wake, self._waker = os.pipe()
        self._is_stopping = self._is_retiring = False

    def run(self) -> None:
        """Run the processes until SIGINT, SIGTERM or SIGHUP, or until they have retired after SIGUSR2."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._stop_on_signal)
        signal.signal(signal.SIGUSR2, self._retire_on_signal)
        self._processes = [self._start(sock) for sock in self._sockets]
        while not self._is_stopping and not self._is_retiring:
            ended = connection.wait([self._wake, *(process.sentinel for process in self._processes)])
            if not self._is_stopping and not self._is_retiring:
                self._replace(set(ended))
        if self._is_retiring:
            self._retire()
        self._stop()

    def _retire_on_signal(self, number: int, frame: FrameType | None) -> None:
        self._is_retiring = True
        os.write(self._waker, b"x")

    def _retire(self) -> None:
        """Let the processes end when they have answered what they have, until they are stopped."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGUSR2)
        self._on_retirement()
        while not self._is_stopping and (
            left := [each.sentinel for each in self._processes if each.is_alive()]
        ):
            os.read(self._wake, 512) if self._wake in connection.wait([self._wake, *left]) else None

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        os.write(self._waker, b"x")

    def _start(self, sock: socket.socket) -> Any:
        process = _fork.Process(target=self._run_worker, args=(sock, os.getpid()), name="web-worker")
        process.start()
        return process

    def _replace(self, ended: set[Any]) -> None:
        for index, process in enumerate(self._processes):
            if process.sentinel in ended:
                process.join()
                _log.error("a process of the web server ended with code %s; it is replaced", process.exitcode)
                connection.wait([self._wake], RESTART_SECONDS)
                if not self._is_stopping and not self._is_retiring:
                    self._processes[index] = self._start(self._sockets[index])

    def _stop(self) -> None:
        for process in self._processes:
            process.terminate()
        until = time.monotonic() + draining.SECONDS + STOP_SECONDS + 2
        for process in self._processes:
            process.join(max(0.1, until - time.monotonic()))
            if process.exitcode is None:
                _log.warning("a process of the web server did not end in time and is killed")
                process.kill()
                process.join()
        for sock in self._sockets:
            sock.close()

    def _run_worker(self, sock: socket.socket, parent: int) -> None:
        """Serve in a forked process until SIGTERM, or until it has retired after SIGUSR2."""
        stopping, retiring = threading.Event(), threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
        signal.signal(signal.SIGUSR2, lambda *_: retiring.set())
        for number in (
            signal.SIGINT,
            signal.SIGHUP,
        ):  # reach the whole group; the main process stops this one
            signal.signal(number, signal.SIG_IGN)
        processes.follow_process(parent)
        os.close(self._wake)
        os.close(self._waker)
        for each in self._sockets:
            if each is not sock:
                each.close()
        logs.install_hooks()
        if request_metrics.is_on():
            request_metrics.start()
        loop = EventLoop(sock, self._application, self._threads)
        draining.take_new_connections(sock)
        sock.listen(BACKLOG)
        loop.start()
        self._tell_ready()
        while not stopping.wait(TICK) and not retiring.is_set():
            loop.tick()
        if not stopping.is_set():
            _retire(loop, stopping)
        else:
            _drain(loop, sock)

    def _tell_ready(self) -> None:
        if self._ready >= 0:
            with suppress(OSError):  # nobody waits any more
                os.write(self._ready, b"x")
            os.close(self._ready)


def _drain(loop: EventLoop, sock: socket.socket) -> None:
    """Answer what has been taken in, and end."""
    draining.start(sock)
    loop.is_draining = True
    _tick_until(loop, time.monotonic() + draining.SECONDS)
    loop.stop_accepting()
    _finish(loop)
    with suppress(OSError):
        loop.stop()


def _finish(loop: EventLoop) -> None:
    until = time.monotonic() + STOP_SECONDS
    while not loop.is_finished() and time.monotonic() < until:
        _tick_until(loop, time.monotonic() + 0.05)


def _retire(loop: EventLoop, stopping: threading.Event) -> None:
    """Leave the socket to another web server, and end when what has been taken in is answered."""
    loop.is_draining = True
    loop.leave_listener()
    until = time.monotonic() + RETIREMENT_SECONDS
    while not loop.is_finished() and not stopping.is_set() and time.monotonic() < until:
        _tick_until(loop, time.monotonic() + TICK)
    if not loop.is_finished():
        loop.close_silent()
        _finish(loop)
    with suppress(OSError):
        loop.stop()


def _tick_until(loop: EventLoop, until: float) -> None:
    loop.tick()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(TICK, left))
        loop.tick()
