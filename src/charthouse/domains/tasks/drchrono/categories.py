"""Categories of tasks in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.tasks.drchrono.keys import ARCHIVABLE, ARCHIVED, COMMON, ID, PRACTICE, TIMES
from charthouse.domains.tasks.models import (
    TaskCategory,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

task_categories = Resource(
    path="task_categories",
    model=TaskCategory,
    doc="Categories of tasks.",
    **COMMON,
    **ARCHIVABLE,
    keys=(
        ARCHIVED,
        ID,
        Key("is_global", Boolean(), READ_ONLY, doc="Whether the practice had it from the start."),
        Key("name", Text(), REQUIRED),
        PRACTICE,
        *TIMES,
    ),
    example={"name": "Referrals"},
)

RESOURCES = [task_categories]
