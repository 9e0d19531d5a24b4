"""Statuses of tasks in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.tasks.drchrono.keys import ARCHIVABLE, ARCHIVED, COMMON, ID, PRACTICE, TIMES
from charthouse.domains.tasks.models import (
    TaskStatus,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, REQUIRED

task_statuses = Resource(
    path="task_statuses",
    model=TaskStatus,
    doc="Statuses of tasks.",
    **COMMON,
    **ARCHIVABLE,
    keys=(
        ARCHIVED,
        ID,
        Key("name", Text(), REQUIRED),
        PRACTICE,
        Key(
            "status_category",
            Text(choices=("O", "P", "H", "C")),
            default="O",
            doc="O open, P in progress, H on hold, C complete.",
        ),
        Key("task_category", Reference("task_categories"), OPTIONAL, doc="For tasks of this category."),
        *TIMES,
    ),
    example={"name": "Waiting for the payer", "status_category": "H"},
)

RESOURCES = [task_statuses]
