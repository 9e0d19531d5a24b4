"""What each control does: a function of its parameters that returns its answer, and may raise RequestError."""

from collections.abc import Callable
from typing import Any

from charthouse.sandbox.control.handlers import (
    access,
    clock,
    events,
    faults,
    forks,
    modes,
    scenarios,
    snapshots,
    webhooks,
)

HANDLERS: dict[str, Callable[[Any], Any]] = {
    **access.HANDLERS,
    **clock.HANDLERS,
    **snapshots.HANDLERS,
    **forks.HANDLERS,
    **faults.HANDLERS,
    **webhooks.HANDLERS,
    **events.HANDLERS,
    **modes.HANDLERS,
    **scenarios.HANDLERS,
}
