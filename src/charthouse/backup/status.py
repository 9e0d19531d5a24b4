"""How backups stand: when the last good one and the last drill were, and how far the continuous backup has come."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from charthouse.backup.configuration import PREFIX, Configuration

MAX_STREAM_AGE = timedelta(minutes=2)
_STATUS = """
select extract(epoch from clock_timestamp() - max(started_at) filter (where ok and kind <> 'drill'))::float8,
       extract(epoch from clock_timestamp() - max(started_at) filter (where ok and kind = 'drill'))::float8,
       (select extract(epoch from clock_timestamp() - stored_until)::float8 from backup_stream),
       coalesce((select error from backup_stream), ''),
       coalesce((select kind = 'logical' from backup_run where ok and kind <> 'drill' order by id desc limit 1), false),
       coalesce((select not ok from backup_run where kind <> 'drill' order by id desc limit 1), false),
       coalesce((select not ok from backup_run where kind = 'drill' order by id desc limit 1), false)
  from backup_run
"""


@dataclass(frozen=True)
class BackupStatus:
    """Ages in seconds, None where there is none: of the last good backup, the last good drill, and the last write that
    is in the continuous backup. ``is_logical``: there is no continuous backup, as the server does not permit one."""

    backup_age: float | None
    drill_age: float | None
    stream_age: float | None
    stream_error: str
    is_logical: bool
    backup_failed: bool
    drill_failed: bool


def read_status(cursor: Any) -> BackupStatus | None:
    """Read the status; None before the tables are there."""
    cursor.execute(
        "select to_regclass('backup_run') is not null and to_regclass('backup_stream') is not null"
    )
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(_STATUS)
    return BackupStatus(*cursor.fetchone())


def list_warnings(status: BackupStatus | None, configuration: Configuration) -> list[str]:
    """List what an operator should know: missing, old or failed backups and drills."""
    if not configuration.destination:
        return [f"There are no backups: {PREFIX} is not set."]
    if status is None or status.backup_age is None:
        return ["There is no good backup yet."]
    found = []
    if status.backup_age > 2 * configuration.every.total_seconds():
        found.append(f"The last good backup began {render_age(status.backup_age)} ago.")
    if status.backup_failed:
        found.append("The last backup failed.")
    if status.is_logical:
        hours = configuration.every.total_seconds() / 3600
        found.append(f"PostgreSQL permits no replication: up to {hours:g} hours of writes can be lost.")
    elif status.stream_age is None or status.stream_age > MAX_STREAM_AGE.total_seconds():
        age = (
            "has not begun"
            if status.stream_age is None
            else f"stands still since {render_age(status.stream_age)}"
        )
        why = f": {status.stream_error}" if "charthouse pause" in status.stream_error else "."
        found.append(f"The continuous backup {age}{why}")
    if status.drill_failed:
        found.append("The last drill failed: a backup could not be restored as it was.")
    elif status.drill_age is None or status.drill_age > 2 * configuration.drill_every.total_seconds():
        since = f"for {render_age(status.drill_age)}" if status.drill_age is not None else "yet"
        if configuration.drill_every or status.drill_age is None:
            found.append(f"No backup has been verified {since}.")
    return found


def describe(status: BackupStatus | None, configuration: Configuration) -> str:
    """Say in a few words how backups stand."""
    warnings = list_warnings(status, configuration)
    if warnings:
        return f"WARNING: {' '.join(warnings)}"
    assert status is not None
    return f"last good backup {render_age(status.backup_age or 0)} ago"


def render_age(seconds: float) -> str:
    """Render an age for an operator."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172800 else f"{seconds / 86400:.0f} days"
