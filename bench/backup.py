"""``python -m bench.backup [--patients N] [--mb N] [--data DIR] [--rounds N]``

Backs up and restores a practice of 10,000 patients with 2 GB of files, and measures: how long a full and an incremental
backup take; what GET one costs while a full backup is made, in turns with none; what is lost when every process is
killed and the data directory is gone, and after a clean stop; how long it takes until a restored server answers.
With ``--data`` the practice is made once and used again.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import machine
from bench.servers import find_free_port
from charthouse import datadir
from charthouse.database_server import embedded_postgres, postgres_server

PASSPHRASE = "a passphrase of the benchmark\n"
CALLS = 150  # of GET one in a turn without a backup


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.backup", description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--mb", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    directory.chmod(0o711)
    try:
        data = datadir.prepare(options.data or directory / "data")
        print(machine.describe())
        Bench(data, directory).run(options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Bench:
    """One run. ``data``: the installation; ``directory``: for backups and restored copies."""

    def __init__(self, data: Path, directory: Path) -> None:
        self.data, self.directory = data, directory
        (directory / "passphrase").write_text(PASSPHRASE)
        self.port, self.patient = find_free_port(), 0
        self.environ = {
            **os.environ,
            "CHARTHOUSE_DATA": str(data),
            "CHARTHOUSE_BACKUP": str(directory / "backups"),
            "CHARTHOUSE_BACKUP_PASSPHRASE_FILE": str(directory / "passphrase"),
            "CHARTHOUSE_BACKUP_DRILL_DAYS": "0",
            "PYTHONPATH": "src",
        }

    def run(self, options: argparse.Namespace) -> None:
        with embedded_postgres.run_server(self.data):
            if not (self.data / "sandbox.json").exists():
                self.execute("-m", "bench.backup_data", str(options.patients), str(options.mb))
            self.charthouse("migrate")
            self.query("drop schema if exists bench cascade")
            self.query("create schema bench")
            self.query("create table bench.write (at timestamptz)")
            self.patient = self.query("select min(id) from patients_patient where practice_id = 1")[0][0]
            size = self.query("select pg_database_size('charthouse')")[0][0]
        files = sum(path.stat().st_size for path in (self.data / "files").rglob("*") if path.is_file())
        print(f"database {size / 1e9:.2f} GB, files {files / 1e9:.2f} GB")
        print(f"full backup, files included: {self.charthouse('backup'):.1f} s")
        print(f"incremental backup: {self.charthouse('backup'):.1f} s")
        if options.rounds:
            self.measure_slowdown(options.rounds)
        self.measure_loss(kill=True, gigabytes=(size + files) / 1e9)
        self.measure_loss(kill=False, gigabytes=(size + files) / 1e9)

    def execute(self, *arguments: str) -> None:
        environ = {
            **self.environ,
            "CHARTHOUSE_SANDBOX": "1",
            "DATABASE_URL": embedded_postgres.database_url(self.data),
        }
        subprocess.run([sys.executable, *arguments], env=environ, check=True, stdout=subprocess.DEVNULL)

    def charthouse(self, *arguments: str) -> float:
        """Run a command to its end. Return the seconds that it took."""
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "charthouse", *arguments],
            env=self.environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.monotonic() - began

    def query(self, statement: str, data: Path | None = None) -> list[Any]:
        host = postgres_server.socket_directory(data or self.data)
        with psycopg.connect(f"host={host} user=postgres dbname=charthouse", autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def start(self, *arguments: str, data: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command in a block; it is stopped at its end."""
        environ = {**self.environ, "CHARTHOUSE_DATA": str(data or self.data)}
        command = [sys.executable, "-m", "charthouse", *arguments]
        process = subprocess.Popen(command, env=environ, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()

    def serve(self, data: Path | None = None) -> Any:
        return self.start("serve", "--port", str(self.port), "--workers", "1", data=data)

    def request(self) -> float:
        """GET one patient. Return the milliseconds that it took. Raises OSError."""
        app = json.loads((self.data / "sandbox.json").read_text())["practices"][0]["oauth_apps"][0]
        url = f"http://127.0.0.1:{self.port}/api/patients/{self.patient}"
        call = urllib.request.Request(url, headers={"Authorization": f"Bearer {app['access_token']}"})
        began = time.monotonic()
        with urllib.request.urlopen(call, timeout=30) as answer:
            answer.read()
        return (time.monotonic() - began) * 1000

    def wait_until_answered(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with suppress(OSError):
                self.request()
                return
            time.sleep(0.05)
        raise SystemExit("the server does not answer")

    # -- measurements -------------------------------------------------------------------------------------------

    def measure_slowdown(self, rounds: int) -> None:
        """GET one, without and with a full backup being made, in turns."""
        ratios, means = [], []
        with embedded_postgres.run_server(self.data), self.serve():
            self.wait_until_answered()
            for _ in range(50):
                self.request()
            for _ in range(rounds):
                without = sorted(self.request() for _ in range(CALLS))
                during = []
                with self.start("backup", "--full") as backup:
                    while backup.poll() is None:
                        during.append(self.request())
                during.sort()
                ratios.append(median(during) / median(without))
                means.append(sum(during) / len(during) / (sum(without) / len(without)))
                print(
                    f"GET one: p50 {median(without):.2f} ms without, {median(during):.2f} ms during a full backup "
                    f"({len(during)} calls); p95 {without[int(len(without) * 0.95)]:.2f}, "
                    f"{during[int(len(during) * 0.95)]:.2f} ms"
                )
        print(
            f"slower by (median of {rounds} rounds): p50 {median(ratios) - 1:+.0%}, mean {median(means) - 1:+.0%}"
        )

    def measure_loss(self, *, kill: bool, gigabytes: float) -> None:
        """Write ten rows a second while the worker backs up; kill or stop everything, move the data away, restore."""
        self.query_in_server("delete from bench.write")
        with embedded_postgres.run_server(self.data), self.start("worker") as worker:
            self.wait_for_stream()
            ending, written = threading.Event(), list[float]()
            writer = threading.Thread(target=self.write_rows, args=(ending, written))
            writer.start()
            time.sleep(20)
            if not kill:
                ending.set()
                writer.join()
                worker.terminate()
                worker.wait()
            else:
                self.kill_all(worker)
                ending.set()
                writer.join()
            stopped = time.time()
        moved = self.directory / "lost"
        self.data.rename(moved)
        try:
            copy = self.directory / ("killed" if kill else "stopped")
            began = time.monotonic()
            self.charthouse_at(moved, "restore", "--into", str(copy))
            restored = time.monotonic() - began
            found = self.find_restored(copy, moved, began)
        finally:
            moved.rename(self.data)
        rows, last, serving = found
        lost = len(written) - rows
        what = "killed -9" if kill else "clean stop"
        print(
            f"{what}: {len(written)} rows committed, {lost} lost, the last restored one is "
            f"{stopped - last:.1f} s older than the end; restored in {restored:.1f} s, serving after {serving:.1f} s: "
            f"{serving / gigabytes:.1f} s a GB"
        )
        shutil.rmtree(copy)

    def find_restored(self, copy: Path, moved: Path, began: float) -> tuple[int, float, float]:
        shutil.copy(moved / "sandbox.json", copy / "sandbox.json")
        original, self.data = self.data, copy
        try:
            with embedded_postgres.run_server(copy), self.serve(copy):
                self.wait_until_answered()
                serving = time.monotonic() - began
                rows, last = self.query(
                    "select count(*), extract(epoch from max(at))::float8 from bench.write"
                )[0]
        finally:
            self.data = original
        return rows, last or 0.0, serving

    def charthouse_at(self, data: Path, *arguments: str) -> None:
        environ = {**self.environ, "CHARTHOUSE_DATA": str(data)}
        subprocess.run(
            [sys.executable, "-m", "charthouse", *arguments],
            env=environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def query_in_server(self, statement: str) -> None:
        with embedded_postgres.run_server(self.data):
            self.query(statement)

    def wait_for_stream(self) -> None:
        until = time.monotonic() + 120
        ask = "select count(*) from backup_stream where stored_until > clock_timestamp() - interval '30 s'"
        while self.query(ask) != [(1,)]:
            if time.monotonic() > until:
                raise SystemExit("the worker does not back up")
            time.sleep(0.5)

    def write_rows(self, ending: threading.Event, written: list[float]) -> None:
        host = postgres_server.socket_directory(self.data)
        with (
            suppress(psycopg.Error),
            psycopg.connect(f"host={host} user=postgres dbname=charthouse", autocommit=True) as connection,
        ):
            while not ending.wait(0.1):
                connection.execute("insert into bench.write values (clock_timestamp())")
                written.append(time.time())

    def kill_all(self, worker: "subprocess.Popen[bytes]") -> None:
        """Kill the worker, what it has started, the keeper and PostgreSQL, as a power cut would."""
        import psutil

        postmaster = int((self.data / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        server = psutil.Process(postmaster)
        victims = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
        keeper = server.parent()
        if keeper is not None and keeper.pid != 1:
            victims.append(keeper)
        for victim in [*victims, server, *server.children(recursive=True)]:
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
