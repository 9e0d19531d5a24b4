"""Tasks."""

from charthouse.console.kit.tables import Column
from charthouse.console.tasks.worklist import TaskPages

TASKS = TaskPages(
    "tasks",
    title="Tasks",
    singular="task",
    url_path="tasks",
    icon="checklist",
    notes_key="notes",
    columns=(Column("Task", "title", sort="title"),),
    form_keys=(
        "title",
        "status",
        "category",
        "priority",
        "assignee_user",
        "assignee_group",
        "due_date",
    ),
    labels={
        "assignee_user": "Assigned to",
        "assignee_group": "Assigned group",
        "due_date": "Due",
    },
    choice_labels={"priority": {"10": "Low", "20": "Medium", "30": "High", "40": "Urgent"}},
    related=("status", "assignee_user", "assignee_group"),
)
