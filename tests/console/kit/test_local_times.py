"""Staff read and write times in the time zone of their practice; the record keeps UTC."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from charthouse.domains.practice.models import Doctor
from charthouse.domains.tasks.models import Task, TaskNote, TaskStatus
from charthouse.identity import tenancy
from charthouse.identity.models import User
from tests.console.test_queries import one_of_each
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.support import PASSWORD, Clinic, make_user

EVENING = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)  # 8:30 PM of March 10 in Denver


@pytest.fixture
def task(clinic: Clinic) -> Task:
    with tenancy.within(clinic.id):
        Doctor.objects.filter(pk=clinic.doctor.pk).update(timezone="US/Mountain")
        status = TaskStatus.objects.create(practice=clinic.practice, name="To do", status_category="O")
        row = Task.objects.create(
            practice=clinic.practice, title="Call", status=status, assignee_user=clinic.user, due_at=EVENING
        )
        note = TaskNote.objects.create(practice=clinic.practice, task=row, text="Left a voicemail.")
        TaskNote.objects.filter(pk=note.pk).update(created_at=EVENING)
    return row


@pytest.fixture(params=["doctor", "staff"])
def browser(request: pytest.FixtureRequest, clinic: Clinic) -> httpx.Client:
    user = clinic.user
    if request.param == "staff":
        user = make_user(clinic.practice, password=PASSWORD, role=User.Role.STAFF)
    return open_signed_in_browser(user.username)


def save(browser: httpx.Client, task: Task, clinic: Clinic, time: str) -> httpx.Response:
    address = f"/tasks/{task.pk}"
    values: dict[str, Any] = {
        "csrfmiddlewaretoken": parse_hidden_fields(browser.get(address))["csrfmiddlewaretoken"],
        "title": "Call", "status": task.status_id, "assignee_user": clinic.user.pk, "due_date.time": time,
    }  # fmt: skip
    return browser.post(address, data=values)


def read_due(clinic: Clinic, task: Task) -> datetime | None:
    with tenancy.within(clinic.id):
        return Task.objects.get(pk=task.pk).due_at


def test_times_are_shown_and_taken_as_local_ones(browser: httpx.Client, task: Task, clinic: Clinic) -> None:
    page = browser.get(f"/tasks/{task.pk}").text
    assert 'value="2026-03-10T20:30:00"' in page
    assert "Mar 10, 2026, 8:30 PM" in page, "of the note"
    assert "Mar 10, 2026, 8:30 PM" in browser.get("/tasks").text
    assert save(browser, task, clinic, "2026-07-01T17:00").status_code == 302
    assert read_due(clinic, task) == datetime(2026, 7, 1, 23, tzinfo=UTC), "in summer the zone is another"
    assert save(browser, task, clinic, "2026-01-15T17:00:05").status_code == 302
    assert read_due(clinic, task) == datetime(2026, 1, 16, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59", "tomorrow", "2026-02-30T10:00"])
def test_a_refused_time_is_shown_as_it_was_typed(task: Task, clinic: Clinic, typed: str) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    answer = save(browser, task, clinic, typed)
    assert answer.status_code in (302, 400)
    if answer.status_code == 400:
        assert typed in answer.text
        assert read_due(clinic, task) == EVENING


def test_no_page_for_staff_speaks_of_utc(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    for address in ("/", "/tasks", "/audit", *one_of_each(Calendar(clinic=clinic))):
        if not address.startswith(("/developer", "/sandbox", "/settings/webhooks")):
            page = browser.get(address).text
            assert "UTC" not in page[page.index("<main") :], address
