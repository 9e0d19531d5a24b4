"""Deletion of what no other module deletes: jobs of the worker, rows of packages, texts of messages that failed.

Each statement is a transaction of its own and concerns at most BATCH_SIZE rows, so that locks are short.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connections
from django.utils import timezone

from charthouse import clock
from charthouse.identity.tasks import RETENTION
from charthouse.retention.rules import FAILED_JOBS, FINISHED_JOBS, UNSENT_TEXTS

BATCH_SIZE = 1000
OWNER = "owner"

# Events go with their job (on delete cascade). Those of a running or waiting job are few.
_JOBS = """
with ended as (
    select j.id from procrastinate_jobs j
     where j.status = any (%(statuses)s::procrastinate_job_status[])
       and not exists (select from procrastinate_events e where e.job_id = j.id and e.at >= %(before)s)
     order by j.id limit %(limit)s for update skip locked
)
delete from procrastinate_jobs where id in (select id from ended)
"""
_TEXTS = """
update post_outgoing set subject = '', text = ''
 where (practice_id, id) in (
    select practice_id, id from post_outgoing
     where failed_at < %(before)s and (text <> '' or subject <> '') limit %(limit)s for update skip locked)
"""


def _make_delete(table: str, column: str) -> str:
    return (
        f"delete from {table} where ctid = any (array(select ctid from {table} "  # noqa: S608 - names above
        f"where {column} < %(before)s limit %(limit)s for update skip locked))"
    )


def sweep(batch_size: int = BATCH_SIZE) -> dict[str, int]:
    """Delete all that has ended. Return the number of rows by what they are. ``batch_size``: rows per transaction."""
    now, system = clock.now(), timezone.now()  # jobs and sign-ins follow the system's clock
    work: Mapping[str, Callable[[], int]] = {
        "succeeded jobs": lambda: _run(
            _JOBS, batch_size, system - FINISHED_JOBS, statuses=["succeeded", "cancelled"]
        ),
        "failed jobs": lambda: _run(_JOBS, batch_size, system - FAILED_JOBS, statuses=["failed", "aborted"]),
        "texts": lambda: _run(_TEXTS, batch_size, now - UNSENT_TEXTS),
        **{
            table: _make_sweep(table, column, batch_size, before)
            for table, column, before in (
                ("oauth2_provider_idtoken", "expires", now - RETENTION),
                ("oauth2_provider_devicegrant", "expires", now - RETENTION),
                ("axes_accesslog", "attempt_time", system - RETENTION),
                ("axes_accessfailurelog", "attempt_time", system - RETENTION),
            )
        },
    }
    return {name: delete() for name, delete in work.items()}


def _make_sweep(table: str, column: str, batch_size: int, before: datetime) -> Callable[[], int]:
    return lambda: _run(_make_delete(table, column), batch_size, before)


def _run(statement: str, batch_size: int, before: datetime, **values: Any) -> int:
    """Run a statement until it finds less than a batch. Return the number of rows."""
    total = 0
    with connections[OWNER].cursor() as cursor:
        while True:
            cursor.execute(statement, {"before": before, "limit": batch_size, **values})
            total += int(cursor.rowcount)
            if cursor.rowcount < batch_size:
                return total
