"""Templates of tasks in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.tasks.drchrono.keys import (
    ARCHIVED,
    COMMON,
    PRACTICE,
    SHOW_ARCHIVED,
    SINCE_UPDATE,
    TIMES,
    make_assignment_filters,
    make_priority,
)
from charthouse.domains.tasks.models import (
    TaskTemplate,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

task_templates = Resource(
    path="task_templates",
    model=TaskTemplate,
    doc="Templates for new tasks.",
    **COMMON,
    keys=(
        ARCHIVED,
        Key("id", Id(), READ_ONLY, addition=True),
        Key("default_assignee_group", Reference("user_groups"), OPTIONAL),
        Key("default_assignee_user", Reference("users"), OPTIONAL),
        Key("default_category", Reference("task_categories"), OPTIONAL),
        Key(
            "default_due_date_offset",
            Text(pattern=r"((-?\d{1,5} )?((\d{1,2}:)?\d{1,2}:)?\d{1,2}(\.\d{1,6})?)?"),
            example="7 00:00:00",
            doc="[DD] [HH:[MM:]]ss[.uuuuuu]",
        ),
        Key("default_note", Text(multiline=True)),
        make_priority("default_priority"),
        Key("default_status", Reference("task_statuses"), OPTIONAL),
        Key("default_title", Text()),
        PRACTICE,
        Key("name", Text(), REQUIRED),
        *TIMES,
    ),
    filters=(*make_assignment_filters("default_"), SINCE_UPDATE, SHOW_ARCHIVED),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={
        "name": "Prior authorization",
        "default_title": "Ask the payer",
        "default_due_date_offset": "7 00:00:00",
    },
)

RESOURCES = [task_templates]
