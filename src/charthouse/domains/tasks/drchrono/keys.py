"""Keys, filters and options that the task resources of the DrChrono API share."""

from typing import Any

from django.db.models import Q

from charthouse.domains.tasks.codes import PRIORITIES
from charthouse.engine.declaration.filters import SINCE, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Visibility
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY

COMMON: dict[str, Any] = {
    "methods": "GET POST PUT PATCH",
    "policy": Policy(scopes=("tasks",), permissions=(), sharing=ALWAYS, owner=None),
}

ARCHIVED = Key("archived", Boolean(), OPTIONAL, default=False)
ID = Key("id", Id(), READ_ONLY)
SINCE_UPDATE = Filter("since", Timestamp(), SINCE, doc="Changed at or after this time.", source="updated_at")
SHOW_ARCHIVED = Flag("show_archived", doc="Includes archived rows.")
TIMES = (Key("created_at", Timestamp(), READ_ONLY), Key("updated_at", Timestamp(), READ_ONLY))
PRACTICE = Key("practice_group", Integer(), READ_ONLY, source="practice_id")

ARCHIVABLE: dict[str, Any] = {
    "filters": (SINCE_UPDATE, SHOW_ARCHIVED),
    "visibility": Visibility(Q(archived=True), shown_by="show_archived"),
}


def make_priority(name: str) -> Key:
    """Return the key of a priority."""
    return Key(
        name,
        Integer(choices=tuple(PRIORITIES.values())),
        OPTIONAL,
        example=30,
        doc="10 low, 20 medium, 30 high, 40 urgent.",
    )


def make_assignment_filters(prefix: str = "") -> tuple[Filter, ...]:
    """Return filters by assignee, status and category. ``prefix``: of the columns."""
    return tuple(
        Filter(name, Reference(to), source=f"{prefix}{name}")
        for name, to in (
            ("assignee_user", "users"),
            ("assignee_group", "user_groups"),
            ("status", "task_statuses"),
            ("category", "task_categories"),
        )
    )
