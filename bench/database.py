"""The database under all of them: one embedded PostgreSQL, and pgbench, which comes with it."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.client import Outcome
from bench.machine import count_cpu_seconds
from bench.servers import ROOT
from charthouse.database_server import postgres_server


class Cluster:
    """A PostgreSQL of our own below ``directory``, started as Charthouse starts its embedded one."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.instance = postgres_server.start(directory, timeout=90)
        self.host = str(postgres_server.socket_directory(directory))

    def uri(self, name: str) -> str:
        """Of a database, as the owner of its tables."""
        return f"postgresql://{postgres_server.DATABASE_NAME}@/{name}?host={quote(self.host, safe='/')}"

    def create(self, name: str) -> None:
        if self.execute("postgres", f"select 1 from pg_database where datname = '{name}'") == "":
            self.execute("postgres", f"create database {name} owner {postgres_server.DATABASE_NAME}")

    def execute(self, name: str, statement: str) -> str:
        """Run a statement as superuser. Raises RuntimeError."""
        command = [
            postgres_server.find_binary("psql"),
            "-h",
            self.host,
            "-U",
            "postgres",
            "-d",
            name,
            "-XAtq",
        ]
        done = subprocess.run(
            [*command, "-v", "ON_ERROR_STOP=1"], input=statement, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def settle(self, name: str) -> None:
        """Nothing of the load is left to be done in the background."""
        self.execute(name, "vacuum (analyze)")
        self.execute(name, "checkpoint")

    def count_cpu_seconds(self) -> float:
        """Seconds of CPU of the whole cluster so far: backends, writers, I/O workers."""
        return count_cpu_seconds(self.instance.pid)

    def stop(self) -> None:
        self.instance.stop(60)


@dataclass
class Script:
    """What pgbench runs, as the web role: statements with ``:name`` variables, and values for some of them."""

    text: str
    constants: dict[str, Any]


def run_pgbench(cluster: Cluster, name: str, script: Script, *, clients: int, seconds: float) -> Outcome:
    """Run a script for a while, prepared, and read its log of latencies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script.text)
        command = [
            postgres_server.find_binary("pgbench"),
            "-n",
            "-M",
            "prepared",
            "-c",
            str(clients),
            "-j",
            "1",
        ]
        command += [
            "-T",
            str(max(1, round(seconds))),
            "-f",
            str(path),
            "--log",
            "--log-prefix",
            f"{folder}/log",
        ]
        command += ["-h", cluster.host, "-U", postgres_server.DATABASE_NAME, "--random-seed=1"]
        for key, value in script.constants.items():
            command += ["-D", f"{key}={value}"]
        done = subprocess.run(
            [*command, name],
            capture_output=True,
            text=True,
            env={**os.environ, "PGOPTIONS": "-c role=charthouse_web"},
            check=False,
        )
        if done.returncode or " ERROR:" in done.stderr:
            raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
        lines = [line.split() for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()]
    latencies = sorted(float(line[2]) / 1000 for line in lines)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    assert rate is not None
    assert latencies, done.stdout
    outcome = Outcome(count=len(latencies), seconds=len(latencies) / float(rate[1]))
    outcome.p50 = latencies[len(latencies) // 2]
    outcome.p99 = latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))]
    return outcome


def load(
    cluster: Cluster, name: str, count: int, module: str = "bench.load", **environ: str
) -> dict[str, Any]:
    """Fill a database, or take it as it is, in a process of its own; the facts that the benchmark needs of it."""
    cluster.create(name)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, str(count)],
        cwd=ROOT,
        env={
            **os.environ,
            **environ,
            "DATABASE_URL": cluster.uri(name),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit("loading failed")
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    cluster.settle(name)
    return facts | {"database": name, "loading": time.monotonic() - started}
