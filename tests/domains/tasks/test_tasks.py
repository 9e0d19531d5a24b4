"""Tasks: assignees, due dates, associated items and authors."""

from typing import Any

import pytest

from charthouse.domains.practice.models import UserGroup
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar
from tests.support import make_api_user


class TaskUser(Caller):
    """A caller with a status for tasks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.status = self.new("task_statuses", name="To do")["id"]

    def task(self, **values: Any) -> dict[str, Any]:
        return self.new(
            "tasks", **{"title": "Call", "status": self.status, "assignee_user": self.user.pk} | values
        )

    def group(self) -> int:
        with tenancy.within(self.clinic.id):
            return UserGroup.objects.create(practice=self.clinic.practice, name="Front desk").pk


@pytest.fixture
def user() -> TaskUser:
    return TaskUser()


def due(time: str) -> dict[str, Any]:
    return {"time": time, "unknown": False}


UNKNOWN = {"time": None, "unknown": True}


def test_task_has_user_or_group(user: TaskUser) -> None:
    body = {"title": "Call", "status": user.status}
    for assignee in ({}, {"assignee_user": None}, {"assignee_user": None, "assignee_group": None}):
        assert user.post("tasks", body | assignee).status_code == 400
    group = user.group()
    row = user.task(assignee_user=None, assignee_group=group)
    assert (row["assignee_user"], row["assignee_group"]) == (None, group)
    assert user.patch(row["id"], "tasks", assignee_group=None).status_code == 400
    assert user.patch(row["id"], "tasks", assignee_group=None, assignee_user=user.user.pk).status_code == 204
    assert user.get(row["id"], "tasks")["assignee_user"] == user.user.pk


def test_creator_and_last_assigner(user: TaskUser) -> None:
    row = user.task()
    assert row["created_by"] == row["assigned_by"] == user.user.pk
    colleague = Caller(user.clinic)
    assert colleague.patch(row["id"], "tasks", title="Write").status_code == 204
    assert user.get(row["id"], "tasks")["assigned_by"] == user.user.pk
    assert colleague.patch(row["id"], "tasks", assignee_user=colleague.user.pk).status_code == 204
    shown = user.get(row["id"], "tasks")
    assert (shown["created_by"], shown["assigned_by"]) == (user.user.pk, colleague.user.pk)


def test_due_date_is_time_or_unknown(user: TaskUser) -> None:
    row = user.task()
    assert row["due_date"] == UNKNOWN
    for given in ({"time": "2026-03-02T17:00:00", "unknown": True}, {"unknown": False}, {"time": "soon"}, 5):
        assert user.patch(row["id"], "tasks", due_date=given).status_code == 400
    for given, shown in (
        ({"time": "2026-03-02T17:00:00"}, due("2026-03-02T17:00:00")),
        ({"unknown": True}, UNKNOWN),
        (due("2026-03-02T17:00:00"), due("2026-03-02T17:00:00")),
        (None, UNKNOWN),
    ):
        assert user.patch(row["id"], "tasks", due_date=given).status_code == 204
        assert user.get(row["id"], "tasks")["due_date"] == shown


def test_missing_due_date_is_kept_by_patch_and_removed_by_put(user: TaskUser) -> None:
    row = user.task(due_date=due("2026-03-02T17:00:00"))["id"]
    assert user.patch(row, "tasks", title="Write").status_code == 204
    assert user.get(row, "tasks")["due_date"] == due("2026-03-02T17:00:00")
    body = {"title": "Call", "status": user.status, "assignee_user": user.user.pk, "assignee_group": None}
    assert user.http.put(f"/api/tasks/{row}", json=body).status_code == 204
    assert user.get(row, "tasks")["due_date"] == UNKNOWN


def test_tasks_are_filtered_by_due_date(user: TaskUser) -> None:
    late = user.task(due_date=due("2026-03-01T23:59:59"))["id"]
    first = user.task(due_date=due("2026-03-02T00:00:00"))["id"]
    last = user.task(due_date=due("2026-03-02T23:59:59"))["id"]
    never = user.task()["id"]
    assert user.ids("tasks", due_at_date="2026-03-02") == [first, last]
    assert user.ids("tasks", due_at_range="2026-03-01/2026-03-01") == [late]
    assert user.ids("tasks", due_at_range="2026-03-01/2026-03-02") == [late, first, last]
    assert user.ids("tasks", due_at_since="2026-03-02T00:00:01") == [last]
    assert user.ids("tasks", due_at_unknown="true") == user.ids("tasks", due_at_unknown="1") == [never]
    assert user.ids("tasks", due_at_unknown="false") == [late, first, last]
    assert user.http.get("/api/tasks", params={"due_at_unknown": "perhaps"}).status_code == 400


def test_associated_items_must_exist(user: TaskUser) -> None:
    patient = user.new()["id"]
    other = Caller().new()["id"]
    item = {"type": "Patient", "value": patient}
    row = user.task(associated_items=[item])
    assert row["associated_items"] == [item | {"task": row["id"]}]
    refused = user.patch(row["id"], "tasks", associated_items=[item, {"type": "Patient", "value": other}])
    assert refused.status_code == 400
    assert list(refused.json()["associated_items"]) == ["1"]
    twice = user.patch(row["id"], "tasks", associated_items=[item, item])
    assert twice.status_code == 400
    assert (
        user.patch(row["id"], "tasks", associated_items=[{"type": "Invoice", "value": 1}]).status_code == 400
    )
    assert user.patch(row["id"], "tasks", associated_items=[]).status_code == 204
    assert user.get(row["id"], "tasks")["associated_items"] == []
    assert user.patch(row["id"], "tasks", associated_items=[item]).status_code == 204
    assert user.get(row["id"], "tasks")["associated_items"] == row["associated_items"]


def test_notes_have_author_and_update_task(user: TaskUser) -> None:
    row = user.task(notes=[{"text": "One"}])
    (note,) = row["notes"]
    assert (note["text"], note["created_by"]) == ("One", str(user.user.pk))
    colleague = Caller(user.clinic)
    made = colleague.new("task_notes", task=row["id"], text="Two")
    assert made["created_by"] == colleague.user.pk
    assert [n["text"] for n in user.get(row["id"], "tasks")["notes"]] == ["One", "Two"]
    assert user.ids("tasks", since=row["updated_at"]) == [row["id"]]
    assert user.patch(row["id"], "tasks", notes=[{"id": made["id"], "text": "Three"}]).status_code == 204
    shown = user.get(made["id"], "task_notes")
    assert (shown["text"], shown["created_by"]) == ("Three", colleague.user.pk)
    assert user.ids("task_notes", task=row["id"]) == [note["id"], made["id"]]


def test_archived_tasks_are_shown_on_request(user: TaskUser) -> None:
    row = user.task()["id"]
    assert user.patch(row, "tasks", archived=True).status_code == 204
    assert user.ids("tasks") == []
    assert user.ids("tasks", show_archived="true") == [row]
    assert user.get(row, "tasks")["archived"] is True
    assert user.patch(row, "tasks", archived=False).status_code == 204
    assert user.ids("tasks") == [row]


@pytest.mark.parametrize("offset", ["90", "10:00", "02:30:00", "7 00:00:00", "-1 00:00:00", "5.25", ""])
def test_valid_offsets_of_templates(user: TaskUser, offset: str) -> None:
    row = user.new("task_templates", name="Follow up", default_due_date_offset=offset)
    assert row["default_due_date_offset"] == offset


@pytest.mark.parametrize("offset", ["soon", "7 days", "1:2:3:4", "1 2 3"])
def test_invalid_offsets_of_templates(user: TaskUser, offset: str) -> None:
    body = {"name": "Follow up", "default_due_date_offset": offset}
    assert list(user.post("task_templates", body).json()) == ["default_due_date_offset"]


@pytest.mark.parametrize("priority", [0, 15, 50, "x"])
def test_invalid_priorities(user: TaskUser, priority: Any) -> None:
    body = {"title": "Call", "status": user.status, "assignee_user": user.user.pk, "priority": priority}
    assert list(user.post("tasks", body).json()) == ["priority"]


# -- what a task of Cerbo is about ------------------------------------------------------------------------------


def test_task_about_encounter_with_or_without_visit() -> None:
    """DrChrono shows the visit. It does not show an independent note, and keeps its link."""
    user = Calendar()
    status = user.new("task_statuses", name="To do")["id"]
    program = make_api_user(user.clinic.practice).client()
    note = program.post("/api/v1/encounters", json={"pt_id": user.patient_id}).json()["id"]
    visit = int(user.book()["id"])
    other = user.new("patients", gender="Female", doctor=user.doctor.pk)["id"]
    body = {"dr_id": user.user.pk, "subject": "Read it", "priority": "low", "pt_id": user.patient_id}

    def about(row: int) -> dict[str, Any]:
        return {"associated_resource_type": "encounter", "associated_resource_id": row}

    task = program.post("/api/v1/task", json=body | about(note)).json()
    assert task | about(note) == task
    patient = {"type": "Patient", "value": user.patient_id, "task": task["id"]}
    assert user.get(task["id"], "tasks")["associated_items"] == [patient]
    items = [{"type": "Patient", "value": user.patient_id}]
    assert user.patch(task["id"], "tasks", associated_items=items, status=status).status_code == 204
    assert program.get(f"/api/v1/task/{task['id']}").json() | about(note) == task
    changed = program.patch(f"/api/v1/task/{task['id']}", json=about(visit)).json()
    assert changed | about(visit) == changed
    assert {"type": "Appointment", "value": visit, "task": task["id"]} in user.get(task["id"], "tasks")[
        "associated_items"
    ]
    for wrong in (about(2**40), about(note) | {"pt_id": other}):
        answer = program.post("/api/v1/task", json=body | wrong)
        assert answer.json()["error"]["fields"].keys() == {"associated_resource_id"}
    gone = {"associated_resource_type": None, "associated_resource_id": None}
    assert program.patch(f"/api/v1/task/{task['id']}", json=gone).json()["associated_resource_id"] is None
