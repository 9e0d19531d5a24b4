"""Connections of this process through a pooler in transaction mode, as CHARTHOUSE_POOLER_URL makes them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from charthouse.audit import request_log
from charthouse.identity import tenancy
from charthouse.identity.pooled_database.base import DatabaseWrapper
from tests.pooling.bouncer import Bouncer


@contextmanager
def use_pooler(bouncer: Bouncer) -> Iterator[DatabaseWrapper]:
    """Use the pooler for requests of all threads in the block. Yields this thread's connection to it."""
    direct = connections["default"]
    configured = {
        **connections.settings["default"],
        "ENGINE": "charthouse.identity.pooled_database",
        "HOST": "127.0.0.1",
        "PORT": str(bouncer.port),
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    request_log.flush()
    connections.settings["queue"], connections.settings["default"] = (
        connections.settings["default"],
        configured,
    )
    settings.QUEUE_DATABASE = "queue"
    wrapper = DatabaseWrapper(configured, "default")
    connections["default"] = tenancy._thread.wrapper = wrapper
    try:
        yield wrapper
        request_log.flush()
    finally:
        wrapper.close()
        connections["default"] = tenancy._thread.wrapper = direct
        connections.settings["default"] = connections.settings.pop("queue")
        settings.QUEUE_DATABASE = "default"
