"""Tasks to follow up on documents."""

from typing import Any

from django.contrib.auth import get_user_model

from charthouse.domains.documents.models import Document
from charthouse.domains.tasks.models import AssociatedItem, Task
from charthouse.domains.tasks.statuses import get_first_status


def create_follow_up_task(sender: Any, document: Document, **_: Any) -> None:
    """Create a task for a document that is to be followed up.

    Its assignee is the reviewer, else the user of the document's doctor, else the primary user; there is no
    task where none of them is active.
    """
    practice, assignee = document.practice_id, _find_assignee(document)
    if assignee is None:
        return  # no active user
    task = Task.objects.create(
        practice_id=practice,
        title=f"Follow up: {document.description}"[:500],
        status_id=get_first_status(practice, "O"),
        due_at=document.follow_up_at,
        assignee_user_id=assignee,
        created_by_id=document.added_by_id,
        assigned_by_id=document.added_by_id,
    )
    for kind, row_id in (("Patient", document.patient_id), ("Document", document.pk)):
        AssociatedItem.objects.create(practice_id=practice, task=task, type=kind, value_id=row_id)


def _find_assignee(document: Document) -> int | None:
    """Return the id of the first active user of those, or None."""
    users = get_user_model()._default_manager.filter(practice=document.practice_id, is_active=True)
    reviewers = (document.review_by_id, document.reviewer_id)
    conditions: list[dict[str, Any]] = [{"pk": user} for user in reviewers if user is not None]
    conditions += [{"role": "doctor", "doctor_id": document.doctor_id}, {"is_primary": True}]
    for condition in conditions:
        found = users.filter(**condition).order_by("pk").values_list("pk", flat=True).first()
        if found is not None:
            return int(found)
    return None
