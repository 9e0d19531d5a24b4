"""Requests at a given rate, a process of its own: ``python -m bench.arrivals`` with Arrivals as JSON on standard input.

Unlike ``bench.client`` it does not wait for answers before it sends more, as many people do not: what a server can't
take is sent all the same, while there is a connection that is free.
"""

import json
import select
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

from bench.client import Connection, Job, encode_requests

BUFFER = 1 << 20


@dataclass
class Arrivals:
    """``rate``: requests a second, over so many ``connections``."""

    port: int
    token: str
    path: str
    rate: float
    seconds: float
    connections: int


@dataclass
class Answers:
    """Answers by status, milliseconds until them (p99), and requests that found no free connection."""

    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    p99: dict[str, float] = field(default_factory=dict)
    unsent: int = 0


def run(arrivals: Arrivals) -> Answers:
    job = Job(arrivals.port, arrivals.token, 0, 0, [("GET", arrivals.path, None)])
    (request,) = encode_requests(job)
    connections = [Connection(arrivals.port) for _ in range(arrivals.connections)]
    numbers = {connection.socket.fileno(): connection for connection in connections}
    epoll = select.epoll()
    for number in numbers:
        epoll.register(number, select.EPOLLIN)
    free = list(connections)
    view = memoryview(bytearray(BUFFER))
    latencies: dict[str, list[float]] = {}
    answers, sent = Answers(), 0
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < arrivals.seconds or len(free) < len(connections):
        due = int(min(now, arrivals.seconds) * arrivals.rate) - sent
        sent += max(0, due)
        for _ in range(due):
            if free:
                free.pop().send(request)
            else:
                answers.unsent += 1
        for number, _ in epoll.poll(0.002):
            connection = numbers[number]
            if connection.receive(bytearray(), view):
                status = connection.status.decode()
                latencies.setdefault(status, []).append(time.perf_counter() - connection.sent_at)
                free.append(connection)
    answers.seconds = time.perf_counter() - began
    answers.statuses = dict(Counter({status: len(times) for status, times in latencies.items()}))
    answers.p99 = {s: sorted(times)[int(len(times) * 0.99)] * 1000 for s, times in latencies.items()}
    return answers


if __name__ == "__main__":
    print(json.dumps(asdict(run(Arrivals(**json.load(sys.stdin))))))
