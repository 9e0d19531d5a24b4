"""Tasks as DrChrono shows them. Facts: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from charthouse.resource import sql
from charthouse.resource.declare import ALWAYS, Hidden, Resource
from charthouse.resource.events import Event, plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Id,
    Integer,
    Ref,
    RefByKind,
    Text,
)
from charthouse.resource.filters import DateIs, DateRange, Filter, Flag, RefIs, Since, Where
from charthouse.resource.nested import Embedded, Many
from charthouse.resource.sql import Slot
from charthouse.resource.times import Timestamp

_COMMON: dict[str, Any] = {
    "methods": "GET POST PUT PATCH",
    "scopes": ("tasks",),
    "permissions": (),
    "sharing": ALWAYS,
    "owner": None,
}
_ARCHIVED = Boolean("archived", OPTIONAL, default=False)
_ID = Id("id")
_SINCE = Since("since", doc="Changed at or after.")
_SHOW_ARCHIVED = Flag("show_archived", doc="Adds archived rows.")
_TIMES = (Timestamp("created_at", READ_ONLY), Timestamp("updated_at", READ_ONLY))
_PRACTICE = Integer("practice_group", READ_ONLY, source="practice_id")
_HIDDEN: dict[str, Any] = {
    "filters": (_SINCE, _SHOW_ARCHIVED),
    "hidden": Hidden(Q(archived=True), unless="show_archived"),
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Items(Many):
    """Those of the kinds that this API knows; the others stay as they are."""

    def rows(self) -> "models.QuerySet[Any]":
        return super().rows().filter(type__in=KINDS)

    def existing(self, row: Any) -> "models.QuerySet[Any]":
        return super().existing(row).filter(type__in=KINDS)


def _priority(name: str) -> Integer:
    return Integer(
        name, OPTIONAL, choices=(10, 20, 30, 40), example=30, doc="10 low, 20 medium, 30 high, 40 urgent."
    )


# -- tasks ------------------------------------------------------------------------------------------------------


def _due_date() -> Any:
    unknown = Case(
        When(due_at__isnull=True, then=sql.constant(True)),
        default=sql.constant(False),
        output_field=models.BooleanField(),
    )
    return sql.Json(time=sql.WallClock(F("due_at"), "UTC"), unknown=unknown)


def _read_unknown(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"due_at_unknown": Boolean("due_at_unknown").parse(text)}


def _is_unknown() -> Q:
    unknown = Q(Slot("due_at_unknown", models.BooleanField()))
    return (unknown & Q(due_at__isnull=True)) | (~unknown & Q(due_at__isnull=False))


def _assigned(prefix: str = "") -> tuple[Filter, ...]:
    return tuple(
        RefIs(name, source=f"{prefix}{name}", to=to)
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
    fields=(
        _ARCHIVED,
        Ref("assigned_by", READ_ONLY, to="users", doc="Who assigned it last."),
        Ref(
            "assignee_user",
            OPTIONAL,
            to="users",
            required_unless="assignee_group",
            doc="A task has an assignee_user, an assignee_group, or both.",
        ),
        Ref("assignee_group", OPTIONAL, to="user_groups", required_unless="assignee_user"),
        _Items(
            "associated_items",
            OPTIONAL,
            to=AssociatedItem,
            link="task",
            key=("type", "value"),
            replace=True,
            doc="What the task is about. The list that is written takes the place of the one before.",
            fields=(
                Text("type", REQUIRED, choices=tuple(KINDS)),
                RefByKind(
                    "value",
                    REQUIRED,
                    source="value_id",
                    to="patients",
                    kind="type",
                    among=KINDS,
                    doc="Its id.",
                ),
                Ref("task", READ_ONLY, to="tasks"),
            ),
        ),
        Ref("category", OPTIONAL, to="task_categories"),
        Ref("created_by", READ_ONLY, to="users"),
        Embedded(
            "due_date",
            OPTIONAL,
            stored=False,
            computed=_due_date,
            example={"time": "2030-03-02T17:00:00", "unknown": False},
            fields=(Timestamp("time", doc="UTC."), Boolean("unknown", doc="Whether there is no time.")),
        ),
        _ID,
        Many(
            "notes",
            OPTIONAL,
            to=TaskNote,
            link="task",
            doc="As in task_notes. One with an id is changed, one without is new; the others stay.",
            fields=(
                Id("id"),
                Ref("task", READ_ONLY, to="tasks"),
                Text("text", REQUIRED),
                Boolean("archived", READ_ONLY),
                Id("created_by", source="created_by_id", as_text=True),
                *_TIMES,
            ),
        ),
        _priority("priority"),
        Ref("status", REQUIRED, to="task_statuses"),
        Text("title", REQUIRED),
        *_TIMES,
    ),
    filters=(
        *_assigned(),
        DateIs("due_at_date", source="due_at", zone="UTC", doc="Due on a day, UTC."),
        DateRange("due_at_range", source="due_at", zone="UTC", doc="Due within days, UTC."),
        Since("due_at_since", source="due_at", doc="Due at or after."),
        Where(
            "due_at_unknown",
            read=_read_unknown,
            condition=_is_unknown,
            doc="true: tasks without a due date; false: with one.",
        ),
        _SINCE,
        _SHOW_ARCHIVED,
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived", usable=True),
    checks=(actions.assign, actions.complete, actions.set_due_date),
    after=(actions.sign_notes,),
    events=(
        *plain("TASK_CREATE", "TASK_MODIFY", "TASK_DELETE"),
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
    fields=(
        _ARCHIVED,
        Timestamp("created_at", READ_ONLY),
        Ref("created_by", READ_ONLY, to="users"),
        _ID,
        Ref("task", REQUIRED, to="tasks"),
        Text("text", REQUIRED),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(RefIs("task", to="tasks"), _SINCE),
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
    fields=(
        _ARCHIVED,
        _ID,
        Boolean("is_global", READ_ONLY, doc="Whether the practice began with it."),
        Text("name", REQUIRED),
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
    fields=(
        _ARCHIVED,
        _ID,
        Text("name", REQUIRED),
        _PRACTICE,
        Text(
            "status_category",
            choices=("O", "P", "H", "C"),
            default="O",
            doc="O open, P in progress, H on hold, C complete.",
        ),
        Ref("task_category", OPTIONAL, to="task_categories", doc="Meant for tasks of this category."),
        *_TIMES,
    ),
    example={"name": "Waiting for the payer", "status_category": "H"},
)

task_templates = Resource(
    path="task_templates",
    model=TaskTemplate,
    doc="What a new task may begin with.",
    **_COMMON,
    fields=(
        _ARCHIVED,
        Id("id", addition=True),
        Ref("default_assignee_group", OPTIONAL, to="user_groups"),
        Ref("default_assignee_user", OPTIONAL, to="users"),
        Ref("default_category", OPTIONAL, to="task_categories"),
        Text(
            "default_due_date_offset",
            pattern=r"((-?\d{1,5} )?((\d{1,2}:)?\d{1,2}:)?\d{1,2}(\.\d{1,6})?)?",
            example="7 00:00:00",
            doc="[DD] [HH:[MM:]]ss[.uuuuuu]",
        ),
        Text("default_note"),
        _priority("default_priority"),
        Ref("default_status", OPTIONAL, to="task_statuses"),
        Text("default_title"),
        _PRACTICE,
        Text("name", REQUIRED),
        *_TIMES,
    ),
    filters=(*_assigned("default_"), _SINCE, _SHOW_ARCHIVED),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    example={
        "name": "Prior authorization",
        "default_title": "Ask the payer",
        "default_due_date_offset": "7 00:00:00",
    },
)

RESOURCES = [tasks, task_notes, task_categories, task_statuses, task_templates]
