"""``python -m bench.chart [--rows N] [--rounds N] [--seconds S] [--only PATHS] [--data DIR] [--publish]``

The first page of every list that can be asked for a patient, or for something of a patient's, of a patient with 5,000
rows of each kind against one with 30. Both answer with a page of 25.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench import machine, report
from bench.client import Job
from bench.database import Cluster, load
from bench.measure import say
from bench.servers import ROOT, Server, compose_charthouse_command
from bench.servers import generate_load as send

BAR = 1.5  # times the ordinary patient's p50
PAGE = 25
PARENTS = {
    "patients": "patients_patient",
    "appointments": "scheduling_appointment",
    "lab_orders": "labs_laborder",
    "line_items": "billing_lineitem",
}
WIDE = {"since": "1990-01-01", "start_date": "1990-01-01", "end_date": "2039-01-01"}
MARKS = ("<!-- a large chart -->", "<!-- end of a large chart -->")


@dataclass
class Case:
    """A list asked for by one parameter; ``paths`` by patient. ``p50`` in ms, by patient, a round each."""

    title: str
    paths: dict[str, str]
    p50: dict[str, list[float]] = field(default_factory=lambda: {"ordinary": [], "large": []})
    shown: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        rounds = zip(self.p50["large"], self.p50["ordinary"], strict=True)
        return float(median(large / ordinary for large, ordinary in rounds))


def main() -> None:
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    instance = {
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "CHARTHOUSE_SECRET_KEY": "only for benchmarks",
    }
    cluster = Cluster(directory)
    try:
        say(f"loading a patient with {options.rows:,} rows of each kind")
        facts = load(cluster, f"chart{options.rows}", options.rows, "bench.chart_load", **instance)
        environ = {
            **instance,
            "DATABASE_URL": cluster.uri(facts["database"]),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        os.environ |= environ
        command = compose_charthouse_command(threads=1)
        server = Server("a", "Charthouse", command, environ, directory / "a.log")
        server.start()
        try:
            measured = choose_cases(facts["charts"], options.only)
            run(server, f"Bearer {facts['token']}", measured, options)
        finally:
            server.stop()
        text = render(measured, facts["charts"], options)
        print(text)
        if options.publish:
            report.publish(text, ROOT / "docs" / "benchmarks.md", MARKS)
    finally:
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chart", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one window")
    parser.add_argument("--only", default="", help="comma list of resources")
    parser.add_argument("--data", help="keep the database in this directory and take it up again")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/benchmarks.md")
    return parser.parse_args()


def choose_cases(charts: dict[str, Any], only: str) -> list[Case]:
    """Every list and each of its parameters that takes an id of ``PARENTS``."""
    import django

    django.setup()
    from charthouse.gateway.drchrono.registry import get_registry

    found = []
    for resource in get_registry():
        if "GET" not in resource.method_set or (only and resource.path not in only.split(",")):
            continue
        needed = [group[0] for group in resource.one_of] + [f.name for f in resource.filters if f.required]
        wide = {name: WIDE[name] for name in needed if name in WIDE} | {
            "page_size": min(PAGE, resource.page_size.maximum)
        }
        for declared in resource.filters:
            if not declared.repeated and (table := PARENTS.get(declared.refers_to)):
                paths = {
                    name: f"/api/{resource.path}?{urlencode(wide | {declared.name: chart[table]['first']})}"
                    for name, chart in charts.items()
                }
                found.append(Case(f"{resource.path}?{declared.name}", paths))
    return found


def run(server: Server, authorization: str, measured: list[Case], options: argparse.Namespace) -> None:
    for case in measured:
        for name, path in case.paths.items():
            answer: Any = server.get(path, authorization)
            case.shown[name] = len(answer["results"])
            measure_window(server, authorization, path, options.seconds / 2)
    for number in range(options.rounds):
        for case in measured:
            for name in list(case.paths)[:: 1 if number % 2 else -1]:
                case.p50[name].append(
                    measure_window(server, authorization, case.paths[name], options.seconds)
                )
            say(f"{case.p50['ordinary'][-1]:7.2f} {case.p50['large'][-1]:7.2f} ms  {case.title}")


def measure_window(server: Server, authorization: str, path: str, seconds: float) -> float:
    outcome = send(Job(server.port, authorization, 1, seconds, [("GET", path, None)]))
    if set(outcome.statuses) != {"200"}:
        raise SystemExit(f"{path} answers {outcome.statuses}")
    return outcome.p50


def render(measured: list[Case], charts: dict[str, Any], options: argparse.Namespace) -> str:
    """The table, slowest ratio first."""
    over = [case for case in measured if case.ratio > BAR]
    patient = PARENTS["patients"]
    tables = [chart["rows"] for of, chart in charts["large"].items() if of != patient]
    lines = [
        machine.describe(),
        f"One patient with up to {max(tables):,} rows in each of {len(tables)} tables, {sum(tables):,} in all; medians "
        f"of {options.rounds} interleaved rounds of {options.seconds:g} s, one connection.",
        f"{len(measured)} lists; at most {BAR} times the ordinary patient's p50 was asked: {len(over)} above.",
        "",
        "| list, by | rows shown: ordinary | large | p50 ms: ordinary | large | times | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for case in sorted(measured, key=lambda case: -case.ratio):
        ordinary, large = (median(case.p50[name]) for name in ("ordinary", "large"))
        lines.append(
            f"| `{case.title}` | {case.shown['ordinary']} | {case.shown['large']} | {ordinary:.2f} | {large:.2f} "
            f"| {case.ratio:.2f} | {'met' if case.ratio <= BAR else 'missed'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
