"""Slow callers and overload: ``python -m bench.slow_callers [--rounds N] [--seconds S] [--quick] [--publish]``.

A server as ``charthouse serve`` starts it, two processes of four threads. First GET one alone, and beside 1,000
connections that send a byte of a body a second, 200 that read a byte of an answer a second and 5,000 idle ones, in
turns; then three times as many requests as the server can answer.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import report
from bench.arrivals import Answers, Arrivals
from bench.callers import Crowd
from bench.client import Job, Outcome
from bench.database import Cluster, load
from bench.machine import describe, measure_memory
from bench.servers import ROOT, Server, compose_charthouse_command
from bench.servers import generate_load as send

MARKS = ("<!-- slow callers -->", "<!-- end of slow callers -->")
MIB = 1024 * 1024
RECOVERY = 5  # seconds


@dataclass
class Figures:
    """Windows of both kinds, the server's memory in each in bytes, and the overload."""

    alone: list[Outcome] = field(default_factory=list)
    beside: list[Outcome] = field(default_factory=list)
    memory_alone: list[int] = field(default_factory=list)
    memory_beside: list[int] = field(default_factory=list)
    turned_out: int = 0
    overload: list["Overload"] = field(default_factory=list)


@dataclass
class Overload:
    """``peak``: the rate before; ``after``: rates of the seconds that follow; ``cost`` and ``peak_cost``: CPU seconds
    of server and database for an answer."""

    peak: float
    peak_cost: float
    answers: Answers
    cost: float
    after: list[float]

    @property
    def goodput(self) -> float:
        """Answers a second, of those at the peak."""
        return self.answers.statuses.get("200", 0) / self.answers.seconds / self.peak

    @property
    def recovery(self) -> int:
        """Seconds until the rate is nine tenths of the peak's, or of what it is at last, if that is less: the machine
        may have got more to do."""
        enough = 0.9 * min(self.peak, statistics.median(self.after[2:]))
        return next(number for number, rate in enumerate(self.after, 1) if rate >= enough)


def main() -> None:
    options = parse_arguments()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        facts = load(cluster, "slow", 1000)
        environ = {
            "DATABASE_URL": cluster.uri("slow"),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        server = Server("a", "Charthouse", compose_charthouse_command(workers=2), environ, directory / "log")
        server.start()
        try:
            text = render(measure(server, cluster, facts, options), options)
        finally:
            server.stop()
        print(text)
        if options.publish:
            report.publish(text, ROOT / "docs" / "benchmarks.md", MARKS)
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.slow_callers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one window")
    parser.add_argument("--dripping", type=int, default=1000)
    parser.add_argument("--reading", type=int, default=200)
    parser.add_argument("--idle", type=int, default=5000)
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s: too noisy to publish")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 1.0
    return options


def measure(server: Server, cluster: Cluster, facts: dict[str, Any], options: argparse.Namespace) -> Figures:
    assert server.process is not None
    figures, one = Figures(), f"/api/patients/{facts['first']}"

    def window(connections: int = 8) -> Outcome:
        job = Job(server.port, facts["bearer"], connections, options.seconds, [("GET", one, None)])
        outcome = send(job)
        assert set(outcome.statuses) == {"200"}, outcome.statuses
        return outcome

    window()
    crowd = Crowd(
        server.port, facts["bearer"], "/api/patients", options.dripping, options.reading, options.idle
    )
    for _ in range(options.rounds):
        figures.alone.append(window())
        figures.memory_alone.append(measure_memory(server.process.pid))
        with gather_crowd(server, crowd, figures):
            figures.beside.append(window())
            figures.memory_beside.append(measure_memory(server.process.pid))
    for _ in range(options.rounds):
        figures.overload.append(measure_overload(server, cluster, facts, options.seconds))
    return figures


def measure_overload(server: Server, cluster: Cluster, facts: dict[str, Any], seconds: float) -> Overload:
    """Send three times the requests that the server can answer for a while."""
    one = f"/api/patients/{facts['first']}"

    def count_cpu() -> float:
        return server.count_cpu_seconds() + cluster.count_cpu_seconds()

    def window(length: float) -> Outcome:
        return send(Job(server.port, facts["bearer"], 16, length, [("GET", one, None)]))

    before = count_cpu()
    peak = window(seconds)
    peak_cost = (count_cpu() - before) / peak.count
    arrivals = Arrivals(server.port, facts["bearer"], one, 3 * peak.rate, seconds, 400)
    before = count_cpu()
    answers = Answers(**ask("bench.arrivals", asdict(arrivals)))
    cost = (count_cpu() - before) / max(1, answers.statuses.get("200", 0))
    return Overload(peak.rate, peak_cost, answers, cost, [window(1).rate for _ in range(6)])


@contextmanager
def gather_crowd(server: Server, crowd: Crowd, figures: Figures) -> Iterator[None]:
    """Slow callers within a block, after what they ask for has been made."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.callers"],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asdict(crowd)) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        wait_until_quiet(server)
        yield
    finally:
        process.stdin.close()
        figures.turned_out += int(process.stdout.read() or 0)
        process.wait()


def wait_until_quiet(server: Server) -> None:
    for _ in range(120):
        before = server.count_cpu_seconds()
        time.sleep(1)
        if server.count_cpu_seconds() - before < 0.3:
            return
    raise SystemExit("the server does not come to rest")


def ask(module: str, job: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, input=json.dumps(job), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def render(figures: Figures, options: argparse.Namespace) -> str:
    pairs = list(zip(figures.alone, figures.beside, strict=True))
    rate = statistics.median(beside.rate / alone.rate for alone, beside in pairs)
    p99 = statistics.median(beside.p99 / alone.p99 for alone, beside in pairs)
    goodput = statistics.median(each.goodput for each in figures.overload)
    efficiency = statistics.median(each.peak_cost / each.cost for each in figures.overload)
    all_answers = [each.answers for each in figures.overload]
    refused = [answers.p99["503"] for answers in all_answers if "503" in answers.p99]
    others = sum(
        count
        for answers in all_answers
        for status, count in answers.statuses.items()
        if status not in ("200", "503")
    )
    recovery = max(each.recovery for each in figures.overload)
    bars = [
        ("GET one beside slow callers, of its rate alone", "≥ 0.8", f"{rate:.2f}", rate >= 0.8),
        ("GET one beside slow callers, p99, times that alone", "≤ 2", f"{p99:.2f}", p99 <= 2),
        ("three times the load: answers, of the peak's", "≥ 0.8", f"{goodput:.2f}", goodput >= 0.8),
        (
            "the same for each CPU second of server and database",
            "≥ 0.8",
            f"{efficiency:.2f}",
            efficiency >= 0.8,
        ),
        ("back at nine tenths of the peak within, s", f"≤ {RECOVERY}", f"{recovery}", recovery <= RECOVERY),
    ]
    kinds = [
        ("alone", figures.alone, figures.memory_alone),
        ("beside", figures.beside, figures.memory_beside),
    ]
    lines = [
        describe(),
        f"Two processes of four threads; medians of {options.rounds} rounds of {options.seconds:g} s in turns. "
        f"{options.dripping:,} connections send a byte of a body a second, {options.reading:,} read one of an answer, "
        f"{options.idle:,} are idle. {figures.turned_out:,} of them were turned out and came again.",
        "",
        "| GET one patient | requests/s | p50 ms | p99 ms | memory of the server, MiB |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, windows, memory in kinds:
        values = [statistics.median(getattr(w, key) for w in windows) for key in ("rate", "p50", "p99")]
        lines.append(
            f"| {name} | {values[0]:,.0f} | {values[1]:.1f} | {values[2]:.1f} | {max(memory) / MIB:,.0f} |"
        )
    lines += [
        "",
        f"Overload: 503 within {statistics.median(refused) if refused else 0:.0f} ms (p99), {others} other answers. "
        "What sends three times as many requests takes its part of the same cores.",
        "",
        "| bar | asked | measured | |",
        "|---|--:|--:|---|",
    ]
    lines += [
        f"| {name} | {asked} | {found} | {'met' if met else 'missed'} |" for name, asked, found, met in bars
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
