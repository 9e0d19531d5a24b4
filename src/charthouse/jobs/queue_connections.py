"""Connections of the worker to its queue: procrastinate listens on them, so they have sessions of their own."""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from procrastinate import PsycopgConnector
from procrastinate.contrib.django.utils import connector_params

from charthouse.identity.database.base import format_session


def make_connector() -> PsycopgConnector:
    """Return what procrastinate's worker connects by, in the role of the web server."""
    alias = settings.QUEUE_DATABASE
    session = format_session(connections[alias].settings_dict["OPTIONS"]["session"])

    async def configure(connection: "psycopg.AsyncConnection[Any]") -> None:
        await connection.execute(session.encode())
        await connection.commit()

    return PsycopgConnector(kwargs=connector_params(alias), configure=configure)
