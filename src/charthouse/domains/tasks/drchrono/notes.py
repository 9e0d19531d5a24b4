"""Notes on tasks in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.tasks import hooks
from charthouse.domains.tasks.drchrono.keys import ARCHIVED, COMMON, ID, SINCE_UPDATE
from charthouse.domains.tasks.models import (
    TaskNote,
)
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

task_notes = Resource(
    path="task_notes",
    model=TaskNote,
    doc="Notes on tasks.",
    **COMMON,
    keys=(
        ARCHIVED,
        Key("created_at", Timestamp(), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        ID,
        Key("task", Reference("tasks"), REQUIRED),
        Key("text", Text(multiline=True), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(Filter("task", Reference("tasks")), SINCE_UPDATE),
    checks=(hooks.sign_note,),
    after=(hooks.touch_task,),
    example={"task": 7, "text": "Left a voice mail."},
)

RESOURCES = [task_notes]
