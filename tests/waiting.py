"""Waiting for what another thread or process does: for a condition, never for time."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 120  # seconds after which something that should happen has failed, on the busiest machine


def until(condition: Callable[[], Any], what: str = "it did not come true", seconds: float = PATIENCE) -> Any:
    """Wait until a condition is true and return its value. ``what``: said if it does not become true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} within {seconds:.0f} s"
        time.sleep(0.01)
    return found
