"""A sandbox's clock: advancing it in one process advances it in all, and runs what becomes due."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from charthouse import clock
from charthouse.changes import clock_control
from charthouse.changes.models import ClockOffset
from charthouse.engine.errors import Conflict
from charthouse.identity import tenancy
from tests.changes.receiver import list_deliveries, run_receiver, run_sender, subscribe
from tests.support import client, issue_token, make_app, make_practice
from tests.waiting import until


@pytest.fixture
def sandbox(database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Make this process follow a sandbox's clock; returns the clock's file."""
    file = tmp_path / "clock"
    monkeypatch.setattr(settings, "SANDBOX", True)
    monkeypatch.setattr(clock, "_shared_offset", None)
    clock.follow_file(file)
    yield file
    ClockOffset.objects.using("owner").all().delete()
    with connections["owner"].cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs where status = 'todo'")


def test_advance_applies_to_all_processes_and_persists(sandbox: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from charthouse import clock\n"
        "clock.follow_file(Path(sys.argv[1])); print(clock.get_offset().total_seconds(), flush=True)\n"
        "sys.stdin.readline(); print(clock.get_offset().total_seconds())\n"
    )
    clock_control.advance(timedelta(hours=1))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(sandbox)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "3600.0\n"
        now = clock_control.advance(timedelta(hours=2, seconds=1))
        rest, _ = other.communicate("\n")
    assert rest == "10801.0\n"
    assert abs(now - datetime.now(UTC) - timedelta(seconds=10801)) < timedelta(minutes=1)
    clock.write_shared_offset(timedelta(0))
    clock_control.restore_offset()
    assert clock.get_offset() == timedelta(seconds=10801)


def test_retries_become_due(sandbox: Path) -> None:
    clinic, app = make_practice(), make_app()
    with run_receiver() as receiver, client(issue_token(clinic.user, app)) as caller, run_sender():
        webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
        receiver.status = 500
        body = {"doctor": clinic.doctor.pk, "first_name": "A", "last_name": "B", "gender": "Male"}
        assert caller.post("/api/patients", json=body).status_code == 201
        for count, hours in ((1, 1), (2, 2), (3, 4), (4, 0)):  # at 0, 1, 3 and 7 hours from the event
            until(lambda n=count: [len(d.attempts) for d in list_deliveries(webhook)] == [n])  # type: ignore[misc]
            clock_control.advance(timedelta(hours=hours))
        (delivery,) = list_deliveries(webhook)
        moments = [datetime.fromisoformat(attempt["at"]) for attempt in delivery.attempts]
        apart = [(moment - moments[0]) / timedelta(hours=1) for moment in moments]
        assert [round(hours, 1) for hours in apart] == [0, 1, 3, 7]
        assert delivery.state == "failed"


def test_tokens_expire(sandbox: Path) -> None:
    clinic = make_practice()
    with client(issue_token(clinic.user, make_app())) as caller:
        clock_control.advance(timedelta(hours=47))
        assert caller.get("/api/doctors").status_code == 200
        clock_control.advance(timedelta(hours=2))
        assert caller.get("/api/doctors").status_code == 401


def test_scheduled_jobs_become_due_and_periodic_tasks_run(sandbox: Path) -> None:
    tenancy.clear_tenant()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_jobs (task_name, queue_name, scheduled_at) "
            "values ('x', 'q', now() + interval '3 hours') returning id"
        )
        (job,) = cursor.fetchone()
        clock_control.advance(timedelta(hours=3))
        cursor.execute("select scheduled_at <= now() from procrastinate_jobs where id = %s", [job])
        assert cursor.fetchone() == (True,)
        cursor.execute(
            "select count(*) from procrastinate_jobs where task_name = 'charthouse.identity.sweep'"
        )
        assert cursor.fetchone()[0] >= 1


def test_plain_sql_follows_the_clock(sandbox: Path) -> None:
    clinic = make_practice()
    clock_control.advance(timedelta(days=2))
    with connections["owner"].cursor() as cursor:
        cursor.execute("update practice_doctor set first_name = 'Later' where id = %s", [clinic.doctor.pk])
        cursor.execute(
            "select max(at) - now() > interval '47 hours' from changes_change where row_id = %s "
            "and table_name = 'practice_doctor'",
            [clinic.doctor.pk],
        )
        assert cursor.fetchone() == (True,)


def test_a_clock_that_runs_goes_on_from_the_time_it_is_set_to(sandbox: Path) -> None:
    to = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
    clock_control.set_time(to)
    assert clock.get_stopped_time() is None
    assert to <= clock.now() < to + timedelta(hours=1)
    clock_control.stop(to)
    clock_control.set_time(to + timedelta(days=1))
    assert clock.get_stopped_time() == clock.now() == to + timedelta(days=1)


@pytest.mark.parametrize("by", [timedelta(seconds=-1), timedelta(days=4000)])
def test_negative_and_excessive_advances_are_refused(sandbox: Path, by: timedelta) -> None:
    with pytest.raises(Conflict):
        clock_control.advance(by)
    assert clock.get_offset() == timedelta(0)


def test_clock_can_not_be_advanced_outside_of_a_sandbox(database: None) -> None:
    with pytest.raises(Conflict):
        clock_control.advance(timedelta(hours=1))
