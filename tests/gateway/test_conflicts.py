"""Writes that PostgreSQL aborts because of another transaction: tried again as a whole, so many times, or 503."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connection, connections
from procrastinate import jobs

from charthouse.engine.execution import writing
from charthouse.retention.job_retries import MAX_ATTEMPTS, RetryAfterOutage
from tests.domains.clinical.chart import Chart
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.support import PASSWORD
from tests.waiting import until


@pytest.fixture
def chart() -> Chart:
    return Chart()


@pytest.fixture
def other() -> Iterator["psycopg.Connection[Any]"]:
    """A second connection, which waits for locks without looking for deadlocks, so that the API's is the victim."""
    settings = connections["owner"].settings_dict
    with psycopg.connect(
        dbname=settings["NAME"],
        host=settings["HOST"],
        user=settings["USER"],
        options="-c deadlock_timeout=60s",
    ) as opened:
        yield opened


def execute_as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def is_waiting() -> bool:
    """Tell whether a call waits for a lock."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return cursor.rowcount > 0


def patch(chart: Chart, value: int, answers: list[httpx.Response]) -> threading.Thread:
    """Change a value of a note in a thread of its own."""

    def call() -> None:
        answers.append(
            chart.http.patch(f"/api/clinical_note_field_values/{value}", json={"value": "Better."})
        )
        connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_the_victim_of_a_deadlock_is_tried_again(chart: Chart, other: "psycopg.Connection[Any]") -> None:
    visit = chart.visit()
    value = chart.write(visit, "Well.").json()["id"]
    answers: list[httpx.Response] = []
    other.execute("select from clinical_clinicalnote where id = %s for update", [visit])
    thread = patch(chart, value, answers)  # locks the value, and waits for the note
    until(is_waiting)
    other.execute(
        "select from clinical_clinicalnotefieldvalue where id = %s for update", [value]
    )  # a deadlock
    other.commit()
    thread.join()
    assert answers[0].status_code == 204
    assert chart.http.get(f"/api/clinical_note_field_values/{value}").json()["value"] == "Better."


def test_a_serialization_failure_is_tried_again(
    chart: Chart, other: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connections["default"].settings_dict["OPTIONS"]["session"]
    monkeypatch.setitem(session, "default_transaction_isolation", "repeatable read")
    value = chart.write(chart.visit(), "Well.").json()["id"]
    answers: list[httpx.Response] = []
    other.execute("update clinical_clinicalnotefieldvalue set value = 'Worse.' where id = %s", [value])
    thread = patch(chart, value, answers)
    until(is_waiting)
    other.commit()
    thread.join()
    assert answers[0].status_code == 204
    assert chart.http.get(f"/api/clinical_note_field_values/{value}").json()["value"] == "Better."


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_attempts_are_bounded(chart: Chart, state: str) -> None:
    """Then it is 503, in the API and in the console; within another transaction there is one attempt."""
    visit = chart.visit()
    value = chart.write(visit, "Well.").json()["id"]
    execute_as_owner(
        f"""
        create sequence attempts_of_a_test;
        grant usage on attempts_of_a_test to charthouse_web;
        create function fail_in_a_test() returns trigger language plpgsql as $$
        begin perform nextval('attempts_of_a_test'); raise exception using errcode = '{state}'; end $$;
        create trigger fail_in_a_test before update on clinical_clinicalnotefieldvalue for each row
            when (old.id = {value}) execute function fail_in_a_test();
        """
    )
    try:
        answer = chart.http.patch(f"/api/clinical_note_field_values/{value}", json={"value": "x"})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        with connections["owner"].cursor() as cursor:
            cursor.execute("select last_value from attempts_of_a_test")
            assert cursor.fetchone()[0] == writing.MAX_ATTEMPTS
        chart.user.set_password(PASSWORD)
        chart.user.save()
        browser = open_signed_in_browser(chart.user.username)
        form = parse_hidden_fields(browser.get(f"/visits/{visit}")) | {
            f"was.field-{chart.field}": "Well.", f"field-{chart.field}": "y"
        }  # fmt: skip
        page = browser.post(f"/visits/{visit}/note", data=form)
        assert page.status_code == 503
        assert int(page.headers["Retry-After"]) > 0
    finally:
        execute_as_owner("drop function fail_in_a_test() cascade; drop sequence attempts_of_a_test")
    assert (
        chart.http.patch(f"/api/clinical_note_field_values/{value}", json={"value": "x"}).status_code == 204
    )


def test_jobs_are_run_again_after_a_failure_of_the_database() -> None:
    def decide(error: Exception, attempts: int = 0) -> Any:
        job = jobs.Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        return RetryAfterOutage().get_retry_decision(exception=error, job=job)

    for error in (
        psycopg.OperationalError("gone"),
        psycopg.errors.DeadlockDetected("x"),
        psycopg.DatabaseError("x"),
    ):
        assert decide(error) is not None, error
    for error in (ValueError("x"), psycopg.DataError("x"), psycopg.errors.UniqueViolation("x")):
        assert decide(error) is None, error
    assert decide(psycopg.OperationalError("gone"), MAX_ATTEMPTS) is None
