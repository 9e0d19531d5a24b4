"""What an operator is told of backups: by check, /health/ready, metrics and the console's page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from charthouse.backup import status
from charthouse.backup.configuration import read_configuration
from charthouse.datadir import CommandError
from charthouse.operation import database_checks, database_state, health, metrics, state_metrics
from charthouse.operation.findings import Level
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import PASSWORD, make_practice, make_user

CONFIGURED = replace(read_configuration({}), destination="/mnt/backups")
DAY = 86400.0
GOOD = status.BackupStatus(3600, DAY, 5, "", is_logical=False, backup_failed=False, drill_failed=False)


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "BACKUP", CONFIGURED)
    yield
    execute("delete from backup_run")
    execute("delete from backup_stream")


def execute(statement: str, *values: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)


def add_run(kind: str, age: timedelta, *, ok: bool = True, detail: str = "") -> None:
    execute(
        "insert into backup_run (kind, backup, line, started_at, ended_at, ok, detail, bytes) "
        "values (%s, 'b', 'l', clock_timestamp() - %s, clock_timestamp() - %s, %s, %s, 5000000)",
        kind, age, age, ok, detail,
    )  # fmt: skip


def add_stream(age: timedelta) -> None:
    execute("insert into backup_stream values (1, 'l', clock_timestamp() - %s::interval, '0/1', '')", age)


WARNINGS = [
    ({}, []),
    ({"backup_age": None}, ["There is no good backup yet."]),
    ({"backup_age": 3 * DAY}, ["The last good backup began 3 days ago."]),
    ({"backup_failed": True}, ["The last backup failed."]),
    ({"stream_age": None}, ["The continuous backup has not begun."]),
    ({"stream_age": 300.0}, ["The continuous backup stands still since 5 minutes."]),
    (
        {"is_logical": True, "stream_age": None},
        ["PostgreSQL permits no replication: up to 24 hours of writes can be lost."],
    ),
    ({"drill_age": None}, ["No backup has been verified yet."]),
    ({"drill_age": 20 * DAY}, ["No backup has been verified for 20 days."]),
    ({"drill_failed": True}, ["The last drill failed: a backup could not be restored as it was."]),
]


def test_each_fault_has_its_warning() -> None:
    for values, expected in WARNINGS:
        assert status.list_warnings(replace(GOOD, **values), CONFIGURED) == expected  # type: ignore[arg-type]
    unset = replace(CONFIGURED, destination="")
    assert status.list_warnings(GOOD, unset) == ["There are no backups: CHARTHOUSE_BACKUP is not set."]


def find_backup_check() -> health.Check:
    (check,) = [each for each in health.run_checks() if each.name == "backup"]
    assert check.ok
    return check


def test_runs_are_told_everywhere() -> None:
    assert find_backup_check().detail == "WARNING: There is no good backup yet."
    add_run("full", timedelta(hours=3))
    add_run("drill", timedelta(hours=2))
    add_stream(timedelta(seconds=4))
    assert find_backup_check().detail == "last good backup 3 hours ago"
    (finding,) = database_checks._check_backups(database_state.read_state())
    assert finding.level is Level.OK
    measured = {metric: value for metric, _, value in state_metrics.measure()}
    assert measured[metrics.BACKUP_AGE] == pytest.approx(3 * 3600, abs=100)
    assert measured[metrics.DRILL_AGE] == pytest.approx(2 * 3600, abs=100)
    assert measured[metrics.BACKUP_LAG] == pytest.approx(4, abs=100)
    add_run("incremental", timedelta(minutes=1), ok=False, detail="No space left on device")
    assert find_backup_check().detail == "WARNING: The last backup failed."
    (finding,) = database_checks._check_backups(database_state.read_state())
    assert (finding.level, finding.detail) == (Level.WARNING, "The last backup failed.")


def test_the_page_lists_runs_for_operators_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for the primary user of a practice: one failed table or size tells of the other practices."""
    add_run("full", timedelta(hours=3))
    add_run("drill", timedelta(hours=2), ok=False, detail="table drill_note has 2 rows, not 99")
    clinic = make_practice()
    operator = make_user(clinic.practice, password=PASSWORD)
    monkeypatch.setattr(settings, "OPERATORS", frozenset({"somebody else", operator.username}))
    browser = open_signed_in_browser(operator.username)
    shown = browser.get("/backups").text
    for text in ("full backup", "5.0 MB", "table drill_note has 2 rows, not 99", "The last drill failed"):
        assert text in shown
    assert '"/backups"' in browser.get("/account").text  # the menu
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    primary = open_signed_in_browser(clinic.user.username)
    assert primary.get("/backups").status_code == 404
    assert '"/backups"' not in primary.get("/account").text


def test_numbers_are_checked() -> None:
    for name, value in (
        ("HOURS", "0"),
        ("KEEP_DAYS", "-1"),
        ("FULL_DAYS", "a week"),
        ("DRILL_DAYS", "99999"),
    ):
        with pytest.raises(CommandError, match=f"CHARTHOUSE_BACKUP_{name} is a whole number from"):
            read_configuration({f"CHARTHOUSE_BACKUP_{name}": value})
