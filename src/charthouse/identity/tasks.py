"""Tasks: password links that were requested, and periodic deletion of what has expired: codes, tokens, sessions, call
counts, failed sign-in attempts.

Rows are deleted in transactions of at most BATCH_SIZE rows, so that locks are short however many rows there are.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.identity import password_links
from charthouse.identity.models import AccessToken, Grant, RefreshToken
from charthouse.identity.sealed_secrets import UnsealError, unseal

BATCH_SIZE = 1000
# Expired rows are retained for so long: a used code or a revoked token still explains its refusal, and the reuse of
# a code still revokes its tokens.
RETENTION = timedelta(days=2)


@app.task(name="charthouse.identity.send_password_links", queue="links")
def send_password_links(sealed: str) -> None:
    """Send the links that somebody requested. ``sealed``: the encrypted username or e-mail address."""
    with suppress(UnsealError):  # the secret key was changed meanwhile: the user asks again
        password_links.send_requested_links(unseal(sealed))


@app.periodic(cron="*/10 * * * *", periodic_id="sweep_identity")
@app.task(name="charthouse.identity.sweep", queueing_lock="charthouse.identity.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Run ``sweep`` every ten minutes. ``timestamp``: scheduled Unix time, unused."""
    sweep()


def sweep(batch_size: int = BATCH_SIZE) -> dict[str, int]:
    """Delete all that has expired. Return the number of deleted rows by model name. ``batch_size``: rows per
    transaction.
    """
    now = clock.now()
    # Sessions and sign-in attempts use the system clock (see settings).
    ended: dict[str, Callable[[int], int]] = {
        "Grant": _make_row_deleter(Grant, expires__lt=now - RETENTION),
        "AccessToken": _make_row_deleter(AccessToken, expires__lt=now - RETENTION),
        "RefreshToken": _make_row_deleter(RefreshToken, revoked__lt=now - RETENTION),
        "Session": _make_row_deleter(Session, expire_date__lt=timezone.now()),
        "AccessAttempt": _make_row_deleter(AccessAttempt, attempt_time__lt=timezone.now() - RETENTION),
        "Calls": _make_counter_deleter("identity_calls", "hour", now - RETENTION),
        "ApiSpacing": _make_counter_deleter("identity_apispacing", "at", now - RETENTION),
        "TokenCalls": _make_counter_deleter("identity_tokencalls", "minute", now - RETENTION),
    }
    deleted = dict.fromkeys(ended, 0)
    for name, delete in ended.items():
        while count := delete(batch_size):
            deleted[name] += count
            if count < batch_size:
                break
    return deleted


def _make_row_deleter(model: type[models.Model], **ended: datetime) -> Callable[[int], int]:
    def delete(step: int) -> int:
        with transaction.atomic():
            rows = model._default_manager.filter(**ended).select_for_update(skip_locked=True)
            keys = list(rows.values_list("pk", flat=True)[:step])
            model._default_manager.filter(pk__in=keys).delete()
        return len(keys)

    return delete


def _make_counter_deleter(table: str, column: str, before: datetime) -> Callable[[int], int]:
    def delete(step: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                f"delete from {table} where ctid = any "  # noqa: S608
                f"(array(select ctid from {table} where {column} < %s limit %s))",
                [before, step],
            )
            return int(cursor.rowcount)

    return delete
