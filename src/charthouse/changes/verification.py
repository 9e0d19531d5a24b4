"""Verification of the receivers of apps' webhooks, by the worker: a receiver may take ten seconds to answer, in which a
thread of the web server would serve nobody."""

import asyncio
from collections.abc import Sequence

from django.db import connections

from charthouse import clock
from charthouse.changes.models import Webhook
from charthouse.identity import incarnations
from charthouse.identity.sealed_secrets import UnsealError

MAX_AT_ONCE = 50
UNREADABLE = "its secret was sealed with another key of the server and has to be entered again"


def verify_pending() -> int:
    """Ask all receivers whose verification was requested, at once, and record the answers. Return their number. None
    are asked from a restored copy."""
    if not incarnations.may_send("owner"):
        return 0
    asked = Webhook.objects.using("owner").filter(
        verification_requested_at__isnull=False, practice=None, deleted_at=None
    )
    webhooks = list(asked.order_by("verification_requested_at")[:MAX_AT_ONCE])
    if webhooks:
        connections["owner"].close()  # not held while receivers are waited for
        problems = asyncio.run(_ask_all(webhooks))
        for webhook, problem in zip(webhooks, problems, strict=True):
            _record(webhook, problem)
    return len(webhooks)


async def _ask_all(webhooks: Sequence[Webhook]) -> list[str]:
    return await asyncio.gather(*(_ask(webhook) for webhook in webhooks))


async def _ask(webhook: Webhook) -> str:
    """Return "" where the receiver has proved that it knows the secret, else a short description of the error."""
    try:
        secret = webhook.secret
    except UnsealError:
        return UNREADABLE
    from charthouse.changes import http_client  # a third of a second, which most processes have no use for

    return await http_client.verify(webhook.callback_url, secret)


def _record(webhook: Webhook, problem: str) -> None:
    """Record an answer, unless URL or secret were changed in the meantime."""
    same = Webhook.objects.using("owner").filter(
        pk=webhook.pk, callback_url=webhook.callback_url, sealed_secret=webhook.sealed_secret
    )
    same.update(
        verified_at=None if problem else clock.now(),
        verification_requested_at=None,
        verification_error=problem[:200],
    )
