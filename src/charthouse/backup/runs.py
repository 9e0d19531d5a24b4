"""Noting backups and drills in the database, where the console, metrics and checks read them. Without Django."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from charthouse import clock
from charthouse.backup.clusters import Cluster
from charthouse.backup.manifests import render_lsn

logger = logging.getLogger("charthouse.backup")

DRILL = "drill"
KEPT = timedelta(days=400)


@dataclass(frozen=True)
class Run:
    """One row of ``models.BackupRun``."""

    kind: str
    backup: str
    line: str
    started_at: datetime
    ok: bool
    detail: str = ""
    bytes: int = 0


def note_run(cluster: Cluster, run: Run) -> None:
    """Note a run, and forget those of more than a year ago. A database that can't be written to is logged: the backup
    exists all the same."""
    now = clock.now()
    try:
        with cluster.connect() as connection:
            connection.execute(
                "insert into backup_run (kind, backup, line, started_at, ended_at, ok, detail, bytes) "
                "values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [run.kind, run.backup, run.line, run.started_at, now, run.ok, run.detail[:2000], run.bytes],
            )
            connection.execute("delete from backup_run where ended_at < %s", [now - KEPT])
    except psycopg.Error as error:
        logger.warning("the backup could not be noted in the database: %s", type(error).__name__)


def note_stream(cluster: Cluster, line: str, until: datetime, position: int, error: str = "") -> None:
    """Note how far the continuous backup has come. Raises psycopg.Error."""
    with cluster.connect() as connection:
        connection.execute(
            "insert into backup_stream (id, line, stored_until, position, error) values (1, %s, %s, %s, %s) "
            "on conflict (id) do update set line = excluded.line, stored_until = excluded.stored_until, "
            "position = excluded.position, error = excluded.error",
            [line, until, render_lsn(position), error[:2000]],
        )


def note_stream_error(cluster: Cluster, error: str) -> None:
    """Note why the continuous backup has stopped. Raises psycopg.Error."""
    with cluster.connect() as connection:
        connection.execute("update backup_stream set error = %s", [error[:2000]])


@dataclass(frozen=True)
class LastRun:
    """When the last run of a kind began, whether it succeeded, and the line that it was on."""

    started_at: datetime
    ok: bool
    line: str


def find_last(cluster: Cluster, kinds: tuple[str, ...]) -> LastRun | None:
    """Return the last run of these kinds, None if there was none. Raises psycopg.Error."""
    with cluster.connect() as connection:
        row = connection.execute(
            "select started_at, ok, line from backup_run where kind = any(%s) order by started_at desc limit 1",
            [list(kinds)],
        ).fetchone()
    return LastRun(*row) if row else None
