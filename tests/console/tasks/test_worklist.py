"""Tasks: by due date, completed with one click, undone."""

import re
from datetime import timedelta
from typing import Any

import httpx

from charthouse import clock
from charthouse.domains.tasks.models import AssociatedItem, Task, TaskStatus
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import parse_hidden_fields
from tests.queries import bounded_queries


def add_tasks(calendar: Calendar, *, complete: bool = True) -> dict[str, Any]:
    practice = {"practice": calendar.clinic.practice}
    with tenancy.within(calendar.clinic.id):
        new = TaskStatus.objects.create(name="New", status_category="O", **practice)
        if complete:
            TaskStatus.objects.create(name="Complete", status_category="C", **practice)
        made = {}
        for title, days in (("Late", -2), ("Soon", 2), ("Far", 40), ("Undated", None)):
            due = None if days is None else clock.now() + timedelta(days=days)
            made[title] = Task.objects.create(
                title=title, status=new, assignee_user=calendar.clinic.user, due_at=due, **practice
            )
        AssociatedItem.objects.create(
            task=made["Late"], type="Patient", value_id=calendar.patient_id, **practice
        )
    return made


def test_tasks_by_due_date(calendar: Calendar, browser: httpx.Client) -> None:
    add_tasks(calendar)
    with bounded_queries():
        page = browser.get("/tasks").text
    titles = re.findall(r'class="card-title">([^<]+) <span', page)
    assert titles == ["Overdue", "Next 7 days", "Later", "No due date"]
    assert f'href="/patients/{calendar.patient_id}"' in page, "whom it is about"
    assert ">Late<" not in browser.get("/tasks?q=far").text


def test_a_task_is_found_by_its_words_as_they_are_meant(calendar: Calendar, browser: httpx.Client) -> None:
    title = "Call José\N{RIGHT SINGLE QUOTATION MARK}s pharmacy: 100%"
    add_tasks(calendar)
    with tenancy.within(calendar.clinic.id):
        Task.objects.filter(title="Far").update(title=title)
    for words in ("jose's  PHARMACY", "call josé", "100%"):
        assert "s pharmacy" in browser.get("/tasks", params={"q": words, "which": "all"}).text, words
    for words in ("1%", "c_ll", "joseph"):
        assert "s pharmacy" not in browser.get("/tasks", params={"q": words, "which": "all"}).text, words


def test_a_task_is_completed_and_reopened(calendar: Calendar, browser: httpx.Client) -> None:
    late = add_tasks(calendar)["Late"]
    token = parse_hidden_fields(browser.get("/tasks"))
    page = browser.post(f"/tasks/{late.pk}/done", data=token, follow_redirects=True)
    assert "Done: Late" in page.text
    with tenancy.within(calendar.clinic.id):
        late.refresh_from_db()
        assert late.completed_at is not None
    assert ">Late<" in browser.get("/tasks?which=done").text
    (before,) = re.findall(r'name="status" value="(\d+)"', page.text)
    browser.post(f"/tasks/{late.pk}/reopen", data=token | {"status": before})
    with tenancy.within(calendar.clinic.id):
        late.refresh_from_db()
    assert late.completed_at is None
    assert browser.post(f"/tasks/{late.pk}/reopen", data=token | {"status": "x"}).status_code == 404


def test_without_a_status_that_means_complete(calendar: Calendar, browser: httpx.Client) -> None:
    late = add_tasks(calendar, complete=False)["Late"]
    page = browser.post(
        f"/tasks/{late.pk}/done", data=parse_hidden_fields(browser.get("/tasks")), follow_redirects=True
    )
    assert "no task status that means complete" in page.text
