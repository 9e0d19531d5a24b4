"""Many resets in a row, with calls in between, leave nothing behind: no memory, files, connections, rows."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import psutil
import psycopg

from charthouse.database_server.embedded_postgres import database_url
from charthouse.sandbox.control.snapshots import SPARES
from charthouse.toolkit.controls.snapshots import SEED
from tests import figures
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import until

RESETS = int(os.environ.get("RESETS", "4"))
WARM_UP = max(2, min(30, RESETS // 10))  # all threads have called by then
SOAK = 100  # resets from which on memory is compared
PARTS = 4 if RESETS >= SOAK else 1  # of the resets, after each of which is measured


@dataclass(frozen=True)
class Held:
    """What the processes of a sandbox hold: descriptors, megabytes; sessions of its server; databases and files of what
    it began with and is reset to; rows."""

    descriptors: int
    megabytes: float
    databases: int
    sessions: int
    files: int
    patients: int


def find_processes(sandbox: RunningSandbox) -> Iterator[psutil.Process]:
    """The processes of a sandbox: all are forked from its command."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or ()
        if "sandbox" in command and str(sandbox.data) in command:
            yield process


def is_tidy(sandbox: RunningSandbox, server: psycopg.Connection[Any]) -> bool:
    """Whether all that happens after a reset, in the background, has been done."""
    names = list_databases(server)
    spares = [name for name in names if name.endswith(tuple(f"_{spare}_{SEED}" for spare in SPARES))]
    is_changing = any("_old" in name or "_fill_" in name for name in names)
    return (
        len(spares) == len(SPARES) and not is_changing and not list(sandbox.data.glob("snapshots/seed/old*"))
    )


def list_databases(server: psycopg.Connection[Any]) -> list[str]:
    """The copies of what the sandbox began with. Those of other snapshots are made when other tests have ended."""
    names = [name for (name,) in server.execute("select datname from pg_database")]
    return [name for name in names if name.endswith(f"_{SEED}")]


def measure(sandbox: RunningSandbox) -> Held:
    until(lambda: sandbox.clock.show().settled, "something is due")
    with psycopg.connect(database_url(sandbox.data), autocommit=True) as server:
        until(lambda: is_tidy(sandbox, server), "spares are being made, or what was before is there")
    processes = list(find_processes(sandbox))
    assert len(processes) > 2  # the command, the web server, the worker
    with psycopg.connect(database_url(sandbox.data), autocommit=True) as server:
        databases = len(list_databases(server))
        (sessions,) = server.execute("select count(*) from pg_stat_activity").fetchone() or (0,)
        (patients,) = server.execute("select count(*) from patients_patient").fetchone() or (0,)
    return Held(
        sum(process.num_fds() for process in processes),
        sum(process.memory_full_info().uss for process in processes) / 2**20,
        databases,
        sessions,
        sum(1 for _ in (sandbox.data / "snapshots" / SEED).glob("**/*")),
        patients,
    )


def test_resets_leave_nothing_behind(sandbox: RunningSandbox) -> None:
    sandbox.snapshots.reset()
    app = sandbox.described["practices"][0]["oauth_apps"][0]
    body = {"gender": "Other", "doctor": sandbox.described["practices"][0]["doctors"][0]["id"]}
    times, held = list[float](), list[Held]()
    with httpx.Client(base_url=sandbox.base_url, timeout=60) as caller:
        caller.headers["Authorization"] = f"Bearer {app['access_token']}"
        for number in range(1, RESETS + WARM_UP + 1):
            assert caller.get("/api/patients").status_code == 200
            assert caller.post("/api/patients", json=body).status_code == 201
            began = time.perf_counter()
            sandbox.snapshots.reset()
            times.append(time.perf_counter() - began)
            if number >= WARM_UP and (number - WARM_UP) % (RESETS // PARTS) == 0:
                held.append(measure(sandbox))
                figures.record(resets_so_far=number - WARM_UP, held=asdict(held[-1]))
    before, after = held[0], held[-1]
    times = sorted(times[WARM_UP:])
    figures.record(
        resets=RESETS,
        median_reset_ms=round(times[len(times) // 2] * 1000),
    )
    assert after.patients == before.patients
    assert after.databases <= before.databases
    assert after.files <= before.files
    assert after.descriptors <= before.descriptors + 16  # threads that had not called before
    assert after.sessions <= before.sessions + 12
    if RESETS >= SOAK:
        assert after.megabytes <= before.megabytes * 1.15
