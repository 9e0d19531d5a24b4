"""Webhooks, and what was delivered to them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from charthouse.toolkit.declaration import Control, Parameters

Number = Annotated[int, Meta(ge=1)]
Wait = Annotated[float, Meta(ge=0, le=25)]


class WebhookParameters(Parameters):
    url: Annotated[str, Meta(max_length=2000, description="URL that receives the events.")]
    client_id: Annotated[
        str | None,
        Meta(
            description="Client id of the app, for an app's webhook (DrChrono). Default: a practice's webhook."
        ),
    ] = None
    practice: Annotated[
        int | None,
        Meta(description="Id of the practice, for a practice's webhook (Cerbo). Default: the first."),
    ] = None
    events: Annotated[list[str] | None, Meta(description="Event names. Default: all.")] = None
    secret: Annotated[str | None, Meta(description="Secret of an app's webhook. Default: a random one.")] = (
        None
    )
    headers: Annotated[dict[str, str], Meta(description="Headers to send with a practice's webhook.")] = {}


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
    limit: Annotated[int, Meta(ge=1, le=500, description="Maximum number of rows, newest last.")] = 50
    wait: Annotated[Wait, Meta(description="Seconds to wait if there are none.")] = 0


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
    limit: Annotated[int, Meta(ge=1, le=500, description="Maximum number of rows, newest last.")] = 50
    wait: Annotated[Wait, Meta(description="Seconds to wait if there are none.")] = 0
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
        "Register a webhook for an app or a practice. It requires no verification.", WebhookParameters, Webhook,
    ),
    Control("webhooks.delete", "DELETE", "/webhooks/{id}", "Delete a webhook.", WebhookReference, Done, ("id",)),
    Control(
        "deliveries.list", "GET", "/deliveries",
        "List webhook deliveries with their attempts, and wait for the next.", DeliveryQuery, Deliveries,
    ),
    Control(
        "deliveries.redeliver", "POST", "/deliveries/{id}/redeliver", "Resend a delivery with the same bytes.",
        DeliveryReference, Done, ("id",),
    ),
    Control(
        "calls.list", "GET", "/calls",
        "List API requests from the request log, with the check that refused each, and wait for the next.",
        CallQuery, Calls,
    ),
)  # fmt: skip
