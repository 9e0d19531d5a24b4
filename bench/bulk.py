"""A bulk list of a whole practice: ``python -m bench.bulk [--patients 50000]``, each with two appointments. A real
server and a real worker; one caller downloads all appointments page by page, another asks for single patients at a
steady pace, without and with the download beside it. Prints seconds and latencies."""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bench.database import Cluster, load
from bench.machine import describe
from bench.servers import ROOT, Server, compose_charthouse_command

PACE = 0.02  # seconds between two requests of the steady caller
WAIT = 0.1  # seconds between two polls
WITHIN = 60  # seconds that the whole list may take
TIMES = 2  # what a single patient may take, times what it takes without


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__)
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument(
        "--workers", type=int, default=2, help="web server processes, as charthouse serve has two"
    )
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        facts = load(cluster, "bulk", options.patients)
        environ = {
            "DATABASE_URL": cluster.uri("bulk"),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        }
        command = compose_charthouse_command(threads=4)
        command[command.index("--workers") + 1] = str(options.workers)
        server = Server("a", "Charthouse", command, environ, directory / "log")
        server.start()
        worker = subprocess.Popen(
            [sys.executable, "-m", "charthouse", "worker"],
            env={**os.environ, **environ},
            stdout=(directory / "worker").open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            print(describe())
            measure(server, facts)
        finally:
            worker.terminate()
            worker.wait()
            server.stop()
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def measure(server: Server, facts: dict[str, Any]) -> None:
    read_steadily(server, facts, threading.Event(), 3)  # everything is loaded and connected
    before = read_steadily(server, facts, threading.Event(), 10)
    done, beside = threading.Event(), []
    patient = threading.Thread(target=lambda: beside.append(read_steadily(server, facts, done)))
    patient.start()
    began = time.perf_counter()
    first, rows, pages, size = download(server, facts)
    took = time.perf_counter() - began
    done.set()
    patient.join()
    after = read_steadily(server, facts, threading.Event(), 10)
    print(f"{rows} appointments in {pages} pages, {size / 2**20:.0f} MB")
    print(f"first page after {first:.2f} s, all in {took:.1f} s")
    print(f"asked: within {WITHIN} s: {'met' if took <= WITHIN else 'missed'}")
    for name, latencies in (("before", before), ("beside it", beside[0]), ("after", after)):
        shown = "  ".join(f"p{part} {compute_percentile(latencies, part):6.2f} ms" for part in (50, 95, 99))
        print(f"GET one patient, {name:9} {len(latencies):5} requests  {shown}")
    times = compute_percentile(beside[0], 50) / min(
        compute_percentile(before, 50), compute_percentile(after, 50)
    )
    print(f"p50 beside it, times the better of before and after: {times:.2f}; asked: {TIMES}: ", end="")
    print("met" if times <= TIMES else "missed")


def compute_percentile(latencies: list[float], part: int) -> float:
    """A percentile, ms."""
    return sorted(latencies)[min(len(latencies) - 1, len(latencies) * part // 100)]


def read_steadily(
    server: Server, facts: dict[str, Any], done: threading.Event, seconds: float = 600
) -> list[float]:
    """Ask for one patient after another, at a pace; latencies in ms."""
    caller, latencies = Caller(server, facts), []
    until, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < until and not done.is_set():
        number += 7919
        row = facts["first"] + number % facts["patients"]
        began = time.perf_counter()
        caller.ask("GET", f"/api/patients/{row}")
        took = time.perf_counter() - began
        latencies.append(took * 1000)
        time.sleep(max(0.0, PACE - took))
    return latencies


def download(server: Server, facts: dict[str, Any]) -> tuple[float, int, int, int]:
    """All appointments: (seconds to the first page, rows, pages, bytes)."""
    caller, began = Caller(server, facts), time.perf_counter()
    seen: set[str] = set()
    first, page, pages, size = 0.0, 1, 1, 0
    while page <= pages:
        body = caller.ask("POST", f"/api/appointments_list?page={page}")
        uuid = json.loads(body)["uuid"]
        while True:
            body = caller.ask("GET", f"/api/appointments_list?uuid={uuid}")
            found = json.loads(body)
            if found["status"] == "Complete":
                break
            time.sleep(WAIT)
        first = first or time.perf_counter() - began
        seen |= {row["id"] for row in found["results"]}
        pages, size, page = found["pagination"]["pages"], size + len(body), page + 1
    assert len(seen) == found["pagination"]["count"], "a row was left out, or came twice"
    return first, len(seen), pages, size


class Caller:
    """One connection with a token."""

    def __init__(self, server: Server, facts: dict[str, Any]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.headers = {"Authorization": f"Bearer {facts['token']}"}

    def ask(self, method: str, path: str) -> bytes:
        self.connection.request(method, path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 201), (answer.status, body[:300])
        return body


if __name__ == "__main__":
    main()
