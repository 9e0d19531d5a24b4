"""Webhooks of apps as DrChrono sends them."""

from charthouse.changes import app_webhooks
from charthouse.changes.event_catalog import WebhookFormat
from charthouse.gateway.drchrono.registry import get_registry

MANNER = WebhookFormat(
    kind="app",
    load_registry=get_registry,
    encode_object=app_webhooks.encode_object,
    build_body=app_webhooks.build_body,
    build_headers=app_webhooks.build_headers,
    compute_next_attempt=app_webhooks.compute_next_attempt,
)
