"""Tasks as Cerbo shows them. Facts: reference cerbo/objects.yaml; docs/decisions/0163-tasks-twice.md"""

from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable, Func

from charthouse.domains.patients.cerbo_keys import patient_details
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.cerbo_keys import by, common, created, tag
from charthouse.domains.tasks import cerbo_actions as actions
from charthouse.domains.tasks.models import AssociatedItem, Task, TaskNote
from charthouse.resource import sql
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.events import Event, plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY, Id, Integer, Ref, Text
from charthouse.resource.joined import Coded
from charthouse.resource.times import Moment

PRIORITIES = {"low": 10, "medium": 20, "high": 30, "urgent": 40}


def _items(*kinds: str) -> "QuerySet[AssociatedItem]":
    items = AssociatedItem.objects.filter(
        practice=OuterRef("practice_id"), task=OuterRef("pk"), type__in=kinds, archived=False
    )
    return items.order_by("pk")


def _note() -> Combinable:
    notes = TaskNote.objects.filter(practice=OuterRef("practice_id"), task=OuterRef("pk"), archived=False)
    return Subquery(notes.order_by("pk").values_list("text")[:1])


def _kind() -> Combinable:
    words = [models.When(type=kept, then=sql.Text(word)) for kept, word in actions.KINDS.items()]
    word = models.Case(*words, output_field=models.TextField())
    return Subquery(_items(*actions.KINDS).values_list(word)[:1])


def _row() -> Combinable:
    return Subquery(_items(*actions.KINDS).values_list("value_id")[:1])


def _patients() -> "QuerySet[Patient]":
    about = AssociatedItem.objects.filter(
        practice=OuterRef(OuterRef("practice_id")),
        task=OuterRef(OuterRef("pk")),
        type="Patient",
        archived=False,
    )
    first = Subquery(about.order_by("pk").values_list("value_id")[:1])
    return Patient.objects.filter(practice=OuterRef("practice_id"), pk=first)


class _Reminder(Func):
    template = "to_char((%(expressions)s)) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    arg_joiner = " - make_interval(mins => "
    output_field = models.TextField()


def _reminder() -> Combinable:
    return _Reminder(F("due_at"), F("remind_minutes_before"))


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
    doc="What somebody of the practice has to do.",
    methods="GET POST PATCH",
    **common("tasks"),
    page_size=PageSize(100, 100, 100),
    rows=Q(archived=False),
    fields=(
        tag("task"),
        Id("id"),
        Ref("dr_id", REQUIRED, source="assignee_user", to="users", doc="Who has it; null where a group has."),
        Text("subject", REQUIRED, source="title"),
        Coded("priority", REQUIRED, codes=PRIORITIES, otherwise="medium"),
        Text(
            "notes", OPTIONAL, stored=False, computed=_note, nullable=True, doc="The first note on the task."
        ),
        Moment("start_date", READ_ONLY, source="created_at", doc="When it was made."),
        Moment("due_date", OPTIONAL, source="due_at"),
        Integer("remind_minutes_before", WRITE_ONLY, minimum=0, maximum=525_600, doc="Needs due_date."),
        Moment("reminder_time", READ_ONLY, computed=_reminder),
        actions.Completed(
            "completed_on",
            OPTIONAL,
            source="completed_at",
            doc="Not in the future; null or false: to be done again.",
        ),
        Text(
            "associated_resource_type",
            OPTIONAL,
            stored=False,
            computed=_kind,
            nullable=True,
            choices=actions.WORDS,
            doc="What the task is about; null takes the link away.",
        ),
        Integer(
            "associated_resource_id", OPTIONAL, stored=False, computed=_row, nullable=True, maximum=2**63 - 1
        ),
        Ref("pt_id", WRITE_ONLY, stored=False, nullable=True, to="patients", doc="Whom the task is about."),
        patient_details(match=_patients, doc="Whom the task is about."),
        by("addedby", "created_by_id"),
        created(),
    ),
    checks=(actions.status_of, actions.reminder_needs_due_date, actions.about_something_there),
    after=(actions.keep_beside,),
    events=(
        *plain("task.created", "task.modified", "task.deleted", ours="create modify delete"),
        *(
            Event("task.modified", on, of=part, by="task_id", ours=True)
            for part in (TaskNote, AssociatedItem)
            for on in ("insert", "update", "delete")
        ),
    ),
    example=_EXAMPLE,
)

RESOURCES = [tasks]
