"""``python -m bench [--patients N] [--rounds N] [--seconds S] [--quick] [--only abcd] [--data DIR]``."""

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench import agree, plot, report
from bench.database import Cluster, Script, load
from bench.measure import Bench, Case, Request, Results, say, slots
from bench.servers import ROOT, Server, granian

USUAL = 100_000
PAGE = 250


def main() -> None:
    options = arguments()
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    servers: list[Server] = []
    try:
        sizes = [USUAL] if options.patients == USUAL else [USUAL, options.patients]
        if options.quick and options.patients < USUAL:
            sizes = [options.patients]
        facts = {}
        for size in sizes:
            say(f"loading {size} patients")
            facts[size] = load(cluster, f"bench{size}", size)
        results = {}
        for size in sizes:
            servers = systems(cluster, f"bench{size}", directory, options.only if size == sizes[0] else "a")
            for server in servers:
                server.start()
            results[size] = measure(cluster, f"bench{size}", servers, facts[size], options)
            for server in servers:
                server.stop()
        text = report.written(results, facts, options.rounds, options.seconds)
        print(text)
        if not options.only or set(options.only) >= set("abc"):
            (ROOT / "bench" / "latest.md").write_text(text)
            plot.draw(results[sizes[0]], ROOT / "bench" / "latest.png")
    finally:
        for server in servers:
            server.stop()
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def arguments() -> argparse.Namespace:
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
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 1.0
    return options


def systems(cluster: Cluster, name: str, directory: Path, only: str) -> list[Server]:
    environ = {
        "DATABASE_URL": cluster.uri(name),
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
    }
    threads = ("--blocking-threads", "4", "--blocking-threads-idle-timeout", "600")
    made = [
        Server(
            "a",
            "Charthouse",
            granian("charthouse.wsgi:application", "wsgi", *threads),
            environ,
            directory / "a.log",
        ),
        Server(
            "b",
            "Django REST framework",
            granian("bench.plain.wsgi:application", "wsgi", *threads),
            {**environ, "DJANGO_SETTINGS_MODULE": "bench.plain.settings"},
            directory / "b.log",
        ),
        Server(
            "c", "minimal ASGI", granian("bench.minimal:application", "asgi"), environ, directory / "c.log"
        ),
    ]
    return [server for server in made if server.label in only]


def measure(
    cluster: Cluster, name: str, servers: list[Server], facts: dict[str, Any], options: argparse.Namespace
) -> Results:
    for problem in agree.problems(servers, facts):
        raise SystemExit(f"the systems answer differently: {problem}")
    sample = agree.fetched(servers[0], f"/api/patients/{facts['first']}", facts["token"])
    facts |= {"keys": len(sample), "populated": agree.populated(sample)}
    chosen = cases(facts)
    scripts = {}
    if "d" in options.only:
        scripts = {case: Script(**made) for case, made in facts["scripts"].items()}
    bench = Bench(
        cluster, name, servers, facts["token"], options.seconds, options.seconds / 2, Results(), scripts
    )
    picked = [case for case in chosen if not options.cases or case.key in options.cases.split(",")]
    for case in picked:
        bench.warm_up(case)
    for number in range(options.rounds):
        for case in picked:
            bench.round(number, case)
    if not options.cases and servers[0].label == "a":
        deep(replace(bench, servers=servers[:1], scripts={}), facts, options.rounds)
    return bench.results


def deep(bench: Bench, facts: dict[str, Any], rounds: int) -> None:
    """Page 400 against page 1, Charthouse's own."""
    last = min(400, facts["patients"] // PAGE)
    before: Any = agree.fetched(bench.servers[0], f"/api/patients?page={last - 1}", facts["token"])
    paths = {
        "page1": "/api/patients",
        "deep": f"/api/patients?page={last}",
        "cursor": urlsplit(before["next"])._replace(scheme="", netloc="").geturl(),
    }
    for number in range(rounds):
        for key in list(paths)[number % 3 :] + list(paths)[: number % 3]:
            bench.round(number, Case(key, key, 4, same(paths[key])))


def same(path: str) -> Callable[[str, int], list[Request]]:
    return lambda label, many: [("GET", path, None)]


def cases(facts: dict[str, Any]) -> list[Case]:
    random_ids = random.Random(1)
    free = slots(facts)

    def one(label: str, many: int) -> list[Request]:
        ids = [random_ids.randint(facts["first"], facts["last"]) for _ in range(many)]
        return [("GET", f"/api/patients/{number}", None) for number in ids]

    def book(label: str, many: int) -> list[Request]:
        made = []
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
        Case("list", f"list of {PAGE} patients", 4, same("/api/patients")),
        Case(
            "filtered",
            "list of one doctor's patients changed since",
            4,
            same(f"/api/patients?{urlencode(facts['filter'])}"),
        ),
        Case("post", "POST appointment", 8, book, expected="201", once=True),
    ]


if __name__ == "__main__":
    main()
