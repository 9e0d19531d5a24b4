"""The processes of the web server: the main one binds the sockets, loads the application and forks the others, which
share its memory. One that ends is replaced, and the next takes over the connections that wait at its socket.
"""

import logging
import os
import signal
import socket
import threading
import time
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
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = logging.getLogger("charthouse.web_server")
_fork: Any = get_context("fork")


def bind(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind a socket for each of ``count`` processes; the kernel spreads connections over them. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sockets = []
    for _ in range(count):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


class Workers:
    """``sockets``: one for each process. ``threads``: requests that a process handles at once."""

    def __init__(self, sockets: list[socket.socket], application: Application, threads: int) -> None:
        self._sockets, self._application, self._threads = sockets, application, threads
        self._processes: list[Any] = []
        self._wake, self._waker = os.pipe()
        self._is_stopping = False

    def run(self) -> None:
        """Run the processes until SIGINT, SIGTERM or SIGHUP."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._stop_on_signal)
        self._processes = [self._start(sock) for sock in self._sockets]
        while not self._is_stopping:
            ended = connection.wait([self._wake, *(process.sentinel for process in self._processes)])
            if not self._is_stopping:
                self._replace(set(ended))
        self._stop()

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
                if not self._is_stopping:
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
        """Serve in a forked process until SIGTERM."""
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
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
        while not stopping.wait(TICK):
            loop.tick()
        _drain(loop, sock)


def _drain(loop: EventLoop, sock: socket.socket) -> None:
    """Answer what has been taken in, and end."""
    draining.start(sock)
    loop.is_draining = True
    _tick_until(loop, time.monotonic() + draining.SECONDS)
    loop.stop_accepting()
    until = time.monotonic() + STOP_SECONDS
    while not loop.is_finished() and time.monotonic() < until:
        _tick_until(loop, time.monotonic() + 0.05)
    with suppress(OSError):
        loop.stop()


def _tick_until(loop: EventLoop, until: float) -> None:
    loop.tick()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(TICK, left))
        loop.tick()
