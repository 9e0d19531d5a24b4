"""Webhooks, and what was delivered to them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from charthouse.toolkit.declaration import Control, Parameters

Number = Annotated[int, Meta(ge=1)]
Wait = Annotated[float, Meta(ge=0, le=25)]


class WebhookParameters(Parameters):
    url: Annotated[str, Meta(max_length=2000, description="Where events are sent.")]
    client_id: Annotated[
        str | None, Meta(description="App whose webhook it is (DrChrono). Default: that of a practice.")
    ] = None
    practice: Annotated[
        int | None, Meta(description="Id of the practice whose webhook it is (Cerbo). Default: the first.")
    ] = None
    events: Annotated[list[str] | None, Meta(description="Names of events. Default: all.")] = None
    secret: Annotated[str | None, Meta(description="Secret of an app's webhook. Default: a random one.")] = (
        None
    )
    headers: Annotated[dict[str, str], Meta(description="Headers of a practice's webhook.")] = {}


class Webhook(msgspec.Struct):
    id: int
    kind: str
    url: str
    events: list[str]
    secret: str


class WebhookReference(Parameters):
    id: Annotated[Number, Meta(description="Id of the webhook.")]


class DeliveryReference(Parameters):
    id: Annotated[Number, Meta(description="Id of the delivery.")]


class DeliveryQuery(Parameters):
    webhook: Annotated[Number | None, Meta(description="Only those to this webhook.")] = None
    after: Annotated[int, Meta(ge=0, description="Only those with a greater id.")] = 0
    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many, newest last.")] = 50
    wait: Annotated[Wait, Meta(description="Seconds to wait for one where there is none.")] = 0


class Delivery(msgspec.Struct):
    id: int
    webhook: int
    event: str
    state: str
    at: str
    attempts: list[dict[str, Any]]
    body: Any


class Deliveries(msgspec.Struct):
    deliveries: list[Delivery]


class Done(msgspec.Struct):
    done: bool = True


class CallQuery(Parameters):
    after: Annotated[int | None, Meta(description="Only those with a greater id. Default: the newest.")] = (
        None
    )
    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many, newest last.")] = 50
    wait: Annotated[Wait, Meta(description="Seconds to wait for one where there is none.")] = 0
    app: Annotated[str | None, Meta(description="Only those of the app with this client id.")] = None


class Call(msgspec.Struct):
    id: int
    at: str
    request: str
    method: str
    path: str
    query: str
    status: int
    gate: str
    ms: float
    caller: str


class Calls(msgspec.Struct):
    calls: list[Call]


CONTROLS = (
    Control(
        "webhooks.create", "POST", "/webhooks",
        "Register a webhook of an app or a practice, which needs no verification.", WebhookParameters, Webhook,
    ),
    Control("webhooks.delete", "DELETE", "/webhooks/{id}", "Delete a webhook.", WebhookReference, Done, ("id",)),
    Control(
        "deliveries.list", "GET", "/deliveries",
        "List deliveries of webhooks with their attempts, and wait for the next.", DeliveryQuery, Deliveries,
    ),
    Control(
        "deliveries.redeliver", "POST", "/deliveries/{id}/redeliver", "Send a delivery again, with the same bytes.",
        DeliveryReference, Done, ("id",),
    ),
    Control(
        "calls.list", "GET", "/calls",
        "List API calls from the request log, with the check that refused each, and wait for the next.",
        CallQuery, Calls,
    ),
)  # fmt: skip
