"""Events of webhooks, caused by the write that each follows from."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.controls.webhooks import Delivery, Wait
from charthouse.toolkit.declaration import Control, Parameters

RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class Event(msgspec.Struct):
    name: str
    kind: str
    own: bool
    fields: list[str]
    takes_row: bool


class Events(msgspec.Struct):
    events: list[Event]


class TriggerParameters(Parameters):
    event: Annotated[str, Meta(max_length=100, description="Name of the event, as in events.list.")]
    override: Annotated[
        dict[str, Any], Meta(description="Fields of the write, replacing those of the example.")
    ] = {}
    row: Annotated[
        RowId | None, Meta(description="Id of the row to change or delete. Default: a new row.")
    ] = None
    practice: Annotated[
        int | None,
        Meta(description="Id of the practice, whose primary user acts. Default: the first."),
    ] = None
    wait: Annotated[Wait, Meta(description="Maximum seconds to wait until the webhooks are sent.")] = 10


class MadeRow(msgspec.Struct):
    resource: str
    id: int


class Triggered(msgspec.Struct):
    event: str
    practice: int
    row: int
    made: list[MadeRow]
    deliveries: list[Delivery]
    settled: bool


CONTROLS = (
    Control(
        "events.list", "GET", "/events",
        "List webhook events, with the fields that you can set when you trigger each.", NoParameters, Events,
    ),
    Control(
        "events.trigger", "POST", "/events/trigger",
        "Cause a webhook event by making the write that leads to it, and show its deliveries.",
        TriggerParameters, Triggered, ("event",),
    ),
)  # fmt: skip
