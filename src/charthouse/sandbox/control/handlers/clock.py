"""Controls of the clock."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from charthouse import clock
from charthouse.changes import clock_control
from charthouse.engine.errors import Invalid
from charthouse.sandbox.control import settling
from charthouse.toolkit import declaration
from charthouse.toolkit.controls.clock import (
    AdvanceParameters,
    Clock,
    FreezeParameters,
    NoParameters,
    SetParameters,
)


def show(parameters: NoParameters) -> Clock:
    return _describe(settling.is_settled())


def advance(parameters: AdvanceParameters) -> Clock:
    clock_control.advance(_parse("by", declaration.parse_duration, parameters.by))
    return _describe(settling.wait())


def set_time(parameters: SetParameters) -> Clock:
    clock_control.set_time(_parse_time("to", parameters.to))
    return _describe(settling.wait())


def freeze(parameters: FreezeParameters) -> Clock:
    clock_control.stop(None if parameters.at is None else _parse_time("at", parameters.at))
    return _describe(settling.wait())


def follow_system(parameters: NoParameters) -> Clock:
    clock_control.follow_system()
    return _describe(settling.wait())


def _parse_time(name: str, text: str) -> datetime:
    found: datetime = _parse(name, declaration.parse_timestamp, text)
    return found


def _parse(name: str, parse: Callable[[str], Any], text: str) -> Any:
    """Parse a parameter. Raises Invalid."""
    try:
        return parse(text)
    except (ValueError, OverflowError):
        raise Invalid({name: [f"{text[:50]!r} can't be read as a time."]}) from None


def _describe(settled: bool) -> Clock:
    ahead = clock.get_offset().total_seconds()
    return Clock(
        clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        round(ahead, 3) + 0.0,
        clock.get_stopped_time() is not None,
        settled,
    )


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "clock.show": show,
    "clock.advance": advance,
    "clock.set": set_time,
    "clock.freeze": freeze,
    "clock.real": follow_system,
}
