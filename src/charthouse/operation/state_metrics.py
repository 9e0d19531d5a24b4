"""Measuring the state of an installation: database, feed, deliveries, jobs, outbox, audit, disk."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from procrastinate.contrib.django import app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from charthouse import clock
from charthouse.audit import anchors
from charthouse.changes.fanout import READER_NAME
from charthouse.operation import database_state, metrics
from charthouse.operation.metrics import Metric
from charthouse.operation.probing import Prober

Sample = tuple[Metric, tuple[str, ...], float]
FRESH = 10.0  # seconds for which measurements are given again
PATIENCE = 8.0  # seconds that a scrape waits; Prometheus gives up after ten

_WAITING = "select 'waiting', count(*) from changes_delivery where next_try is not null"
_RECENT = (
    "select case when delivered_at is not null then 'delivered' else 'failed' end, count(*) from changes_delivery "
    "where next_try is null and at > %(now)s::timestamptz - interval '1 hour' group by 1"
)
_MESSAGES = (
    "select case when sent_at is not null then 'sent' when failed_at is not null then 'failed' else 'waiting' end, "
    "count(*) from post_outgoing group by 1"
)
_CONNECTIONS = (
    "select state, count(*) from pg_stat_activity "
    "where datname = current_database() and state is not null group by 1"
)
_FEED = """
select greatest(0, extract(epoch from %(now)s::timestamptz - at)) from changes_reader r cross join lateral (
    select at from changes_change c where (c.txid, c.id) > (r.txid::text::xid8, r.change_id)
     order by c.txid, c.id limit 1) c where r.name = %(reader)s
"""
# One value each; none where there is no row.
_VALUES = {
    metrics.DATABASE_BYTES: "select pg_database_size(current_database())",
    metrics.LOCK_WAITS: "select count(*) from pg_stat_activity where datname = current_database() "
    "and wait_event_type = 'Lock'",
    metrics.TRANSACTION_AGE: "select coalesce(extract(epoch from clock_timestamp() - min(xact_start)), 0) "
    "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    metrics.WORKER_AGE: "select extract(epoch from clock_timestamp() - max(last_heartbeat)) "
    "from procrastinate_workers",
    metrics.BACKUP_AGE: "select extract(epoch from clock_timestamp() - max(started_at)) from backup_run "
    "where ok and kind <> 'drill'",
    metrics.DRILL_AGE: "select extract(epoch from clock_timestamp() - max(started_at)) from backup_run "
    "where ok and kind = 'drill'",
    metrics.BACKUP_LAG: "select extract(epoch from clock_timestamp() - stored_until) from backup_stream",
    metrics.SENDING_PAUSED: "select case when not pg_is_in_recovery() then (not identity_may_send())::int end",
    metrics.INCARNATION: "select number from identity_incarnation",
    metrics.SEAL_AGE: "select extract(epoch from %(now)s::timestamptz - max(at)) from audit_seal",
}
# A value by state, of which each is shown.
_BY_STATE = (
    (metrics.CONNECTIONS, metrics.CONNECTION_STATES, (_CONNECTIONS,)),
    (metrics.DELIVERIES, metrics.DELIVERY_STATES, (_WAITING, _RECENT)),
    (metrics.MESSAGES, metrics.MESSAGE_STATES, (_MESSAGES,)),
)


class StateCollector(Collector):
    """Collects the measurements for prometheus_client, at most once each FRESH seconds."""

    def __init__(self) -> None:
        down: list[Sample] = [(metrics.DATABASE_UP, (), 0.0)]
        self._prober = Prober(measure, down, patience=PATIENCE, fresh=FRESH)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for metric, labels, value in self._prober.get():
            if metric.name not in families:
                families[metric.name] = GaugeMetricFamily(
                    metrics.PREFIX + metric.name, metric.doc, labels=metric.labels
                )
            families[metric.name].add_metric(labels, value)
        yield from families.values()


def measure() -> list[Sample]:
    """Measure everything. What fails is left out and counted."""
    samples: list[Sample] = [(metrics.INFO, (version("charthouse"),), 1.0)]
    failures = 0
    for step in (_measure_disk, _measure_anchor):
        try:
            samples += step()
        except OSError:
            failures += 1
    try:
        with database_state.connect() as cursor:
            samples.append((metrics.DATABASE_UP, (), 1.0))
            for measure_one in _list_database_steps():
                try:
                    samples += measure_one(cursor)
                except DatabaseError:
                    failures += 1
    except DatabaseError:
        samples.append((metrics.DATABASE_UP, (), 0.0))
    return [*samples, (metrics.FAILURES, (), float(failures))]


def _measure_disk() -> list[Sample]:
    usage = shutil.disk_usage(settings.DATA)
    return [(metrics.DISK_FREE, (), float(usage.free)), (metrics.DISK_SIZE, (), float(usage.total))]


def _measure_anchor() -> list[Sample]:
    path = Path(settings.ANCHOR_FILE)
    if not settings.ANCHOR_FILE or not path.exists():
        return []
    newest = anchors.find_newest_time(path.read_text("utf-8", "replace"))
    return [(metrics.ANCHOR_AGE, (), (clock.now() - newest).total_seconds())] if newest else []


def _list_database_steps() -> Iterator[Callable[[Any], list[Sample]]]:
    for metric, statement in _VALUES.items():
        yield partial(_measure_value, metric, statement)
    for metric, states, statements in _BY_STATE:
        yield partial(_measure_states, metric, states, statements)
    yield _measure_feed
    yield _measure_jobs


def _measure_value(metric: Metric, statement: str, cursor: Any) -> list[Sample]:
    cursor.execute(statement, {"now": clock.now()})
    found = cursor.fetchone()
    return [] if found is None or found[0] is None else [(metric, (), float(found[0]))]


def _measure_feed(cursor: Any) -> list[Sample]:
    cursor.execute(_FEED, {"now": clock.now(), "reader": READER_NAME})
    found = cursor.fetchone()
    return [(metrics.FEED_LAG, (), float(found[0]) if found else 0.0)]


def _measure_states(
    metric: Metric, states: tuple[str, ...], statements: tuple[str, ...], cursor: Any
) -> list[Sample]:
    counts: dict[str, int] = dict.fromkeys(states, 0)
    for statement in statements:
        cursor.execute(statement, {"now": clock.now()})
        for state, count in cursor.fetchall():
            bounded = state if state in states else metrics.OTHER
            counts[bounded] = counts.get(bounded, 0) + count
    return [(metric, (state,), float(count)) for state, count in counts.items()]


def list_queues() -> tuple[str, ...]:
    """List the queues of the tasks that this program has."""
    return tuple(sorted({task.queue for task in app.tasks.values()}))


def _measure_jobs(cursor: Any) -> list[Sample]:
    cursor.execute("select queue_name, status::text, count(*) from procrastinate_jobs group by 1, 2")
    counts: dict[tuple[str, str], int] = {}
    for queue, state, count in cursor.fetchall():
        labels = (
            queue if queue in list_queues() else metrics.OTHER,
            state if state in metrics.JOB_STATES else metrics.OTHER,
        )
        counts[labels] = counts.get(labels, 0) + count
    return [(metrics.JOBS, labels, float(count)) for labels, count in counts.items()]
