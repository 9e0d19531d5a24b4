"""The load generator, a process of its own: ``python -m bench.client`` with a Job as JSON on standard input.

One thread, one epoll, a fixed number of keep-alive connections, each with one request under way. It costs some tens of
microseconds a request, the same for every server; an asyncio client costs several times that, which a machine with two
cores would take from the server.
"""

import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

BUFFER = 1 << 20  # bytes read at once


@dataclass
class Job:
    """What to send. Requests are taken in turn, from the start again when they run out unless ``once``.

    seconds  stop sending after that long
    most     and after that many requests
    """

    port: int
    authorization: str  # the whole header
    connections: int
    seconds: float
    requests: list[tuple[str, str, str | None]]  # method, path with query, body
    most: int = 1_000_000
    once: bool = False


@dataclass
class Outcome:
    """What came back. ``seconds`` from the first byte sent to the last read; latencies in milliseconds."""

    count: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    body_bytes: int = 0
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0


class Connection:
    """One socket and what is left to read of the answer under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.head = b""
        self.left = -1  # -1: the head isn't complete
        self.status = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.head, self.left = b"", -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self, buffer: bytearray, view: memoryview) -> bool:
        """Read what is there; True when the answer is complete. Raises ConnectionError when it was cut short."""
        count = self.socket.recv_into(view)
        if not count:
            raise ConnectionError("the server closed a connection")
        if self.left >= 0:
            self.left -= count
            return self.left <= 0
        self.head += bytes(view[:count])
        head, found, body = self.head.partition(b"\r\n\r\n")
        if not found:
            return False
        self.status = head[9:12]
        at = head.lower().index(b"content-length:") + 15
        self.length = int(head[at : at + 20].split(b"\r\n")[0])
        self.left = self.length - len(body)
        return self.left <= 0


def encode_requests(job: Job) -> list[bytes]:
    made = []
    for method, path, body in job.requests:
        payload = (body or "").encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: {job.authorization}\r\n"
        if payload:
            head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        made.append(f"{head}\r\n".encode() + payload)
    return made


def cycle_requests(requests: list[bytes], job: Job) -> Iterator[bytes]:
    sent = 0
    while True:
        for request in requests:
            if sent >= job.most:
                return
            sent += 1
            yield request
        if job.once:
            return


def run(job: Job) -> Outcome:
    requests = cycle_requests(encode_requests(job), job)
    connections = {(c := Connection(job.port)).socket.fileno(): c for _ in range(job.connections)}
    epoll = select.epoll()
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    outcome, latencies = Outcome(), []
    started = time.perf_counter()
    until = started + job.seconds
    busy = 0
    for number, connection in connections.items():
        if request := next(requests, None):
            epoll.register(number, select.EPOLLIN)
            connection.send(request)
            busy += 1
    while busy:
        events = epoll.poll(60)
        if not events:
            raise TimeoutError("no answer within 60 s")
        for number, _ in events:
            connection = connections[number]
            if not connection.receive(buffer, view):
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            status = connection.status.decode()
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            outcome.body_bytes += connection.length
            request = next(requests, None) if now < until else None
            if request:
                connection.send(request)
            else:
                busy -= 1
    outcome.seconds = time.perf_counter() - started
    outcome.count = len(latencies)
    latencies.sort()
    outcome.p50 = latencies[len(latencies) // 2] * 1000
    outcome.p99 = latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))] * 1000
    for connection in connections.values():
        connection.socket.close()
    return outcome


if __name__ == "__main__":
    print(json.dumps(asdict(run(Job(**json.load(sys.stdin))))))
