"""Everything that grows is swept, by the worker and in batches; what is not, says why."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from charthouse.retention import sweeping
from charthouse.retention.rules import BOUNDED, KEPT, RULES, list_kept
from tests.support import make_practice

DOCS = (Path(__file__).parents[2] / "docs" / "retention.md").read_text()


def run_query(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def test_every_table_is_swept_or_says_why_not() -> None:
    found = run_query(
        "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace "
        "and c.relkind in ('r', 'p') and not c.relispartition"
    )
    tables = [table for (table,) in found]
    swept, kept = [rule.table for rule in RULES], list_kept()
    assert len(swept) == len(set(swept))
    assert not set(swept) & (set(kept) | set(BOUNDED))
    assert not set(kept) & set(BOUNDED)
    assert sorted([*swept, *kept, *BOUNDED]) == sorted(tables)
    assert all(reason.endswith(".") for reason in (*kept.values(), *BOUNDED.values()))


def test_every_rule_has_a_periodic_task_and_is_documented() -> None:
    periodic = {each.task.name for each in app.periodic_registry.periodic_tasks.values()}
    for rule in RULES:
        assert rule.task in periodic, rule
        assert rule.keep() >= timedelta(0)
        assert f"`{rule.table}`" in DOCS, rule.table
    for table in (*BOUNDED, *KEPT):
        assert f"`{table}`" in DOCS, table


def add_job(status: str, age: timedelta, task: str) -> int:
    ((job,),) = run_query(
        "insert into procrastinate_jobs (queue_name, task_name, status) values ('q', %s, %s) returning id",
        task,
        status,
    )
    run_query("update procrastinate_events set at = now() - %s where job_id = %s", age, job)
    run_query(
        "insert into procrastinate_events (job_id, type, at) values (%s, 'started', now() - %s)", job, age
    )
    return int(job)


def test_finished_jobs_and_their_events_are_deleted_in_batches() -> None:
    day = timedelta(days=1)
    task = f"test.{clock.now().timestamp()}"
    old = [add_job("succeeded", 2 * day, task) for _ in range(7)] + [add_job("failed", 15 * day, task)]
    kept = [
        add_job("succeeded", day / 2, task),
        add_job("failed", 13 * day, task),
        add_job("todo", 30 * day, task),
        add_job("doing", 30 * day, task),
    ]
    with CaptureQueriesContext(connections["owner"]) as queries:
        swept = sweeping.sweep(batch_size=3)
    assert swept["succeeded jobs"] >= 7
    assert swept["failed jobs"] >= 1
    assert sum("procrastinate_jobs" in each["sql"] for each in queries) >= 4
    assert run_query("select id from procrastinate_jobs where task_name = %s order by id", task) == [
        (job,) for job in kept
    ]
    assert run_query("select job_id from procrastinate_events where job_id = any (%s)", old) == []
    run_query("delete from procrastinate_jobs where task_name = %s", task)


def test_texts_of_messages_that_were_not_sent_are_erased() -> None:
    clinic = make_practice()
    with tenancy.within(clinic.id):
        rows = [
            Outgoing.objects.create(
                practice=clinic.practice, kind="email", recipient="a@example.com", subject="s", text="t",
                purpose="test", failed_at=clock.now() - timedelta(days=days) if days else None,
            )
            for days in (31, 29, 0)
        ]  # fmt: skip
        sweeping.sweep()
        found = [Outgoing.objects.get(pk=row.pk) for row in rows]
    assert [(row.subject, row.text) for row in found] == [("", ""), ("s", "t"), ("s", "t")]
    assert found[0].recipient == "a@example.com"


@pytest.mark.parametrize(
    ("table", "column"), [("axes_accesslog", "attempt_time"), ("oauth2_provider_idtoken", "expires")]
)
def test_rows_of_packages_are_deleted(table: str, column: str) -> None:
    names = [
        (name, kind)
        for name, kind in run_query(
            "select column_name, data_type from information_schema.columns "
            "where table_name = %s and is_nullable = 'NO' and column_name <> 'id' and is_identity = 'NO'", table
        )
    ]  # fmt: skip
    values = {name: "00000000-0000-0000-0000-000000000001" if kind == "uuid" else "x" for name, kind in names}
    values |= {name: "2020-01-01" for name, kind in names if kind.startswith("timestamp")}
    values |= {name: "1" for name, kind in names if kind in ("bigint", "integer", "boolean")}
    places = ", ".join(["%s"] * len(values))
    run_query(f"insert into {table} ({', '.join(values)}) values ({places})", *values.values())  # noqa: S608
    assert column in values
    assert sweeping.sweep()[table] >= 1
    assert run_query(f"select from {table} where {column} < '2021-01-01'") == []


def test_a_job_whose_worker_was_killed_is_run_again() -> None:
    task = f"test.{clock.now().timestamp()}"
    ((worker,),) = run_query(
        "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id"
    )
    job = add_job("doing", timedelta(hours=1), task)
    queue = f"queue of {task}"  # jobs that other tests have left are not run
    run_query("update procrastinate_jobs set worker_id = %s where id = %s", worker, job)

    async def run() -> None:
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        with app.replace_connector(connector) as background:
            async with background.open_async():
                retry = background.tasks["charthouse.retention.retry_interrupted"]
                await retry.configure(queue=queue, queueing_lock=queue).defer_async(timestamp=0)
                await background.run_worker_async(wait=False, install_signal_handlers=False, queues=[queue])

    asyncio.run(run())
    assert run_query("select status::text from procrastinate_jobs where id = %s", job) == [("todo",)]
    run_query("delete from procrastinate_jobs where id = %s", job)
