"""The sandbox's clock."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.declaration import Control, Parameters

Time = Annotated[
    str, Meta(description="ISO 8601 date or time, UTC where it has no zone, as 2027-03-01T09:30:00Z.")
]


class NoParameters(Parameters):
    pass


class SetParameters(Parameters):
    to: Time


class AdvanceParameters(Parameters):
    by: Annotated[str, Meta(description="How far: 90s, 45m, 3h, 2d, 1d12h.")]


class FreezeParameters(Parameters):
    at: Annotated[str | None, Meta(description="ISO 8601 time to stop at. Default: now.")] = None


class Clock(msgspec.Struct):
    now: str
    ahead_seconds: float
    frozen: bool
    settled: bool


CONTROLS = (
    Control("clock.show", "GET", "/clock", "Say what time it is in the sandbox.", NoParameters, Clock),
    Control(
        "clock.advance", "POST", "/clock/advance",
        "Move the clock ahead. What falls due (webhooks, reminders, jobs) is done before the answer.",
        AdvanceParameters, Clock, ("by",),
    ),
    Control(
        "clock.set", "POST", "/clock/set",
        "Set the clock, ahead or back. What falls due is done before the answer.", SetParameters, Clock, ("to",),
    ),
    Control(
        "clock.freeze", "POST", "/clock/freeze",
        "Stop the clock. What falls due is done before the answer.", FreezeParameters, Clock, ("at",),
    ),
    Control("clock.real", "POST", "/clock/real", "Let the clock follow the system's again.", NoParameters, Clock),
)  # fmt: skip
