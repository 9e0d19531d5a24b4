"""The faults that apply, in a file that all processes of a sandbox share. Without any, a call reads one number in
memory."""

import fcntl
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from django.conf import settings

from charthouse import durable
from charthouse.engine.errors import Conflict
from charthouse.sandbox.control.gate import get_gate
from charthouse.toolkit.controls.faults import Fault, FaultParameters

MAX_FAULTS = 100
_random = random.SystemRandom()
_known: tuple[int, list[Fault]] = (0, [])


def list_all() -> list[Fault]:
    """List the faults that apply."""
    return [fault for fault in _load() if not _has_ended(fault)]


def add(parameters: FaultParameters) -> Fault:
    """Add a fault. Raises Conflict where there are too many."""
    with _change() as faults:
        if len(faults) >= MAX_FAULTS:
            raise Conflict(f"There can be at most {MAX_FAULTS} faults.")
        values = msgspec.to_builtins(parameters)
        lasts = values.pop("lasts")
        number = max((fault.id for fault in faults), default=0) + 1
        fault = Fault(id=number, until=time.time() + lasts if lasts else None, **values)
        faults.append(fault)
    return fault


def remove(matches: Callable[[Fault], bool]) -> int:
    """Remove the faults for which ``matches`` is true, and return how many they were."""
    with _change() as faults:
        removed = [fault for fault in faults if matches(fault)]
        faults[:] = [fault for fault in faults if fault not in removed]
    return len(removed)


def take(matches: Callable[[Fault], bool]) -> Fault | None:
    """Return the first fault that applies and matches, and count it."""
    global _known
    version = get_gate().faults_version
    if not version:
        return None
    if _known[0] != version:
        _known = (version, _load())
    for fault in _known[1]:
        applies = not _has_ended(fault) and matches(fault) and _random.random() < fault.share
        if applies and (fault.count is None or _count(fault.id)):
            return fault
    return None


def _count(number: int) -> bool:
    """Count one call of a fault that applies to a number of calls. Return False where it has no more."""
    with _change() as faults:
        fault = next((each for each in faults if each.id == number), None)
        if fault is None or not fault.count:
            return False
        fault.count -= 1
        faults[:] = [each for each in faults if each.count != 0]
    return True


def _has_ended(fault: Fault) -> bool:
    return fault.until is not None and time.time() > fault.until


@contextmanager
def _change() -> Iterator[list[Fault]]:
    """Change the list of faults within the block, against other threads and processes."""
    with (Path(settings.DATA) / "sandbox.faults.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        faults = [fault for fault in _load() if not _has_ended(fault)]
        yield faults
        durable.write_file(_get_path(), msgspec.json.encode(faults))
        gate = get_gate()
        gate.set_faults_version(time.time_ns() if faults else 0)


def _load() -> list[Fault]:
    try:
        return msgspec.json.decode(_get_path().read_bytes(), type=list[Fault])
    except FileNotFoundError:
        return []


def _get_path() -> Path:
    return Path(settings.DATA) / "sandbox-faults.json"
