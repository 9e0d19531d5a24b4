"""A day of an installation in an hour or less: server, worker and PostgreSQL under a mixed load, the clock moved ahead
bit by bit. Nothing that should be bounded grows. Deep tier: ``SOAK_SECONDS`` says how long, from 60 on."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from charthouse.database_server import embedded_postgres
from charthouse.toolkit.client import Sandbox as Controls
from charthouse.toolkit.receiver import Receiver
from tests import figures
from tests.test_commands import Sandbox
from tests.waiting import PATIENCE

SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
pytestmark = pytest.mark.skipif(SECONDS < 60, reason="SOAK_SECONDS, in make test-deep")
STEPS = 48  # of half an hour of the clock
CALLERS = 3
PAUSE = float(os.environ.get("SOAK_PAUSE", "0.05"))  # seconds between two calls of a caller
MB = 2**20
# Grow with the record, its history and its log, as they should; by bytes a call.
# The rows of finished jobs are kept for a day by the system's clock.
GROWING = (
    "procrastinate_",
    "changes_change",
    "audit_",
    "patients_patient",
    "scheduling_",
    "changes_delivery",
    "identity_archivedpart",
)


MAX_WAL = 1100  # MB; max_wal_size of PostgreSQL, and a segment
# The most of the last eighth of the time, to the most of the second quarter.
ALLOWED = {
    "memory": 1.1, "descriptors": 1.1, "connections": 1.1, "bounded": 1.25, "jobs": 1.5,
    "temporary_files": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """``memory``: MB of all processes but PostgreSQL's, as the sum of their proportional sets; ``wal``: MB;
    ``bounded``: MB of the tables that should not grow; ``growing``: MB of the others; ``jobs``: that wait."""

    calls: int
    memory: int
    descriptors: int
    connections: int
    wal: int
    bounded: float
    growing: float
    jobs: int
    temporary_files: int


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = Sandbox(tmp_path / "data", tmp_path / "log")
    running.start("--patients", "60")
    yield running
    running.end()


class Load:
    """Callers of both APIs and of pages, who read, write, change and delete."""

    def __init__(self, described: dict[str, Any]) -> None:
        practice = described["practices"][0]
        self.base_url, self.token = described["base_url"], practice["oauth_apps"][-1]["access_token"]
        self.basic = (practice["api_users"][0]["username"], practice["api_users"][0]["secret"])
        self.doctor = practice["users"][0]["doctor"]
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def _run(self, seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311
        bearer = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.base_url, timeout=PATIENCE) as client:
            while not self.ending.wait(PAUSE):
                for answer in self._call(client, choose, bearer):
                    self.answers[answer.status_code] += 1
                    if answer.status_code >= 400:
                        self.wrong.append(
                            f"{answer.request.method} {answer.request.url}: {answer.status_code}"
                        )

    def _call(
        self, client: httpx.Client, choose: random.Random, bearer: dict[str, str]
    ) -> Iterator[httpx.Response]:
        kind = choose.random()
        if kind < 0.4:
            path = choose.choice(
                ["patients", "appointments?since=2020-01-01", "problems", "medications", "lab_orders"]
            )
            yield client.get(f"/api/{path}", headers=bearer)
        elif kind < 0.55:
            yield client.get("/api/v1/patients", params={"limit": 20}, auth=self.basic)
        elif kind < 0.7:
            yield client.get(choose.choice(["/sign-in", "/docs", "/health/ready", "/portal/sign-in"]))
        elif kind < 0.8:
            files = {"document": ("scan.pdf", b"%PDF-1.7" + os.urandom(200_000))}
            about = {"doctor": self.doctor, "date": "2026-01-02", "description": "Scan"}
            patient = client.get("/api/patients?page_size=1", headers=bearer).json()["results"][0]["id"]
            made = client.post(
                "/api/documents", data=about | {"patient": patient}, files=files, headers=bearer
            )
            yield made
            yield client.delete(f"/api/documents/{made.json()['id']}", headers=bearer)
        else:
            made = client.post(
                "/api/patients", json={"doctor": self.doctor, "gender": "Male"}, headers=bearer
            )
            yield made
            path = f"/api/patients/{made.json()['id']}"
            yield client.patch(path, json={"nick_name": "Ada"}, headers=bearer)
            yield client.delete(path, headers=bearer)

    def stop(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def measure(sandbox: Sandbox, connection: "psycopg.Connection[Any]", calls: int) -> Measure:
    """Measure what an installation takes."""
    memory = descriptors = 0
    for process in sandbox.processes():
        if process.name() != "postgres":
            memory += process.memory_full_info().pss
            descriptors += process.num_fds()
    connections = connection.execute(
        "select count(*) from pg_stat_activity where datname is not null"
    ).fetchone()
    jobs = connection.execute(
        "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
    ).fetchone()
    sizes = connection.execute(
        "select relname::text, pg_total_relation_size(oid) from pg_class where relkind = 'r' "
        "and relnamespace = 'public'::regnamespace"
    ).fetchall()
    growing = sum(size for name, size in sizes if name.startswith(GROWING))
    wal = sum(path.stat().st_size for path in (sandbox.data / "postgres/pg_wal").glob("0*"))
    temporary = sum(
        1 for path in (sandbox.data / "files").rglob("*") if ".partial" in path.name or "tmp" in path.name
    )
    assert connections
    assert jobs
    return Measure(
        calls, memory // MB, descriptors, connections[0], wal // MB, (sum(size for _, size in sizes) - growing) / MB,
        growing / MB, jobs[0], temporary,
    )  # fmt: skip


def test_a_day_of_mixed_load_leaves_nothing_behind(sandbox: Sandbox) -> None:
    controls, receiver = Controls(sandbox.described), Receiver()
    practice = sandbox.described["practices"][0]
    controls.webhooks.create(url=receiver.url, client_id=practice["oauth_apps"][-1]["client_id"])
    controls.webhooks.create(url=receiver.url, practice=practice["id"])
    load, measures = Load(sandbox.described), []
    with psycopg.connect(embedded_postgres.database_url(sandbox.data), autocommit=True) as connection:
        try:
            for _ in range(STEPS):
                time.sleep(SECONDS / STEPS)
                controls.clock.advance(by="30m")
                measures.append(measure(sandbox, connection, load.answers.total()))
                print(measures[-1], flush=True)
        finally:
            load.stop()
    assert load.wrong == []
    assert max(each.wal for each in measures) < MAX_WAL
    settled, last = measures[STEPS // 4 : STEPS // 2], measures[-STEPS // 8 :]
    figures.record(
        soak_day=SECONDS,
        first=asdict(measures[STEPS // 4]),
        last=asdict(measures[-1]),
        webhooks=len(receiver.received),
    )
    for name, allowed in ALLOWED.items():
        before, after = (max(getattr(each, name) for each in some) for some in (settled, last))
        assert after <= before * allowed + 5, f"{name}: {before}, then {after}"
