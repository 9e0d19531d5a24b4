"""Tasks as DrChrono shows them. Facts: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When

from charthouse.domains.tasks import actions
from charthouse.domains.tasks.models import (
    AssociatedItem,
    Task,
    TaskCategory,
    TaskNote,
    TaskStatus,
    TaskTemplate,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import Event, plain_events
from charthouse.engine.declaration.filters import SINCE, Condition, Filter, Flag, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

_COMMON: dict[str, Any] = {
    "methods": "GET POST PUT PATCH",
    "policy": Policy(scopes=("tasks",), permissions=(), sharing=ALWAYS, owner=None),
}
_ARCHIVED = Key("archived", Boolean(), OPTIONAL, default=False)
_ID = Key("id", Id(), READ_ONLY)
_SINCE = Filter("since", Timestamp(), SINCE, doc="Changed at or after.", source="updated_at")
_SHOW_ARCHIVED = Flag("show_archived", doc="Adds archived rows.")
_TIMES = (Key("created_at", Timestamp(), READ_ONLY), Key("updated_at", Timestamp(), READ_ONLY))
_PRACTICE = Key("practice_group", Integer(), READ_ONLY, source="practice_id")
_HIDDEN: dict[str, Any] = {
    "filters": (_SINCE, _SHOW_ARCHIVED),
    "visibility": Visibility(Q(archived=True), shown_by="show_archived"),
}

KINDS = {  # where the ids of associated items are looked up
    "Patient": "patients",
    "Appointment": "appointments",
    "Document": "documents",
    "Message": "messages",
    "Communication": "comm_logs",
    "Lab order": "lab_orders",
    "Lab result": "lab_results",
    "Lab document": "lab_documents",
}


# Items of other kinds stay as they are.
_ITEMS = Key(
    "associated_items",
    List(
        Object(
            (
                Key("type", Text(choices=tuple(KINDS)), REQUIRED),
                Key(
                    "value",
                    Reference("patients", to_by=("type", KINDS)),
                    REQUIRED,
                    source="value_id",
                    doc="Its id.",
                ),
                Key("task", Reference("tasks"), READ_ONLY),
            )
        )
    ),
    OPTIONAL,
    source=ChildRows(
        AssociatedItem,
        link="task",
        only={"type__in": tuple(KINDS)},
        match_by=("type", "value"),
        replace_all=True,
    ),
    doc="What the task is about. The list that is written takes the place of the one before.",
)


def _priority(name: str) -> Key:
    return Key(
        name,
        Integer(choices=(10, 20, 30, 40)),
        OPTIONAL,
        example=30,
        doc="10 low, 20 medium, 30 high, 40 urgent.",
    )


# -- tasks ------------------------------------------------------------------------------------------------------


def _due_date() -> Any:
    unknown = Case(
        When(due_at__isnull=True, then=sql.literal(True)),
        default=sql.literal(False),
        output_field=models.BooleanField(),
    )
    return sql.json_object(time=sql.to_wall_clock(F("due_at"), "UTC"), unknown=unknown)


def _read_unknown(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"due_at_unknown": Boolean().parse(text)}


def _is_unknown() -> Q:
    unknown = Q(BoundParameter("due_at_unknown", models.BooleanField()))
    return (unknown & Q(due_at__isnull=True)) | (~unknown & Q(due_at__isnull=False))


def _assigned(prefix: str = "") -> tuple[Filter, ...]:
    return tuple(
        Filter(name, Reference(to), source=f"{prefix}{name}")
        for name, to in (
            ("assignee_user", "users"),
            ("assignee_group", "user_groups"),
            ("status", "task_statuses"),
            ("category", "task_categories"),
        )
    )


tasks = Resource(
    path="tasks",
    model=Task,
    doc="What somebody of the practice, or a group of users, has to do.",
    **_COMMON,
    keys=(
        _ARCHIVED,
        Key("assigned_by", Reference("users"), READ_ONLY, doc="Who assigned it last."),
        Key(
            "assignee_user",
            Reference("users"),
            OPTIONAL,
            required_unless="assignee_group",
            doc="A task has an assignee_user, an assignee_group, or both.",
        ),
        Key("assignee_group", Reference("user_groups"), OPTIONAL, required_unless="assignee_user"),
        _ITEMS,
        Key("category", Reference("task_categories"), OPTIONAL),
        Key("created_by", Reference("users"), READ_ONLY),
        Key(
            "due_date",
            Object(
                (
                    Key("time", Timestamp(), doc="UTC."),
                    Key("unknown", Boolean(), doc="Whether there is no time."),
                )
            ),
            OPTIONAL,
            source=Expression(_due_date),
            example={"time": "2030-03-02T17:00:00", "unknown": False},
        ),
        _ID,
        Key(
            "notes",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("task", Reference("tasks"), READ_ONLY),
                        Key("text", Text(), REQUIRED),
                        Key("archived", Boolean(), READ_ONLY),
                        Key("created_by", Id(as_text=True), READ_ONLY, source="created_by_id"),
                        *_TIMES,
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(TaskNote, link="task"),
            doc="As in task_notes. One with an id is changed, one without is new; the others stay.",
        ),
        _priority("priority"),
        Key("status", Reference("task_statuses"), REQUIRED),
        Key("title", Text(), REQUIRED),
        *_TIMES,
    ),
    filters=(
        *_assigned(),
        Filter("due_at_date", Date(), OnDay("UTC"), source="due_at", doc="Due on a day, UTC."),
        Filter("due_at_range", Date(), InDays("UTC"), source="due_at", doc="Due within days, UTC."),
        Filter("due_at_since", Timestamp(), SINCE, source="due_at", doc="Due at or after."),
        Condition(
            "due_at_unknown",
            read=_read_unknown,
            condition=_is_unknown,
            doc="true: tasks without a due date; false: with one.",
        ),
        _SINCE,
        _SHOW_ARCHIVED,
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived", referable=True),
    checks=(actions.assign, actions.complete, actions.set_due_date),
    after=(actions.sign_notes,),
    events=(
        *plain_events("TASK_CREATE", "TASK_MODIFY", "TASK_DELETE"),
        *(
            Event("TASK_MODIFY", on, of=part, by="task_id")
            for part in (TaskNote, AssociatedItem)
            for on in ("insert", "update", "delete")
        ),
    ),
    example={
        "title": "Call back about the lab results",
        "status": 3,
        "category": 2,
        "priority": 30,
        "assignee_user": 12,
        "due_date": {"time": "2030-03-02T17:00:00", "unknown": False},
        "associated_items": [{"type": "Patient", "value": 1042}],
        "notes": [{"text": "Left a voice mail."}],
    },
)

task_notes = Resource(
    path="task_notes",
    model=TaskNote,
    doc="Notes on tasks.",
    **_COMMON,
    keys=(
        _ARCHIVED,
        Key("created_at", Timestamp(), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        _ID,
        Key("task", Reference("tasks"), REQUIRED),
        Key("text", Text(), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(Filter("task", Reference("tasks")), _SINCE),
    checks=(actions.sign_note,),
    after=(actions.note_written,),
    example={"task": 7, "text": "Left a voice mail."},
)

# -- what tasks are sorted by -----------------------------------------------------------------------------------

task_categories = Resource(
    path="task_categories",
    model=TaskCategory,
    doc="Categories of tasks.",
    **_COMMON,
    **_HIDDEN,
    keys=(
        _ARCHIVED,
        _ID,
        Key("is_global", Boolean(), READ_ONLY, doc="Whether the practice began with it."),
        Key("name", Text(), REQUIRED),
        _PRACTICE,
        *_TIMES,
    ),
    example={"name": "Referrals"},
)

task_statuses = Resource(
    path="task_statuses",
    model=TaskStatus,
    doc="Statuses of tasks.",
    **_COMMON,
    **_HIDDEN,
    keys=(
        _ARCHIVED,
        _ID,
        Key("name", Text(), REQUIRED),
        _PRACTICE,
        Key(
            "status_category",
            Text(choices=("O", "P", "H", "C")),
            default="O",
            doc="O open, P in progress, H on hold, C complete.",
        ),
        Key("task_category", Reference("task_categories"), OPTIONAL, doc="Meant for tasks of this category."),
        *_TIMES,
    ),
    example={"name": "Waiting for the payer", "status_category": "H"},
)

task_templates = Resource(
    path="task_templates",
    model=TaskTemplate,
    doc="What a new task may begin with.",
    **_COMMON,
    keys=(
        _ARCHIVED,
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
        Key("default_note", Text()),
        _priority("default_priority"),
        Key("default_status", Reference("task_statuses"), OPTIONAL),
        Key("default_title", Text()),
        _PRACTICE,
        Key("name", Text(), REQUIRED),
        *_TIMES,
    ),
    filters=(*_assigned("default_"), _SINCE, _SHOW_ARCHIVED),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={
        "name": "Prior authorization",
        "default_title": "Ask the payer",
        "default_due_date_offset": "7 00:00:00",
    },
)

RESOURCES = [tasks, task_notes, task_categories, task_statuses, task_templates]
