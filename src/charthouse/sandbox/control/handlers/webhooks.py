"""Controls of webhooks, deliveries and the request log."""

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from charthouse import clock
from charthouse.audit.models import ApiCall
from charthouse.changes import actions
from charthouse.changes.event_catalog import load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.engine.errors import Invalid, NotFound
from charthouse.identity import tenancy
from charthouse.identity.models import ApiUser, Application, User
from charthouse.sandbox.control.handlers.access import find_app, find_practice
from charthouse.toolkit.controls import webhooks

POLL_INTERVAL = 0.05  # seconds


def create(parameters: webhooks.WebhookParameters) -> webhooks.Webhook:
    if parameters.client_id is not None and parameters.practice is not None:
        raise Invalid({"practice": ["A webhook is that of an app or of a practice."]})
    kind = "practice" if parameters.client_id is None else "app"
    events = list(load_catalog().events[kind]) if parameters.events is None else parameters.events
    secret = parameters.secret or ("" if kind == "practice" else secrets.token_urlsafe(24))
    if parameters.client_id is not None:
        app = find_app(parameters.client_id)
        webhook = actions.create_app_webhook(app, parameters.url, secret, events)
        webhook.verified_at = clock.now()
        webhook.save()
    else:
        practice = find_practice(parameters.practice)
        with tenancy.within(practice.pk):
            webhook = actions.create_practice_webhook(practice, parameters.url, parameters.headers, events)
    return webhooks.Webhook(webhook.pk, kind, webhook.callback_url, webhook.events, secret)


def delete(parameters: webhooks.WebhookReference) -> webhooks.Done:
    webhook = Webhook.objects.using("owner").filter(pk=parameters.id, deleted_at=None).first()
    if webhook is None:
        raise NotFound
    actions.delete(webhook)
    return webhooks.Done()


def list_deliveries(parameters: webhooks.DeliveryQuery) -> webhooks.Deliveries:
    found = Delivery.objects.using("owner").filter(pk__gt=parameters.after)
    if parameters.webhook is not None:
        found = found.filter(webhook=parameters.webhook)
    rows = _wait_for(lambda: list(found.order_by("-pk")[: parameters.limit]), parameters.wait)
    return webhooks.Deliveries([describe_delivery(row) for row in reversed(rows)])


def describe_delivery(row: Delivery) -> webhooks.Delivery:
    body = msgspec.json.decode(bytes(row.body) or b"{}")
    at = _format(row.at)
    return webhooks.Delivery(row.pk, row.webhook_id, row.event, row.state, at, row.attempts, body)


def redeliver(parameters: webhooks.DeliveryReference) -> webhooks.Done:
    rows = Delivery.objects.using("owner").filter(pk=parameters.id)
    if not rows.update(next_try=clock.now(), by_hand=True, leased_until=None):
        raise NotFound
    return webhooks.Done()


def list_calls(parameters: webhooks.CallQuery) -> webhooks.Calls:
    calls = ApiCall.objects.using("owner")
    if parameters.app is not None:
        calls = calls.filter(app_id=find_app(parameters.app).pk)
    if parameters.after is None:
        rows = list(calls.order_by("-pk")[: parameters.limit])[::-1]
    else:
        later = calls.filter(pk__gt=parameters.after).order_by("pk")
        rows = _wait_for(lambda: list(later[: parameters.limit]), parameters.wait)
    callers = _name_callers(rows)
    return webhooks.Calls([_describe_call(row, callers) for row in rows])


def _describe_call(row: ApiCall, callers: dict[tuple[str, int | None], str]) -> webhooks.Call:
    parts = (("app", row.app_id), ("user", row.user_id), ("api user", row.api_user_id))
    return webhooks.Call(
        id=row.pk,
        at=_format(row.at),
        request=str(row.request),
        method=row.method,
        path=row.path,
        query=row.query,
        status=row.status,
        gate=row.gate,
        ms=round(row.microseconds / 1000, 1),
        caller=", ".join(callers[part] for part in parts if part in callers),
    )


def _name_callers(rows: list[ApiCall]) -> dict[tuple[str, int | None], str]:
    """The names of the apps, users and API users of calls."""
    found: dict[tuple[str, int | None], str] = {}
    for kind, model, column, name in (
        ("app", Application, "app_id", "name"),
        ("user", User, "user_id", "username"),
        ("api user", ApiUser, "api_user_id", "username"),
    ):
        ids = {getattr(row, column) for row in rows} - {None}
        named = model._default_manager.using("owner").filter(pk__in=ids).values_list("pk", name)
        found |= {(kind, number): text for number, text in named}
    return found


def _wait_for(load: Callable[[], list[Any]], seconds: float) -> list[Any]:
    """Load rows until there are some, or the seconds are over."""
    until = time.monotonic() + seconds
    while not (rows := load()) and time.monotonic() < until:
        time.sleep(POLL_INTERVAL)
    return rows


def _format(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "webhooks.create": create,
    "webhooks.delete": delete,
    "deliveries.list": list_deliveries,
    "deliveries.redeliver": redeliver,
    "calls.list": list_calls,
}
