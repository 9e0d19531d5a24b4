"""Tasks in the Cerbo API. Source: reference cerbo/objects.yaml; docs/decisions/0163-tasks-in-both-apis.md"""

from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable

from charthouse.domains.patients.cerbo.keys import make_patient_details_key
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_object_key,
    make_policy,
    make_user_key,
)
from charthouse.domains.tasks.cerbo import hooks
from charthouse.domains.tasks.codes import PRIORITIES, RESOURCE_TYPES
from charthouse.domains.tasks.models import AssociatedItem, Task, TaskNote
from charthouse.engine.declaration.composites import MappedChoice
from charthouse.engine.declaration.events import Event, plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.engine.sql import expressions as sql


def _list_items(*kinds: str) -> "QuerySet[AssociatedItem]":
    items = AssociatedItem.objects.filter(
        practice=OuterRef("practice_id"), task=OuterRef("pk"), type__in=kinds, archived=False
    )
    return items.order_by("pk")


def _select_first_note() -> Combinable:
    notes = TaskNote.objects.filter(practice=OuterRef("practice_id"), task=OuterRef("pk"), archived=False)
    return Subquery(notes.order_by("pk").values_list("text")[:1])


def _select_resource_type() -> Combinable:
    words = [
        models.When(type=item_type, then=sql.Literal(word)) for item_type, word in RESOURCE_TYPES.items()
    ]
    word = models.Case(*words, output_field=models.TextField())
    return Subquery(_list_items(*RESOURCE_TYPES).values_list(word)[:1])


def _select_resource_id() -> Combinable:
    return Subquery(_list_items(*RESOURCE_TYPES).values_list("value_id")[:1])


def _list_patients() -> "QuerySet[Patient]":
    about = AssociatedItem.objects.filter(
        practice=OuterRef(OuterRef("practice_id")),
        task=OuterRef(OuterRef("pk")),
        type="Patient",
        archived=False,
    )
    first = Subquery(about.order_by("pk").values_list("value_id")[:1])
    return Patient.objects.filter(practice=OuterRef("practice_id"), pk=first)


def _select_reminder_time() -> Combinable:
    text = "to_char((%s - make_interval(mins => %s)) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    return sql.template(text, F("due_at"), F("remind_minutes_before"), output_field=sql.TEXT)


_EXAMPLE: dict[str, Any] = {
    "dr_id": 12,
    "subject": "Call back about the lab results",
    "priority": "high",
    "notes": "Left a voice mail.",
    "pt_id": 1042,
    "due_date": "2030-03-02 17:00:00",
    "remind_minutes_before": 60,
}

tasks = Resource(
    path="task",
    model=Task,
    doc="Tasks in the practice.",
    methods="GET POST PATCH",
    policy=make_policy("tasks"),
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(
        make_object_key("task"),
        Key("id", Id(), READ_ONLY),
        Key(
            "dr_id",
            Reference("users"),
            REQUIRED,
            source="assignee_user",
            doc="The assigned user; null if a group is assigned.",
        ),
        Key("subject", Text(), REQUIRED, source="title"),
        Key("priority", MappedChoice(PRIORITIES, otherwise="medium"), REQUIRED),
        Key(
            "notes",
            Text(multiline=True),
            OPTIONAL,
            source=Expression(_select_first_note),
            nullable=True,
            doc="The task's first note.",
        ),
        Key(
            "start_date",
            Timestamp(spaced=True),
            READ_ONLY,
            source="created_at",
            doc="When the task was created.",
        ),
        Key("due_date", Timestamp(spaced=True), OPTIONAL, source="due_at"),
        Key(
            "remind_minutes_before", Integer(minimum=0, maximum=525_600), WRITE_ONLY, doc="Requires due_date."
        ),
        Key("reminder_time", Timestamp(spaced=True), READ_ONLY, source=Expression(_select_reminder_time)),
        Key(
            "completed_on",
            hooks.COMPLETION,
            OPTIONAL,
            source="completed_at",
            doc="Must not be in the future; null or false reopens the task.",
        ),
        Key(
            "associated_resource_type",
            Text(choices=hooks.RESOURCE_TYPE_NAMES),
            OPTIONAL,
            source=Expression(_select_resource_type),
            nullable=True,
            doc="What the task is about; null removes the link.",
        ),
        Key(
            "associated_resource_id",
            Integer(maximum=2**63 - 1),
            OPTIONAL,
            source=Expression(_select_resource_id),
            nullable=True,
        ),
        Key(
            "pt_id",
            Reference("patients"),
            WRITE_ONLY,
            source=UNSTORED,
            nullable=True,
            doc="The patient that the task is about.",
        ),
        make_patient_details_key(match=_list_patients, doc="The patient that the task is about."),
        make_user_key("addedby", "created_by_id"),
        make_created_key(),
    ),
    checks=(hooks.set_status, hooks.check_reminder, hooks.check_linked_resource),
    after=(hooks.store_related_rows,),
    events=(
        *plain_events("task.created", "task.modified", "task.deleted", own="create modify delete"),
        *(
            Event("task.modified", on, of=part, by="task_id", own=True)
            for part in (TaskNote, AssociatedItem)
            for on in ("insert", "update", "delete")
        ),
    ),
    example=_EXAMPLE,
)

RESOURCES = [tasks]
