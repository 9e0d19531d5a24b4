"""Tasks in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When

from charthouse.domains.tasks import hooks
from charthouse.domains.tasks.codes import ITEM_TYPES
from charthouse.domains.tasks.drchrono.keys import (
    ARCHIVED,
    COMMON,
    ID,
    SHOW_ARCHIVED,
    SINCE_UPDATE,
    TIMES,
    make_assignment_filters,
    make_priority,
)
from charthouse.domains.tasks.models import (
    AssociatedItem,
    Task,
    TaskNote,
)
from charthouse.engine.declaration.composites import List, convert
from charthouse.engine.declaration.events import Event, plain_events
from charthouse.engine.declaration.filters import SINCE, Condition, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, References, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter


def _find_item_references(value: Mapping[str, Any]) -> References:
    """The row that an item names; items of types that have no resource here are taken as they are."""
    if path := ITEM_TYPES.get(value.get("type", "")):
        yield path, value["value"], ("value",)


# Associated items of other types remain unchanged.
_ITEMS = Key(
    "associated_items",
    List(
        convert(
            Object(
                (
                    Key("type", Text(choices=tuple(ITEM_TYPES)), REQUIRED),
                    Key("value", Reference("patients"), REQUIRED, source="value_id", doc="The item's id."),
                    Key("task", Reference("tasks"), READ_ONLY),
                )
            ),
            find_references=_find_item_references,
        )
    ),
    OPTIONAL,
    source=ChildRows(
        AssociatedItem,
        link="task",
        only={"type__in": tuple(ITEM_TYPES)},
        match_by=("type", "value"),
        replace_all=True,
    ),
    doc="What the task is about. A written list replaces the existing one.",
)


def _select_due_date() -> Any:
    """Return the due date as a JSON object, time in UTC."""
    unknown = Case(
        When(due_at__isnull=True, then=sql.literal(True)),
        default=sql.literal(False),
        output_field=models.BooleanField(),
    )
    return sql.json_object(time=sql.to_wall_clock(F("due_at"), "UTC"), unknown=unknown)


def _parse_unknown(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"due_at_unknown": Boolean().parse(text)}


def _match_unknown() -> Q:
    unknown = Q(BoundParameter("due_at_unknown", models.BooleanField()))
    return (unknown & Q(due_at__isnull=True)) | (~unknown & Q(due_at__isnull=False))


tasks = Resource(
    path="tasks",
    model=Task,
    doc="Tasks for users or groups of users in the practice.",
    **COMMON,
    keys=(
        ARCHIVED,
        Key("assigned_by", Reference("users"), READ_ONLY, doc="The user who last assigned it."),
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
                    Key("unknown", Boolean(), doc="Whether the due date has no time."),
                )
            ),
            OPTIONAL,
            source=Expression(_select_due_date),
            example={"time": "2030-03-02T17:00:00", "unknown": False},
        ),
        ID,
        Key(
            "notes",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("task", Reference("tasks"), READ_ONLY),
                        Key("text", Text(multiline=True), REQUIRED),
                        Key("archived", Boolean(), READ_ONLY),
                        Key("created_by", Id(as_text=True), READ_ONLY, source="created_by_id"),
                        *TIMES,
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(TaskNote, link="task"),
            doc=(
                "As in task_notes. Notes with an id are changed, notes without one are added; other notes "
                "stay."
            ),
        ),
        make_priority("priority"),
        Key("status", Reference("task_statuses"), REQUIRED),
        Key("title", Text(), REQUIRED),
        *TIMES,
    ),
    filters=(
        *make_assignment_filters(),
        Filter("due_at_date", Date(), OnDay("UTC"), source="due_at", doc="Due on this day, UTC."),
        Filter("due_at_range", Date(), InDays("UTC"), source="due_at", doc="Due within these days, UTC."),
        Filter("due_at_since", Timestamp(), SINCE, source="due_at", doc="Due at or after this time."),
        Condition(
            "due_at_unknown",
            read=_parse_unknown,
            condition=_match_unknown,
            doc="true: only tasks without a due date; false: only tasks with one.",
        ),
        SINCE_UPDATE,
        SHOW_ARCHIVED,
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived", referable=True),
    checks=(hooks.set_assignment, hooks.set_completion, hooks.set_due_date),
    after=(hooks.sign_notes,),
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

RESOURCES = [tasks]
