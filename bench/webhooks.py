"""How soon, how many, and whether any is lost: ``python -m bench.webhooks [latency] [rate] [hanging] [chaos]
[--writes N] [--kills N] [--seed N]``.

Starts a PostgreSQL, a web server and a worker of its own, and a receiver in this process. Patients are posted over
HTTP; what is measured is when the receiver hears of them. ``chaos`` kills web server or worker with SIGKILL at random
while it posts, and then compares what is in the database with what was heard.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

from bench.database import Cluster
from bench.servers import Server, compose_charthouse_command


class Receiver:
    """Answers 200 to everything under /, and never to what is under /hang. When each patient was heard of."""

    def __init__(self) -> None:
        self.heard: dict[int, list[float]] = {}
        self.hanging = 0
        self.port = 0
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self._ready.wait(10)

    async def _run(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line[15:])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length:")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                if b" /hang" in head.split(b"\r\n", 1)[0]:
                    self.hanging += 1
                    await reader.read()  # until the sender has had enough
                    break
                at = time.monotonic()
                number = int(json.loads(body)["object"]["id"])
                self.heard.setdefault(number, []).append(at)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


class Installation:
    """The database, the web server and the worker."""

    def __init__(self, directory: Path) -> None:
        self.cluster = Cluster(directory / "cluster")
        self.cluster.create("webhooks")
        os.environ |= {
            "DATABASE_URL": self.cluster.uri("webhooks"),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "CHARTHOUSE_SANDBOX": "1",
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        import django

        from charthouse import datadir

        datadir.prepare(
            directory / "instance"
        )  # or the worker refuses it, once the web server has written into it
        django.setup()
        from charthouse.identity import schema_setup

        schema_setup.migrate()
        self.web = Server(
            "a",
            "Charthouse",
            compose_charthouse_command(threads=4),
            {},
            directory / "web.log",
        )
        self.log = (directory / "worker.log").open("wb")
        self.worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "charthouse", "worker"],
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def kill(self, what: str) -> None:
        """SIGKILL, all of it; then start it again."""
        process = self.worker if what == "worker" else self.web.process
        assert process is not None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if what == "worker":
            self.start_worker()
        else:
            port = self.web.port  # the writers know it
            with patch("bench.servers.free_port", lambda: port):
                self.web.start()

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.terminate()
            self.worker.wait(30)
        self.web.stop()
        from django.db import connections

        connections.close_all()
        self.cluster.stop()


class Practice:
    """Somebody who posts patients, and the app that is told."""

    def __init__(self) -> None:
        from tests.support import issue_token, make_app, make_practice

        self.clinic, self.app = make_practice(), make_app()
        self.token = issue_token(self.clinic.user, self.app)

    def subscribe(self, url: str) -> None:
        """A verified webhook, without asking the receiver."""
        from charthouse import clock
        from charthouse.changes import actions

        webhook = actions.create_app_webhook(self.app.row, url, "a secret token", ["PATIENT_CREATE"])
        type(webhook).objects.filter(pk=webhook.pk).update(verified_at=clock.now())

    def post(self, port: int, count: int, *, pace: float = 0) -> list[tuple[int, float]]:
        """So many patients, eight at a time, or one every ``pace`` seconds; id and when the answer came. Those that
        got no answer are left out."""
        import httpx

        made: list[tuple[int, float]] = []
        left = iter(range(count))
        url = f"http://127.0.0.1:{port}/api/patients"

        def work() -> None:
            with httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=30) as client:
                for number in left:
                    body = {
                        "doctor": self.clinic.doctor.pk,
                        "first_name": f"P{number}",
                        "last_name": "B",
                        "gender": "Male",
                    }
                    for _ in range(400):
                        try:
                            answer = client.post(url, json=body)
                        except httpx.HTTPError:
                            time.sleep(0.05)
                            continue
                        if answer.status_code == 201:
                            made.append((answer.json()["id"], time.monotonic()))
                            time.sleep(pace)
                            break
                        time.sleep(0.05)

        threads = [threading.Thread(target=work) for _ in range(1 if pace else 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return made


def measure_delays(receiver: Receiver, made: list[tuple[int, float]], seconds: float = 60) -> list[float]:
    """Seconds from the answer of each POST to its first attempt, in rising order."""
    until = time.monotonic() + seconds
    while any(number not in receiver.heard for number, _ in made) and time.monotonic() < until:
        time.sleep(0.05)
    missing = [number for number, _ in made if number not in receiver.heard]
    assert not missing, f"{len(missing)} not heard of"
    return sorted(max(0.0, receiver.heard[number][0] - at) for number, at in made)


def print_delays(what: str, times: list[float]) -> None:
    at = statistics.quantiles(times, n=100)
    print(
        f"{what}: {len(times)} deliveries, p50 {at[49]:.3f} s, p95 {at[94]:.3f} s, p99 {at[98]:.3f} s",
        flush=True,
    )


def measure_latency(installation: Installation, receiver: Receiver, writes: int) -> None:
    practice = Practice()
    practice.subscribe(f"http://127.0.0.1:{receiver.port}/")
    practice.post(installation.web.port, 50)
    print_delays(
        "commit to first attempt", measure_delays(receiver, practice.post(installation.web.port, writes))
    )


def measure_rate(installation: Installation, receiver: Receiver, writes: int) -> None:
    """The worker is started in front of a backlog."""
    assert installation.worker is not None
    installation.worker.terminate()
    installation.worker.wait(30)
    practice = Practice()
    practice.subscribe(f"http://127.0.0.1:{receiver.port}/")
    made = practice.post(installation.web.port, writes)
    installation.start_worker()
    measure_delays(receiver, made, 300)
    arrived = sorted(receiver.heard[number][0] for number, _ in made)
    print(
        f"rate: {len(made)} deliveries, {(len(made) - 1) / (arrived[-1] - arrived[0]):.0f} a second",
        flush=True,
    )


def measure_beside_hanging(installation: Installation, receiver: Receiver, writes: int) -> None:
    practice = Practice()
    practice.subscribe(f"http://127.0.0.1:{receiver.port}/")
    practice.post(installation.web.port, 50)
    print_delays("alone", measure_delays(receiver, practice.post(installation.web.port, writes, pace=0.3)))
    for _ in range(500):
        practice.subscribe(f"http://127.0.0.1:{receiver.port}/hang")
    print_delays(
        "with 500 that hang",
        measure_delays(receiver, practice.post(installation.web.port, writes, pace=0.3), 300),
    )
    print(f"  attempts hanging: {receiver.hanging}", flush=True)
    from charthouse.changes.models import Webhook

    Webhook.objects.filter(callback_url__endswith="/hang").update(active=False)


def kill_at_random(
    installation: Installation, receiver: Receiver, writes: int, kills: int, seed: int
) -> None:
    practice = Practice()
    practice.subscribe(f"http://127.0.0.1:{receiver.port}/")
    chance = random.Random(seed)
    posting = threading.Thread(target=lambda: practice.post(installation.web.port, writes))
    posting.start()
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 1.5))
        installation.kill(chance.choice(("web", "worker")))
    posting.join()
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("select id from patients_patient where practice_id = %s", [practice.clinic.id])
        committed = {number for (number,) in cursor.fetchall()}
    measure_delays(receiver, [(number, 0.0) for number in committed], 300)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select count(*), count(distinct row_id) from changes_delivery d join changes_webhook w "
            "on w.id = d.webhook_id where w.application_id = %s",
            [practice.app.row.pk],
        )
        deliveries, rows = cursor.fetchone()
    first = min(committed)
    strangers = {number for number in receiver.heard if number >= first} - committed
    repeated = sum(len(receiver.heard[number]) > 1 for number in committed)
    print(
        f"chaos: {kills} kills, {len(committed)} committed, {deliveries} deliveries of {rows} patients, none lost, "
        f"{len(strangers)} of nothing, {repeated} heard more than once",
        flush=True,
    )
    assert deliveries == rows == len(committed)
    assert not strangers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("what", nargs="*", default=["latency", "rate", "hanging", "chaos"])
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-webhooks-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, most), most))
    installation = Installation(directory)
    try:
        installation.web.start()
        installation.start_worker()
        receiver = Receiver()
        for what in options.what:
            if what == "chaos":
                kill_at_random(installation, receiver, options.writes, options.kills, options.seed)
            else:
                {"latency": measure_latency, "rate": measure_rate, "hanging": measure_beside_hanging}[what](
                    installation, receiver, options.writes
                )
    finally:
        installation.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
