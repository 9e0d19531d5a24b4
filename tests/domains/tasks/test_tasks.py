"""Tasks: whose they are, when they are due, what they are about, and who made them."""

from typing import Any

import pytest

from charthouse.domains.practice.models import UserGroup
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar
from tests.support import make_api_user


class Desk(Caller):
    """Somebody with a status for tasks."""

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
def desk() -> Desk:
    return Desk()


def due(time: str) -> dict[str, Any]:
    return {"time": time, "unknown": False}


UNKNOWN = {"time": None, "unknown": True}


def test_a_task_is_somebodys_or_a_groups(desk: Desk) -> None:
    body = {"title": "Call", "status": desk.status}
    for assignee in ({}, {"assignee_user": None}, {"assignee_user": None, "assignee_group": None}):
        assert desk.post("tasks", body | assignee).status_code == 400
    group = desk.group()
    row = desk.task(assignee_user=None, assignee_group=group)
    assert (row["assignee_user"], row["assignee_group"]) == (None, group)
    assert desk.patch(row["id"], "tasks", assignee_group=None).status_code == 400
    assert desk.patch(row["id"], "tasks", assignee_group=None, assignee_user=desk.user.pk).status_code == 204
    assert desk.get(row["id"], "tasks")["assignee_user"] == desk.user.pk


def test_who_made_a_task_and_who_assigned_it_last(desk: Desk) -> None:
    row = desk.task()
    assert row["created_by"] == row["assigned_by"] == desk.user.pk
    colleague = Caller(desk.clinic)
    assert colleague.patch(row["id"], "tasks", title="Write").status_code == 204
    assert desk.get(row["id"], "tasks")["assigned_by"] == desk.user.pk
    assert colleague.patch(row["id"], "tasks", assignee_user=colleague.user.pk).status_code == 204
    shown = desk.get(row["id"], "tasks")
    assert (shown["created_by"], shown["assigned_by"]) == (desk.user.pk, colleague.user.pk)


def test_a_due_date_is_a_time_or_unknown(desk: Desk) -> None:
    row = desk.task()
    assert row["due_date"] == UNKNOWN
    for given in ({"time": "2026-03-02T17:00:00", "unknown": True}, {"unknown": False}, {"time": "soon"}, 5):
        assert desk.patch(row["id"], "tasks", due_date=given).status_code == 400
    for given, shown in (
        ({"time": "2026-03-02T17:00:00"}, due("2026-03-02T17:00:00")),
        ({"unknown": True}, UNKNOWN),
        (due("2026-03-02T17:00:00"), due("2026-03-02T17:00:00")),
        (None, UNKNOWN),
    ):
        assert desk.patch(row["id"], "tasks", due_date=given).status_code == 204
        assert desk.get(row["id"], "tasks")["due_date"] == shown


def test_leaving_the_due_date_out_keeps_it_in_a_patch_and_drops_it_in_a_put(desk: Desk) -> None:
    row = desk.task(due_date=due("2026-03-02T17:00:00"))["id"]
    assert desk.patch(row, "tasks", title="Write").status_code == 204
    assert desk.get(row, "tasks")["due_date"] == due("2026-03-02T17:00:00")
    body = {"title": "Call", "status": desk.status, "assignee_user": desk.user.pk, "assignee_group": None}
    assert desk.http.put(f"/api/tasks/{row}", json=body).status_code == 204
    assert desk.get(row, "tasks")["due_date"] == UNKNOWN


def test_tasks_by_when_they_are_due(desk: Desk) -> None:
    late = desk.task(due_date=due("2026-03-01T23:59:59"))["id"]
    first = desk.task(due_date=due("2026-03-02T00:00:00"))["id"]
    last = desk.task(due_date=due("2026-03-02T23:59:59"))["id"]
    never = desk.task()["id"]
    assert desk.ids("tasks", due_at_date="2026-03-02") == [first, last]
    assert desk.ids("tasks", due_at_range="2026-03-01/2026-03-01") == [late]
    assert desk.ids("tasks", due_at_range="2026-03-01/2026-03-02") == [late, first, last]
    assert desk.ids("tasks", due_at_since="2026-03-02T00:00:01") == [last]
    assert desk.ids("tasks", due_at_unknown="true") == desk.ids("tasks", due_at_unknown="1") == [never]
    assert desk.ids("tasks", due_at_unknown="false") == [late, first, last]
    assert desk.http.get("/api/tasks", params={"due_at_unknown": "perhaps"}).status_code == 400


def test_what_a_task_is_about_must_be_there(desk: Desk) -> None:
    patient = desk.new()["id"]
    other = Caller().new()["id"]
    item = {"type": "Patient", "value": patient}
    row = desk.task(associated_items=[item])
    assert row["associated_items"] == [item | {"task": row["id"]}]
    refused = desk.patch(row["id"], "tasks", associated_items=[item, {"type": "Patient", "value": other}])
    assert refused.status_code == 400
    assert list(refused.json()["associated_items"]) == ["1"]
    twice = desk.patch(row["id"], "tasks", associated_items=[item, item])
    assert twice.status_code == 400
    assert (
        desk.patch(row["id"], "tasks", associated_items=[{"type": "Invoice", "value": 1}]).status_code == 400
    )
    assert desk.patch(row["id"], "tasks", associated_items=[]).status_code == 204
    assert desk.get(row["id"], "tasks")["associated_items"] == []
    assert desk.patch(row["id"], "tasks", associated_items=[item]).status_code == 204
    assert desk.get(row["id"], "tasks")["associated_items"] == row["associated_items"]


def test_notes_are_signed_and_move_the_task(desk: Desk) -> None:
    row = desk.task(notes=[{"text": "One"}])
    (note,) = row["notes"]
    assert (note["text"], note["created_by"]) == ("One", str(desk.user.pk))
    colleague = Caller(desk.clinic)
    made = colleague.new("task_notes", task=row["id"], text="Two")
    assert made["created_by"] == colleague.user.pk
    assert [n["text"] for n in desk.get(row["id"], "tasks")["notes"]] == ["One", "Two"]
    assert desk.ids("tasks", since=row["updated_at"]) == [row["id"]]
    assert desk.patch(row["id"], "tasks", notes=[{"id": made["id"], "text": "Three"}]).status_code == 204
    shown = desk.get(made["id"], "task_notes")
    assert (shown["text"], shown["created_by"]) == ("Three", colleague.user.pk)
    assert desk.ids("task_notes", task=row["id"]) == [note["id"], made["id"]]


def test_archived_tasks_are_shown_when_asked_for(desk: Desk) -> None:
    row = desk.task()["id"]
    assert desk.patch(row, "tasks", archived=True).status_code == 204
    assert desk.ids("tasks") == []
    assert desk.ids("tasks", show_archived="true") == [row]
    assert desk.get(row, "tasks")["archived"] is True
    assert desk.patch(row, "tasks", archived=False).status_code == 204
    assert desk.ids("tasks") == [row]


@pytest.mark.parametrize("offset", ["90", "10:00", "02:30:00", "7 00:00:00", "-1 00:00:00", "5.25", ""])
def test_offsets_of_templates(desk: Desk, offset: str) -> None:
    row = desk.new("task_templates", name="Follow up", default_due_date_offset=offset)
    assert row["default_due_date_offset"] == offset


@pytest.mark.parametrize("offset", ["soon", "7 days", "1:2:3:4", "1 2 3"])
def test_offsets_that_are_none(desk: Desk, offset: str) -> None:
    body = {"name": "Follow up", "default_due_date_offset": offset}
    assert list(desk.post("task_templates", body).json()) == ["default_due_date_offset"]


@pytest.mark.parametrize("priority", [0, 15, 50, "x"])
def test_priorities_that_are_none(desk: Desk, priority: Any) -> None:
    body = {"title": "Call", "status": desk.status, "assignee_user": desk.user.pk, "priority": priority}
    assert list(desk.post("tasks", body).json()) == ["priority"]


# -- what a task of Cerbo is about ------------------------------------------------------------------------------


def test_a_task_about_an_encounter_with_or_without_a_visit() -> None:
    """DrChrono shows the visit; of a note that stands alone it knows nothing, and leaves the link where it is."""
    desk = Calendar()
    status = desk.new("task_statuses", name="To do")["id"]
    program = make_api_user(desk.clinic.practice).client()
    note = program.post("/api/v1/encounters", json={"pt_id": desk.patient_id}).json()["id"]
    visit = int(desk.book()["id"])
    other = desk.new("patients", gender="Female", doctor=desk.doctor.pk)["id"]
    body = {"dr_id": desk.user.pk, "subject": "Read it", "priority": "low", "pt_id": desk.patient_id}

    def about(row: int) -> dict[str, Any]:
        return {"associated_resource_type": "encounter", "associated_resource_id": row}

    task = program.post("/api/v1/task", json=body | about(note)).json()
    assert task | about(note) == task
    patient = {"type": "Patient", "value": desk.patient_id, "task": task["id"]}
    assert desk.get(task["id"], "tasks")["associated_items"] == [patient]
    items = [{"type": "Patient", "value": desk.patient_id}]
    assert desk.patch(task["id"], "tasks", associated_items=items, status=status).status_code == 204
    assert program.get(f"/api/v1/task/{task['id']}").json() | about(note) == task
    changed = program.patch(f"/api/v1/task/{task['id']}", json=about(visit)).json()
    assert changed | about(visit) == changed
    assert {"type": "Appointment", "value": visit, "task": task["id"]} in desk.get(task["id"], "tasks")[
        "associated_items"
    ]
    for wrong in (about(2**40), about(note) | {"pt_id": other}):
        answer = program.post("/api/v1/task", json=body | wrong)
        assert answer.json()["error"]["fields"].keys() == {"associated_resource_id"}
    gone = {"associated_resource_type": None, "associated_resource_id": None}
    assert program.patch(f"/api/v1/task/{task['id']}", json=gone).json()["associated_resource_id"] is None
