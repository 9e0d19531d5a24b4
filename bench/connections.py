"""What poolers and a standby cost and spare: ``python -m bench.connections [--patients N] [--rounds N] [--before
DIR]``.

One PostgreSQL and its standby; a server on it directly, through PgBouncer in session mode, through PgBouncer in
transaction mode, and one that reads lists from the standby; in turns. Prints medians of CPU microseconds a request, of
the server, the primary, the standby and PgBouncer, and the rate as a share of the direct server's. ``--before``: a
checkout whose server is measured as well.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.client import Job
from bench.database import Cluster
from bench.database import load as fill
from bench.machine import count_cpu_seconds
from bench.servers import ROOT, Server, find_free_port, generate_load
from charthouse.database_server import postgres_server

POOLER = """
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
"""
SECONDS = 3.0  # a window


class Pooler:
    def __init__(self, cluster: Cluster, folder: Path, mode: str) -> None:
        self.port = find_free_port()
        file = folder / f"{mode}.ini"
        user = postgres_server.DATABASE_NAME
        file.write_text(POOLER.format(host=cluster.host, user=user, port=self.port, mode=mode))
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        assert program is not None, "make pooler"
        self.process = subprocess.Popen(
            [program, str(file)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **run_as(cluster)
        )

    def url(self, name: str) -> str:
        return f"postgresql://{postgres_server.DATABASE_NAME}@127.0.0.1:{self.port}/{name}"


def run_as(cluster: Cluster) -> dict[str, Any]:
    """Who runs the server, where that is not us."""
    owner = (Path(cluster.host)).stat()
    if os.geteuid() != 0:
        return {}
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": [], "cwd": "/"}


def start_standby(cluster: Cluster, folder: Path) -> tuple[str, int]:
    """Return the directory of the socket and the pid of a standby."""
    owner = Path(cluster.host).stat()
    folder.mkdir()
    os.chown(folder, owner.st_uid, owner.st_gid)
    account = run_as(cluster)
    source = [
        "-h",
        cluster.host,
        "-U",
        "postgres",
        "-c",
        "fast",
        "-X",
        "stream",
        "-R",
        "-D",
        str(folder / "data"),
    ]
    subprocess.run([postgres_server.find_binary("pg_basebackup"), *source], check=True, **account)
    options = f"-k {folder} -c listen_addresses='' -c logging_collector=off"
    command = [
        postgres_server.find_binary("pg_ctl"),
        "-D",
        str(folder / "data"),
        "-w",
        "-l",
        str(folder / "log"),
    ]
    subprocess.run([*command, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, **account)
    return str(folder), int((folder / "data" / "postmaster.pid").read_text().split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.connections", description=__doc__)
    parser.add_argument("--patients", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="charthouse-connections-"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "cluster")
    stopped: list[Any] = []
    try:
        _measure(cluster, folder, given, stopped)
    finally:
        for process in stopped:
            process.kill()
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _measure(cluster: Cluster, folder: Path, given: argparse.Namespace, stopped: list[Any]) -> None:
    facts = fill(cluster, "connections", given.patients)
    sockets, standby = start_standby(cluster, folder / "standby")
    poolers = {mode: Pooler(cluster, folder, mode) for mode in ("session", "transaction")}
    stopped += [pooler.process for pooler in poolers.values()]
    url, user = cluster.uri("connections"), postgres_server.DATABASE_NAME
    variables = {
        "direct": {},
        "session pooler": {"DATABASE_URL": poolers["session"].url("connections")},
        "transaction pooler": {"CHARTHOUSE_POOLER_URL": poolers["transaction"].url("connections")},
        "standby": {"CHARTHOUSE_READ_URL": f"postgresql://{user}@/connections?host={sockets}"},
    }
    if given.before:
        variables["before"] = {"PYTHONPATH": str(given.before / "src")}
    command = [
        *(["python", "-m", "charthouse.web_server", "--workers", "1", "--threads", "4", "--port", "{port}"])
    ]
    command[0] = str(ROOT / ".venv" / "bin" / "python")
    common = {
        "DATABASE_URL": url,
        "CHARTHOUSE_DATA": str(folder / "instance"),
        "CHARTHOUSE_SECRET_KEY": "bench",
    }
    common |= {"DJANGO_SETTINGS_MODULE": "charthouse.settings"}
    servers = {
        name: Server(name, name, command, common | more, folder / f"{name}.log")
        for name, more in variables.items()
    }
    for server in servers.values():
        server.start()
    pids = {"primary": cluster.instance.pid, "standby": standby}
    pids |= {f"{mode} PgBouncer": pooler.process.pid for mode, pooler in poolers.items()}
    try:
        _compare(servers, pids, facts, given.rounds)
    finally:
        for server in servers.values():
            server.stop()
        os.kill(standby, 2)
        time.sleep(1)


def _compare(servers: dict[str, Server], pids: dict[str, int], facts: dict[str, Any], rounds: int) -> None:
    pick = random.Random(1)
    ids = [pick.randint(facts["first"], facts["last"]) for _ in range(1000)]
    cases = {
        "GET one": [("GET", f"/api/patients/{row}", None) for row in ids],
        "list of 100": [("GET", "/api/patients?page_size=100", None)],
    }
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(rounds + 1):  # the first is to warm up
        for case, requests in cases.items():
            order = list(servers)
            for name in order[number % len(order) :] + order[: number % len(order)]:
                window = _run(servers[name], pids, facts, requests)
                if number:
                    found.setdefault((case, name), []).append(window)
    for case in cases:
        print(
            f"\n| {case} | rate, of direct | server | {' | '.join(pids)} | all |\n|---|{'--:|' * (len(pids) + 3)}"
        )
        for name in servers:
            windows, direct = found[case, name], found[case, "direct"]
            share = statistics.median(
                one["rate"] / other["rate"] for one, other in zip(windows, direct, strict=True)
            )
            columns = [statistics.median(one[key] for one in windows) for key in ("server", *pids)]
            text = " | ".join(f"{value:.0f}" for value in [*columns, sum(columns)])
            print(f"| {name} | {share:.2f} | {text} |")


def _run(
    server: Server, pids: dict[str, int], facts: dict[str, Any], requests: list[Any]
) -> dict[str, float]:
    assert server.process is not None
    every = {"server": server.process.pid, **pids}
    before = {name: count_cpu_seconds(pid) for name, pid in every.items()}
    outcome = generate_load(Job(server.port, facts["bearer"], 4, SECONDS, requests))
    if set(outcome.statuses) != {"200"}:
        raise SystemExit(f"{server.name}: answers {outcome.statuses}")
    used = {
        name: (count_cpu_seconds(pid) - before[name]) / outcome.count * 1e6 for name, pid in every.items()
    }
    return used | {"rate": outcome.rate}


if __name__ == "__main__":
    main()
