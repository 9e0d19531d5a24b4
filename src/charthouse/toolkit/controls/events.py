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
    event: Annotated[str, Meta(max_length=100, description="Name of the event, as events.list shows it.")]
    override: Annotated[
        dict[str, Any], Meta(description="Fields of the write, in place of those of an example.")
    ] = {}
    row: Annotated[
        RowId | None, Meta(description="Id of the row that is changed or deleted. Default: one is made.")
    ] = None
    practice: Annotated[
        int | None,
        Meta(description="Id of the practice, in which its primary user acts. Default: the first."),
    ] = None
    wait: Annotated[Wait, Meta(description="Seconds to wait until its webhooks are sent, at most.")] = 10


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
        "List the events of webhooks, with the fields that can be given to trigger each.", NoParameters, Events,
    ),
    Control(
        "events.trigger", "POST", "/events/trigger",
        "Cause an event of webhooks by the write that it follows from, and show its deliveries.",
        TriggerParameters, Triggered, ("event",),
    ),
)  # fmt: skip
