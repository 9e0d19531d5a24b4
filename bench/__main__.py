"""``python -m bench [--patients N] [--rounds N] [--seconds S] [--quick] [--only abcd]
[--data DIR] [--publish]``."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from bench import agree, plot, report
from bench.database import Cluster, Script, load
from bench.measure import Bench, Case, Request, Results, iterate_slots, say
from bench.servers import ROOT, Server, compose_charthouse_command, compose_granian_command

Answer = TypeVar("Answer")
USUAL = 100_000
PAGE = 250


def main() -> None:
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops what it started, like a Ctrl-C
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        sizes = [USUAL] if options.patients == USUAL else [USUAL, options.patients]
        if options.quick and options.patients < USUAL:
            sizes = [options.patients]
        facts = {}
        for size in sizes:
            say(f"loading {size:,} patients")
            # The digest of the API user's secret is made with the key of the servers.
            facts[size] = load(cluster, f"bench{size}", size, CHARTHOUSE_DATA=str(directory / "instance"))
        servers = make_servers(cluster, f"bench{sizes[0]}", directory, options.only)
        results = run_with_servers(servers, lambda: measure(cluster, servers, facts[sizes[0]], options))
        growth = {}
        if sizes[1:]:
            servers = [make_servers(cluster, f"bench{size}", directory, "a")[0] for size in sizes]
            growth = run_with_servers(servers, lambda: measure_growth(cluster, servers, facts, options))
        text = report.render(results, growth, facts, options.rounds, options.seconds)
        print(text)
        if set(options.only) >= set("abcd") and not options.cases:
            plot.draw(results, ROOT / "bench" / "latest.png")
        if options.publish:
            report.publish(text, ROOT / "docs" / "benchmarks.md")
    finally:
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--patients", type=int, default=USUAL, help="beside the usual 100,000, when it is another number"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one window")
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds of 1 s: for development, too noisy to publish"
    )
    parser.add_argument("--only", default="abcd", help="letters of the systems to run")
    parser.add_argument("--cases", default="", help="comma list of the cases to run")
    parser.add_argument("--data", help="keep the database in this directory and take it up again")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 1.0
    return options


def make_servers(cluster: Cluster, name: str, directory: Path, only: str) -> list[Server]:
    environ = {
        "DATABASE_URL": cluster.uri(name),
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "CHARTHOUSE_API_LIMITS": "standard=100000000,heavy_read=100000000",
    }
    threads = ("--blocking-threads", "4", "--blocking-threads-idle-timeout", "600")
    made = [
        Server(
            "a",
            "Charthouse",
            compose_charthouse_command(),
            environ,
            directory / "a.log",
        ),
        Server(
            "b",
            "Django REST framework",
            compose_granian_command("bench.plain.wsgi:application", "wsgi", *threads),
            {**environ, "DJANGO_SETTINGS_MODULE": "bench.plain.settings"},
            directory / "b.log",
        ),
        Server(
            "c",
            "minimal ASGI",
            compose_granian_command("bench.minimal:application", "asgi"),
            environ,
            directory / "c.log",
        ),
    ]
    return [server for server in made if server.label in only]


def run_with_servers(servers: list[Server], work: Callable[[], Answer]) -> Answer:
    try:
        for server in servers:
            server.start()
        return work()
    finally:
        for server in servers:
            server.stop()


def measure(
    cluster: Cluster, servers: list[Server], facts: dict[str, Any], options: argparse.Namespace
) -> Results:
    for problem in agree.find_differences(servers, facts):
        raise SystemExit(f"the systems answer differently: {problem}")
    sample = agree.fetch(servers[0], f"/api/patients/{facts['first']}", facts["bearer"])
    facts |= {"keys": len(sample), "populated": agree.count_filled_keys(sample)}
    chosen = list_cases(facts)
    scripts = {}
    if "d" in options.only:
        scripts = {case: Script(**made) for case, made in facts["scripts"].items()}
    bench = Bench(cluster, servers, facts, options.seconds, Results(), scripts)
    picked = [case for case in chosen if not options.cases or case.key in options.cases.split(",")]
    for case in picked:
        bench.warm_up(case)
    for number in range(options.rounds):
        for case in picked:
            bench.run_round(number, case)
    if not options.cases and servers[0].label == "a":
        measure_deep_pages(replace(bench, servers=servers[:1], scripts={}), facts, options.rounds)
    return bench.results


def measure_growth(
    cluster: Cluster, servers: list[Server], facts: dict[int, dict[str, Any]], options: argparse.Namespace
) -> dict[int, Results]:
    """Reads of Charthouse with the usual number of patients and with another, window by window."""
    benches = [
        Bench(cluster, [server], facts[size], options.seconds, Results())
        for server, size in zip(servers, facts, strict=True)
    ]
    chosen = [[case for case in list_cases(bench.facts) if not case.once] for bench in benches]
    for bench, its in zip(benches, chosen, strict=True):
        for case in its:
            bench.warm_up(case)
    for number in range(options.rounds):
        for same_cases in zip(*chosen, strict=True):
            for bench, case in list(zip(benches, same_cases, strict=True))[:: 1 if number % 2 else -1]:
                bench.run_round(number, case)
    return {size: bench.results for size, bench in zip(facts, benches, strict=True)}


def measure_deep_pages(bench: Bench, facts: dict[str, Any], rounds: int) -> None:
    """Page 400 against page 1, Charthouse's own."""
    last = facts["depth"] = min(400, facts["patients"] // PAGE)
    before: Any = agree.fetch(bench.servers[0], f"/api/patients?page={last - 1}", facts["bearer"])
    paths = {
        "page1": "/api/patients",
        "deep": f"/api/patients?page={last}",
        "cursor": urlsplit(before["next"])._replace(scheme="", netloc="").geturl(),
    }
    for number in range(rounds):
        for key in list(paths)[number % 3 :] + list(paths)[: number % 3]:
            bench.run_round(number, Case(key, key, 4, repeat_path(paths[key])))


def repeat_path(path: str) -> Callable[[str, int], list[Request]]:
    return lambda label, many: [("GET", path, None)]


def list_cases(facts: dict[str, Any]) -> list[Case]:
    random_ids = random.Random(1)
    free = iterate_slots(facts)

    def one(label: str, many: int) -> list[Request]:
        ids = [random_ids.randint(facts["first"], facts["last"]) for _ in range(many)]
        return [("GET", f"/api/patients/{number}", None) for number in ids]

    def cerbo_one(label: str, many: int) -> list[Request]:
        ids = [random_ids.randint(facts["first"], facts["last"]) for _ in range(many)]
        return [("GET", f"/api/v1/patients/{number}", None) for number in ids]

    def book(label: str, many: int) -> list[Request]:
        made: list[Request] = []
        for _ in range(many):
            at, doctor_id, office, room = next(free)
            body = {
                "doctor": doctor_id,
                "office": office,
                "exam_room": room,
                "patient": random_ids.randint(facts["first"], facts["last"]),
                "scheduled_time": f"{at:%Y-%m-%dT%H:%M:%S}",
                "duration": 15,
                "reason": "Follow-up",
                "notes": "Bring the referral letter.",
            }
            made.append(("POST", "/api/appointments", json.dumps(body)))
        return made

    return [
        Case("one", "GET one patient", 8, one),
        Case("list", f"list of {PAGE} patients", 4, repeat_path("/api/patients")),
        Case(
            "filtered",
            "list of one doctor's patients changed since",
            4,
            repeat_path(f"/api/patients?{urlencode(facts['filter'])}"),
        ),
        Case("post", "POST appointment", 8, book, expected="201", once=True),
        Case("cerbo_one", "Cerbo: GET one patient", 8, cerbo_one, systems="ac", credentials="basic"),
        Case(
            "cerbo_list",
            "Cerbo: list of 100 patients",
            4,
            repeat_path("/api/v1/patients?limit=100"),
            systems="ac",
            credentials="basic",
        ),
    ]


if __name__ == "__main__":
    main()
