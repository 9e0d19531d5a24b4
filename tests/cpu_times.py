"""CPU seconds of each file of tests, and the most memory of each worker: ``make test ARGS="-p tests.cpu_times"``.

Counted are the worker, processes that its tests started and waited for, and its PostgreSQL. Seconds by the clock say
little on a machine that does something else at the same time.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

LISTED = 40
Times = list[float]  # of the worker, of processes, of PostgreSQL

_times: dict[str, Times] = defaultdict(lambda: [0.0, 0.0, 0.0])
_peaks: list[int] = []  # MB


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    before = _measure()
    result = yield
    file = _times[item.nodeid.partition("::")[0]]
    for number, (start, end) in enumerate(zip(before, _measure(), strict=True)):
        file[number] += max(0.0, end - start)  # a server that is stopped takes its seconds along
    return result


def _measure() -> Times:
    times = os.times()
    return [times.user + times.system, times.children_user + times.children_system, _measure_postgres()]


def _measure_postgres() -> float:
    from tests.conftest import PGDATA

    seconds = 0.0
    with suppress(OSError, psutil.Error):
        server = psutil.Process(int((PGDATA / "postmaster.pid").read_text().split()[0]))
        ended = server.cpu_times()
        seconds = ended.children_user + ended.children_system
        for process in (server, *server.children()):
            with suppress(psutil.Error):  # one that ends at this moment
                times = process.cpu_times()
                seconds += times.user + times.system
    return seconds


def pytest_sessionfinish(session: pytest.Session) -> None:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cpu_times"] = (dict(_times), peak)
    elif _times:
        _peaks.append(peak)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    times, peak = getattr(node, "workeroutput", {}).get("cpu_times", ({}, 0))
    _peaks.append(peak)
    for file, seconds in times.items():
        _times[file] = [a + b for a, b in zip(_times[file], seconds, strict=True)]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    write = terminalreporter.write_line
    terminalreporter.section("CPU seconds: all, worker, processes, PostgreSQL")
    folders: dict[str, Times] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for file, seconds in _times.items():
        folder = "/".join(file.split("/")[:2])
        folders[folder] = [a + b for a, b in zip(folders[folder], seconds, strict=True)]
    for found in (_times, folders):
        longest = sorted(found.items(), key=lambda entry: -sum(entry[1]))[:LISTED]
        for name, seconds in longest:
            write(" ".join(f"{number:7.1f}" for number in (sum(seconds), *seconds)) + f"  {name}")
        write("")
    write(f"all {sum(map(sum, _times.values())):.0f} s; memory of workers {sorted(_peaks)} MB")
