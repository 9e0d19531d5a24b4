"""The faults that apply."""

import random
import time
from collections.abc import Callable

import msgspec

from charthouse.engine.errors import Conflict
from charthouse.sandbox.control.gate import Slot
from charthouse.sandbox.control.shared_list import SharedList
from charthouse.toolkit.controls.faults import Fault, FaultParameters

MAX_FAULTS = 100
_random = random.SystemRandom()
_FAULTS = SharedList("sandbox-faults", Slot.FAULTS, Fault)


def list_all() -> list[Fault]:
    """List the faults that apply."""
    return [fault for fault in _FAULTS.load() if not _has_ended(fault)]


def add(parameters: FaultParameters) -> Fault:
    """Add a fault. Raises Conflict where there are too many."""
    with _FAULTS.change() as faults:
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
    with _FAULTS.change() as faults:
        removed = [fault for fault in faults if matches(fault)]
        faults[:] = [fault for fault in faults if fault not in removed]
    return len(removed)


def take(matches: Callable[[Fault], bool]) -> Fault | None:
    """Return the first fault that applies and matches, and count it."""
    for fault in _FAULTS.read():
        applies = not _has_ended(fault) and matches(fault) and _random.random() < fault.share
        if applies and (fault.count is None or _count(fault.id)):
            return fault
    return None


def _count(number: int) -> bool:
    """Count one call of a fault that applies to a number of calls. Return False where it has no more."""
    with _FAULTS.change() as faults:
        fault = next((each for each in faults if each.id == number), None)
        if fault is None or not fault.count:
            return False
        fault.count -= 1
        faults[:] = [each for each in faults if each.count != 0]
    return True


def _has_ended(fault: Fault) -> bool:
    return fault.until is not None and time.time() > fault.until
