"""All controls of the sandbox, by group."""

from charthouse.toolkit.controls import access, clock, events, faults, modes, scenarios, snapshots, webhooks
from charthouse.toolkit.declaration import Control

CONTROLS: tuple[Control, ...] = (
    *access.CONTROLS,
    *clock.CONTROLS,
    *snapshots.CONTROLS,
    *scenarios.CONTROLS,
    *faults.CONTROLS,
    *webhooks.CONTROLS,
    *events.CONTROLS,
    *modes.CONTROLS,
)


def find_control(name: str) -> Control:
    """Return a control by its name, "group.verb". Raises KeyError."""
    return next((each for each in CONTROLS if each.name == name), None) or _raise_unknown(name)


def _raise_unknown(name: str) -> Control:
    raise KeyError(name)
