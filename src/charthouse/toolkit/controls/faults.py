"""Faults of calls and webhooks, as networks, proxies and overloaded servers cause them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

CALL_KINDS = {
    "429": "too many requests, in the API's own format",
    "500": "a server error, in the API's own format",
    "502": "a proxy's HTML page",
    "302": "a redirect to a sign-in page",
    "401": "the token or secret is refused",
    "latency": "the response is delayed by the given seconds",
    "drip": "the response takes the given seconds to arrive",
    "cut": "the connection closes during the response",
    "reset": "the connection closes before a response",
}
WEBHOOK_KINDS = {
    "webhook-late": "sent late by the given seconds",
    "webhook-twice": "sent twice",
    "webhook-disorder": "sent after the next one, or after the given seconds",
    "webhook-lost": "not sent until it is redelivered",
}
KINDS = CALL_KINDS | WEBHOOK_KINDS
HEADER = "X-Charthouse-Fault"  # of one call: a kind, or kind=seconds
DEFAULT_SECONDS = 2.0
MAX_SECONDS = 20.0

Kind = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(KINDS)})$",
        description="; ".join(f"{name}: {text}" for name, text in KINDS.items()) + ".",
    ),
]
Pattern = Annotated[str, Meta(max_length=200)]
Share = Annotated[float, Meta(gt=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=MAX_SECONDS)]


class FaultParameters(Parameters):
    kind: Kind
    app: Annotated[str | None, Meta(description="Only for the app with this client id.")] = None
    api_user: Annotated[str | None, Meta(description="Only for the API user with this name.")] = None
    practice: Annotated[int | None, Meta(description="Only for callers of the practice with this id.")] = None
    operation: Annotated[
        Pattern | None,
        Meta(description="Only for these requests, such as GET /api/patients/*; for webhooks, the event."),
    ] = None
    share: Annotated[Share, Meta(description="Share of the requests, above 0 and up to 1.")] = 1.0
    count: Annotated[Count | None, Meta(description="Number of requests. Default: until it is removed.")] = (
        None
    )
    lasts: Annotated[Count | None, Meta(description="Duration in seconds.")] = None
    seconds: Annotated[Seconds, Meta(description="Seconds for latency, drip, and late webhooks.")] = (
        DEFAULT_SECONDS
    )


class Fault(msgspec.Struct):
    id: int
    kind: str
    app: str | None
    api_user: str | None
    practice: int | None
    operation: str | None
    share: float
    count: int | None
    until: float | None
    seconds: float


class FaultReference(Parameters):
    id: Annotated[int, Meta(ge=1, description="Id of the fault.")]


class Faults(msgspec.Struct):
    faults: list[Fault]


class Removed(msgspec.Struct):
    removed: int


CONTROLS = (
    Control("faults.list", "GET", "/faults", "List the active faults.", NoParameters, Faults),
    Control(
        "faults.add", "POST", "/faults",
        "Make requests or webhooks fail: by app, API user, or operation; a share, a number, or for a time.",
        FaultParameters, Fault, ("kind",),
    ),
    Control("faults.remove", "DELETE", "/faults/{id}", "Remove a fault.", FaultReference, Removed, ("id",)),
    Control("faults.clear", "DELETE", "/faults", "Remove all faults.", NoParameters, Removed),
)  # fmt: skip
