"""The three servers under test, each in a process of its own with one worker, and the load sent to them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.client import Job, Outcome
from bench.machine import count_cpu_seconds

ROOT = Path(__file__).resolve().parent.parent
READY = 60  # seconds a server may take to answer at all


@dataclass
class Server:
    """One server. ``label`` is its letter in the tables, ``command`` what starts it (``{port}`` filled in)."""

    label: str
    name: str
    command: list[str]
    environ: dict[str, str]
    log: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.port = find_free_port()
        command = [part.replace("{port}", str(self.port)) for part in self.command]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", **self.environ},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + READY
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def count_cpu_seconds(self) -> float:
        assert self.process is not None
        return count_cpu_seconds(self.process.pid)

    def get(self, path: str, authorization: str) -> object:
        """One answer's JSON, for comparing; raises on any status but 200."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            # The host is in URLs of an answer; (c) has the default one.
            headers={"Authorization": authorization, "Host": "127.0.0.1:8000"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def compose_charthouse_command(threads: int = 4, workers: int = 1) -> list[str]:
    """Charthouse's own server."""
    base = [sys.executable, "-m", "charthouse.web_server", "--port", "{port}"]
    return [*base, "--workers", str(workers), "--threads", str(threads)]


def compose_granian_command(target: str, interface: str, *options: str) -> list[str]:
    """One worker of Granian, without access log."""
    base = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        interface,
        "--workers",
        "1",
        "--no-ws",
        "--http",
        "1",
    ]
    return [*base, "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning", *options, target]


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def generate_load(job: Job) -> Outcome:
    """Run the load generator in its own process. Raises RuntimeError when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.client"],
        cwd=ROOT,
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        timeout=job.seconds + 120,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr[-2000:]}")
    return Outcome(**json.loads(done.stdout))
