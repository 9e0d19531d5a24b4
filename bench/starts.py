"""``python -m bench.starts [--rounds N]``: how long a sandbox takes to start, and how much CPU.

Each round starts a new sandbox of the usual size, stops it, and starts it again. Seconds by the clock count until the
command says that it is running; CPU is that of all its processes, PostgreSQL's among them, until then.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.machine import count_cpu_seconds, describe
from bench.servers import ROOT, find_free_port

RUNNING = "Ctrl-C stops everything"  # of the command's last line


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.starts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float]]] = {"first start": [], "start of one that is there": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="charthouse-bench-") as directory:
            for figures in found.values():
                figures.append(start_once(Path(directory) / "sandbox"))
    print(f"{describe()}; load {os.getloadavg()[0]:.1f}; medians of {rounds}\n")
    print("| | seconds | CPU seconds |\n|---|--:|--:|")
    for title, figures in found.items():
        seconds, cpu = (median(figure[index] for figure in figures) for index in (0, 1))
        print(f"| {title} | {seconds:.1f} | {cpu:.1f} |")


def start_once(data: Path) -> tuple[float, float]:
    """Start the sandbox of this directory and stop it. Return seconds by the clock and of CPU until it was running."""
    command = [
        sys.executable,
        "-m",
        "charthouse",
        "sandbox",
        "--data",
        str(data),
        "--port",
        str(find_free_port()),
    ]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if RUNNING in line:
                break
        figures = time.monotonic() - began, count_cpu_seconds(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate()
    if RUNNING not in lines[-1]:
        raise SystemExit("".join(lines[-20:]))
    return figures


if __name__ == "__main__":
    main()
