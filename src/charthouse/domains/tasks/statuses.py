"""Statuses of tasks by category."""

from charthouse.domains.tasks.models import TaskStatus


def get_first_status(practice: int, category: str) -> int:
    """Return the id of the practice's first status of a category (O open, C complete) for tasks of any
    category; create one where there is none."""
    found = TaskStatus.objects.filter(
        practice=practice, archived=False, status_category=category, task_category=None
    ).order_by("pk")
    row_id = found.values_list("pk", flat=True).first()
    if row_id is None:
        name = {"O": "Open", "C": "Complete"}[category]
        status = TaskStatus.objects.create(practice_id=practice, name=name, status_category=category)
        return int(status.pk)
    return int(row_id)
