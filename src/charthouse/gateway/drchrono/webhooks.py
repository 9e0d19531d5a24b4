"""Webhooks of apps as DrChrono sends them."""

from charthouse.changes import wire
from charthouse.changes.catalogue import Manner
from charthouse.gateway.drchrono.registry import registry

MANNER = Manner(
    kind="app",
    registry=registry,
    content=wire.content,
    body=wire.body,
    headers=wire.headers,
    next_try=wire.next_try,
)
