"""Faults of calls and webhooks, as networks, proxies and overloaded servers cause them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

CALL_KINDS = {
    "429": "refused as too many calls, as the API words it",
    "500": "a server error, as the API words it",
    "502": "a proxy's page in HTML",
    "302": "a redirect to a page to sign in",
    "401": "the token or secret is refused",
    "latency": "answered after so many seconds",
    "drip": "the answer takes so many seconds to arrive",
    "cut": "the connection ends in the middle of the answer",
    "reset": "the connection ends before an answer",
}
WEBHOOK_KINDS = {
    "webhook-late": "sent so many seconds late",
    "webhook-twice": "sent twice",
    "webhook-disorder": "sent after the next one, or after so many seconds",
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
    app: Annotated[str | None, Meta(description="Only of the app with this client id.")] = None
    api_user: Annotated[str | None, Meta(description="Only of the API user with this name.")] = None
    practice: Annotated[int | None, Meta(description="Only of callers of this practice, by its id.")] = None
    operation: Annotated[
        Pattern | None,
        Meta(description="Only of these calls, as GET /api/patients/*; of webhooks, the event."),
    ] = None
    share: Annotated[Share, Meta(description="Share of the calls, above 0 up to 1.")] = 1.0
    count: Annotated[Count | None, Meta(description="Of so many calls. Default: until it is removed.")] = None
    lasts: Annotated[Count | None, Meta(description="For so many seconds.")] = None
    seconds: Annotated[Seconds, Meta(description="Of latency, drip and webhooks that are late.")] = (
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
    Control("faults.list", "GET", "/faults", "List the faults that apply.", NoParameters, Faults),
    Control(
        "faults.add", "POST", "/faults",
        "Let calls or webhooks fail: those of an app, API user or operation, a share, a number, for a time.",
        FaultParameters, Fault, ("kind",),
    ),
    Control("faults.remove", "DELETE", "/faults/{id}", "Remove a fault.", FaultReference, Removed, ("id",)),
    Control("faults.clear", "DELETE", "/faults", "Remove all faults.", NoParameters, Removed),
)  # fmt: skip
