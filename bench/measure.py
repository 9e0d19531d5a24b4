"""Rounds: every case against every system in turn, so that a slow minute of the machine hits all of them alike."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from bench.client import Job, Outcome
from bench.database import Cluster, Script, run_pgbench
from bench.servers import Server, generate_load

Request = tuple[str, str, str | None]


@dataclass
class Case:
    """One kind of request. ``requests(label, many)`` makes so many for the system of that label."""

    key: str
    title: str
    connections: int
    requests: Callable[[str, int], list[Request]]
    expected: str = "200"
    once: bool = False  # no request may be sent twice
    systems: str = "abcd"  # labels of those that answer it
    credentials: str = "bearer"  # the fact that is the Authorization header


@dataclass(frozen=True)
class Figures:
    """One window. CPU in milliseconds a request: the server's processes, the database's."""

    rate: float
    p50: float
    p99: float
    server: float
    database: float
    body: float  # bytes an answer

    @property
    def cpu(self) -> float:
        return self.server + self.database


@dataclass
class Results:
    """Windows by (case, system), in the order of the rounds."""

    windows: dict[tuple[str, str], list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def median(self, case: str, label: str, of: str) -> float:
        return float(median(getattr(window, of) for window in self.windows[case, label]))

    def ratio(self, case: str, label: str, other: str, of: str = "rate") -> float | None:
        """The median of the rounds' ratios."""
        pairs = list(zip(self.windows[case, label], self.windows[case, other], strict=False))
        if not pairs:
            return None
        return float(median(getattr(one, of) / getattr(two, of) for one, two in pairs))

    def has(self, case: str, label: str) -> bool:
        return bool(self.windows.get((case, label)))


@dataclass
class Bench:
    """``seconds`` a window; ``facts`` of the database that the servers use; ``scripts`` are pgbench's, by case."""

    cluster: Cluster
    servers: list[Server]
    facts: "Facts"
    seconds: float
    results: Results
    scripts: dict[str, Script] = field(default_factory=dict)

    def warm_up(self, case: Case) -> None:
        for server in self.servers:
            if server.label in case.systems:
                self._measure_window(case, server, self.seconds / 2)

    def run_round(self, number: int, case: Case) -> None:
        """One window of every system; each round starts with another one."""
        systems: list[Server | Script] = [each for each in self.servers if each.label in case.systems]
        if script := self.scripts.get(case.key):
            systems.append(script)
        turn = number % len(systems)
        for system in systems[turn:] + systems[:turn]:
            if isinstance(system, Script):
                label, figures = "d", self._measure_database_alone(case, system)
            else:
                label, figures = system.label, self._measure_window(case, system, self.seconds)
            self.results.windows[case.key, label].append(figures)
            say(
                f"{case.key:>10} {label}  {figures.rate:8.1f}/s  {figures.server:7.2f} + {figures.database:.2f} ms"
            )

    def _measure_window(self, case: Case, server: Server, seconds: float) -> Figures:
        many = 3000 if not case.once else int(seconds * 3000)
        job = Job(
            server.port,
            self.facts[case.credentials],
            case.connections,
            seconds,
            case.requests(server.label, many),
            once=case.once,
        )
        before = server.count_cpu_seconds(), self.cluster.count_cpu_seconds()
        outcome = generate_load(job)
        after = server.count_cpu_seconds(), self.cluster.count_cpu_seconds()
        if set(outcome.statuses) != {case.expected}:
            raise SystemExit(f"{server.name}, {case.title}: answers {outcome.statuses}")
        return compute_figures(outcome, after[0] - before[0], after[1] - before[1])

    def _measure_database_alone(self, case: Case, script: Script) -> Figures:
        before = self.cluster.count_cpu_seconds()
        outcome = run_pgbench(
            self.cluster, self.facts["database"], script, clients=case.connections, seconds=self.seconds
        )
        return compute_figures(outcome, 0.0, self.cluster.count_cpu_seconds() - before)


def compute_figures(outcome: Outcome, server: float, database: float) -> Figures:
    each = 1000 / outcome.count
    body = outcome.body_bytes / outcome.count
    return Figures(outcome.rate, outcome.p50, outcome.p99, server * each, database * each, body)


def iterate_slots(facts: "Facts") -> Iterator[tuple[datetime, int, int, int]]:
    """Free times after the last booked day, as (wall clock, doctor, office, exam room): each place's quarters of an
    hour from 9 to 17, neighbours in the sequence at different doctors."""
    day = max(datetime.fromisoformat(facts["booked"]), datetime(2040, 1, 1))  # noqa: DTZ001 - wall clocks
    while True:
        day += timedelta(days=1)
        for quarter in range(32):
            for room in range(1, facts["rooms"] + 1):
                for doctor, office in facts["places"]:
                    yield day + timedelta(hours=9, minutes=15 * quarter), doctor, office, room


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


Facts = dict[str, Any]
