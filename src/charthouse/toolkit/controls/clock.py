"""The sandbox's clock."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.declaration import Control, Parameters

Time = Annotated[
    str, Meta(description="ISO 8601 date or time, such as 2027-03-01T09:30:00Z; UTC if it has no time zone.")
]


class NoParameters(Parameters):
    pass


class SetParameters(Parameters):
    to: Time


class AdvanceParameters(Parameters):
    by: Annotated[str, Meta(description="Duration, such as 90s, 45m, 3h, 2d, 1d12h.")]


class FreezeParameters(Parameters):
    at: Annotated[str | None, Meta(description="ISO 8601 time at which to stop the clock. Default: now.")] = (
        None
    )


class Clock(msgspec.Struct):
    now: str
    ahead_seconds: float
    frozen: bool
    settled: bool


CONTROLS = (
    Control("clock.show", "GET", "/clock", "Show the sandbox's time.", NoParameters, Clock),
    Control(
        "clock.advance", "POST", "/clock/advance",
        "Move the clock ahead. Webhooks, reminders, and jobs that fall due run before it returns.",
        AdvanceParameters, Clock, ("by",),
    ),
    Control(
        "clock.set", "POST", "/clock/set",
        "Set the clock, ahead or back. Anything that falls due runs before it returns.", SetParameters, Clock, ("to",),
    ),
    Control(
        "clock.freeze", "POST", "/clock/freeze",
        "Stop the clock. Anything that falls due runs before it returns.", FreezeParameters, Clock, ("at",),
    ),
    Control("clock.real", "POST", "/clock/real", "Return to the system's clock.", NoParameters, Clock),
)  # fmt: skip
