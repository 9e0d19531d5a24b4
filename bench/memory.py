"""``python -m bench.memory [--patients N] [--seconds S] [--data DIR]``: memory of a server with two processes and of a
worker after load.

Each request of the benchmark is sent for a while, then what the processes hold is summed up: pages that they share
count once (PSS), or in each (RSS). PostgreSQL is not counted.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.__main__ import list_cases
from bench.client import Job
from bench.database import Cluster
from bench.database import load as fill
from bench.machine import describe, measure_memory
from bench.measure import say
from bench.servers import ROOT, Server, compose_charthouse_command, generate_load
from charthouse import datadir

WORKERS, THREADS = 2, 4


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each kind of request")
    parser.add_argument("--data", help="keep the database in this directory and take it up again")
    options = parser.parse_args()
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        name = f"bench{options.patients}"
        environ = {
            "DATABASE_URL": cluster.uri(name),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
            "CHARTHOUSE_API_LIMITS": "standard=100000000,heavy_read=100000000",
        }
        datadir.prepare(directory / "instance")
        facts = fill(cluster, name, options.patients, CHARTHOUSE_DATA=environ["CHARTHOUSE_DATA"])
        measure(environ, facts, options.seconds, directory)
    finally:
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def measure(environ: dict[str, str], facts: dict[str, object], seconds: float, directory: Path) -> None:
    server = Server(
        "a", "Charthouse", compose_charthouse_command(THREADS, WORKERS), environ, directory / "a.log"
    )
    server.start()
    with (directory / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "charthouse", "worker"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environ},
            stdout=log,
            stderr=log,
        )
    try:
        assert server.process is not None
        for case in list_cases(facts):
            requests = case.requests("a", int(seconds * 3000) if case.once else 3000)
            job = Job(server.port, str(facts[case.credentials]), 16, seconds, requests, once=case.once)
            say(f"{case.title}: {generate_load(job).count}")
        print(f"{describe()}; load {os.getloadavg()[0]:.1f}\n")
        print("| | PSS, MB | RSS, MB |\n|---|--:|--:|")
        pids = {f"server, {WORKERS} processes": server.process.pid, "worker": worker.pid}
        sums = {
            title: [measure_memory(pid, kind) / 1e6 for kind in ("Pss", "Rss")] for title, pid in pids.items()
        }
        for title, (pss, rss) in sums.items():
            print(f"| {title} | {pss:.0f} | {rss:.0f} |")
        pss, rss = (sum(column) for column in zip(*sums.values(), strict=True))
        print(f"| all | {pss:.0f} | {rss:.0f} |")
    finally:
        worker.terminate()
        worker.wait(30)
        server.stop()


if __name__ == "__main__":
    main()
