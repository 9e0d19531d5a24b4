"""What the measuring stands on: CPU time of process trees, and a description of the machine that names nobody."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")  # CPU clock ticks a second


def count_cpu_seconds(root: int) -> float:
    """User and system time of a process and all below it, the ended ones that were waited for included.

    Of a server that is everything it did; of a postmaster, every backend, writer and I/O worker.
    """
    total = 0
    pending = [root]
    while pending:
        pid = pending.pop()
        try:
            # the command may hold spaces, so count the columns after its closing bracket (proc_pid_stat(5))
            columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            for task in tasks:
                pending += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(map(int, columns[11:15]))  # utime, stime, cutime, cstime
    return total / TICK


def measure_memory(root: int, kind: str = "Pss") -> int:
    """Bytes of memory of a process and all below it; pages that they share count once (proportional set size), or of
    kind ``Rss`` in each."""
    total, pending = 0, [root]
    while pending:
        pid = pending.pop()
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for task in Path(f"/proc/{pid}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{kind}:"))
    return total * 1024


def describe() -> str:
    """One line: date, cores, processor family, memory, operating system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} virtual cores ({platform.machine()}), "
        f"{memory:.0f} GiB of memory, {platform.system()}, Python {platform.python_version()}"
    )
