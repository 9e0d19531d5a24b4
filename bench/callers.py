"""Slow callers, a process of its own: ``python -m bench.callers`` with a Crowd as JSON on standard input.

Prints "ready" when all have connected, and then keeps them going until its standard input ends: each that drips sends a
byte of a body a second, each that reads takes a byte of an answer a second, the idle ones do nothing. Whoever is turned
out comes again.
"""

import json
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass


@dataclass
class Crowd:
    """How many of each, and what they ask for."""

    port: int
    token: str
    path: str
    dripping: int
    reading: int
    idle: int


class Caller:
    """One connection that is opened again when it ends. ``head``: what it sends first."""

    def __init__(self, port: int, head: bytes, step: bytes, reads: bool) -> None:
        self.port, self.head, self.step, self.reads = port, head, step, reads
        self.socket: socket.socket | None = None
        self.ended = 0
        self.open()

    def open(self) -> None:
        self.socket = sock = socket.socket()
        if self.reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            sock.connect(("127.0.0.1", self.port))
            sock.sendall(self.head)
            sock.setblocking(False)
        except OSError:
            self.close()

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            self.ended += 1

    def act(self) -> None:
        """Do what it does once a second."""
        if self.socket is None:
            self.open()
            return
        try:
            if self.step:
                self.socket.send(self.step)
            if (self.reads or self.step) and not self.socket.recv(1):
                self.close()
        except BlockingIOError:
            pass
        except OSError:
            self.close()


def gather(crowd: Crowd) -> list[Caller]:
    host = f"Host: 127.0.0.1\r\nAuthorization: {crowd.token}\r\n"
    drip = f"POST /api/patients HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    read = f"GET {crowd.path} HTTP/1.1\r\n{host}\r\n"
    callers = [Caller(crowd.port, drip.encode(), b" ", False) for _ in range(crowd.dripping)]
    callers += [Caller(crowd.port, read.encode(), b"", True) for _ in range(crowd.reading)]
    return callers + [Caller(crowd.port, b"", b"", False) for _ in range(crowd.idle)]


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(**json.loads(sys.stdin.readline()))
    callers = gather(crowd)
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        for number, caller in enumerate(callers):
            caller.act()
            if number % 50 == 0:  # spread over the second
                left = began + number / len(callers) - time.monotonic()
                if select.select([sys.stdin], [], [], max(0.0, left))[0]:
                    print(sum(caller.ended for caller in callers))
                    return


if __name__ == "__main__":
    main()
