"""Tags and the tags of patients as Cerbo shows them. Source: reference cerbo/operations.yaml."""

from typing import Any

from django.db.models import Q

from charthouse.domains.patients.cerbo.keys import PATIENT_TAG_KEYS
from charthouse.domains.patients.models import PatientTag, Tag
from charthouse.domains.patients.tags import attach_tags, detach_tag
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.domains.practice.unique_names import make_name_check
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Operation, PageSize, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.errors import Invalid, NotFound
from charthouse.engine.execution import reading
from charthouse.engine.execution.paging import Paging
from charthouse.engine.execution.parsing import parse_query

# The answer of an operation that deletes; a resource's own DELETE answers with the same keys.
NAME_TAKEN = "A tag with this name exists already."
DELETED_KEYS: tuple[Key, ...] = (
    Key("object", Text(), READ_ONLY, nullable=False),
    Key("id", Integer(), READ_ONLY, nullable=False),
    Key("action", Text(), READ_ONLY, nullable=False),
    Key("result", Boolean(), READ_ONLY, nullable=False),
    Key("message", Text(), READ_ONLY, nullable=False),
    Key("data", Text(), READ_ONLY),
)


@hook(keys=("displays_on_dash", "note_displays_on_dashboard"))
def check_note_display(change: Change) -> None:
    """Refuse to show a tag's note on the dashboard where the tag itself is not shown."""
    if change.get("note_displays_on_dashboard") and not change.get("displays_on_dash"):
        change.add_error(
            "note_displays_on_dashboard", "The note is shown only where the tag is: set displays_on_dash."
        )


def _attach_tags(call: Call) -> list[Any]:
    """Attach the tags of the body to the patient; return all tags of the patient. Raises Invalid for unknown names."""
    given = [*(call.values.get("tags") or ()), *(call.values.get("tags[]") or ())]
    if not given:
        raise Invalid({"tags": ["This field is required."]})
    given_tags = [
        {
            "name": item["name"],
            "notes": item.get("notes") if item.get("notes") is not None else item.get("note"),
        }
        for item in given
    ]
    if unknown := attach_tags(call.row, given_tags, call.actor.user):
        raise Invalid({"tags": [f'There is no tag "{name[:100]}".' for name in unknown]})
    resource = call.operation.registry["patients/{patient_id}/tags"]
    query = parse_query(resource, {}).with_paging(Paging(size=resource.page_size.maximum), verbose=False)
    return reading.read_page(resource, call.actor, query, {"patient_id": call.row.pk}).objects


def _detach_tag(call: Call) -> dict[str, Any]:
    """Detach the tag that the path names. Raises NotFound where the patient doesn't have it."""
    name = call.parameters["tag_name"]
    row_id = detach_tag(call.row, name, call.actor.user)
    if row_id is None:
        raise NotFound()
    return {
        "object": "patient_tag",
        "id": row_id,
        "action": "delete",
        "result": True,
        "message": "The tag was taken off.",
        "data": None,
    }


tags = Resource(
    path="tags",
    model=Tag,
    doc="Tags that the practice can assign to patients.",
    methods="GET POST PATCH DELETE",
    policy=make_policy("tags"),
    reads=False,
    page_size=PAGES,
    keys=(
        make_object_key("tag"),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), REQUIRED, doc="Must be unique."),
        Key("category", Text(), REQUIRED),
        Key("description", Text(multiline=True), REQUIRED),
        Key("displays_on_dash", Boolean(), REQUIRED),
        Key("note_displays_on_dashboard", Boolean(), REQUIRED, doc="Only with displays_on_dash."),
        Key("displays_on_calendar", Boolean(), REQUIRED),
        Key("color", Text(pattern="[0-9a-fA-F]{6}"), REQUIRED, example="b2f07e"),
        make_user_key("addedby"),
        make_created_key(),
        make_deleted_key(),
    ),
    filters=(Flag("include_deleted", on_for="any", doc="Any value includes deleted tags."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted", by_id=True),
    checks=(check_note_display, make_name_check(NAME_TAKEN)),
    unique={"tag_name_once": ("name", NAME_TAKEN)},
    events=plain_events("tag.created", "tag.modified", "tag.deleted", own="create modify delete"),
    example={
        "name": "VIP",
        "category": "Care",
        "description": "Calls go through to the doctor.",
        "displays_on_dash": True,
        "note_displays_on_dashboard": False,
        "displays_on_calendar": True,
        "color": "b2f07e",
    },
)


patient_tags = Resource(
    path="patients/{patient_id}/tags",
    model=PatientTag,
    doc="A patient's tags.",
    methods="GET",
    policy=make_policy("patient_tags"),
    reads=False,
    page_size=PageSize(1000, 1000, 1000),
    parents=make_patient_parent(),
    rows=Q(archived=False),
    keys=PATIENT_TAG_KEYS,
    events=plain_events("patient_tag.created", delete="patient_tag.deleted", own="create delete"),
    example={"name": "VIP", "tag_category": "Care", "notes": "", "date_applied": "2025-03-26 13:19:55"},
)


_GIVEN_TAG_KEYS: tuple[Key, ...] = (
    Key("name", Text(max_length=100), REQUIRED, example="VIP"),
    Key("notes", Text(multiline=True, max_length=1000)),
    Key("note", Text(multiline=True, max_length=1000), doc="Same as notes."),
)


def _make_tags_key(name: str) -> Key:
    return Key(
        name, List(Object(_GIVEN_TAG_KEYS), max_items=100), OPTIONAL, source=UNSTORED, doc="Tags, by name."
    )


_COMMON: dict[str, Any] = {"of": "patients", "policy": Policy(scopes=("patient_tags",))}


attach_tags_operation = Operation(
    path="patients/{id}/tags",
    method="POST",
    doc="Add tags to a patient; returns all of the patient's tags.",
    **_COMMON,
    keys=(_make_tags_key("tags"), _make_tags_key("tags[]")),
    array_key="tags",
    answer=PATIENT_TAG_KEYS,
    answer_model=PatientTag,
    many=True,
    run=_attach_tags,
    example={"tags": [{"name": "VIP", "notes": "Since 2019"}]},
)


detach_tag_operation = Operation(
    path="patients/{id}/tags/{tag_name}",
    method="DELETE",
    doc="Remove a tag from a patient, by the tag's name.",
    **_COMMON,
    filters=(Filter("tag_name", doc="The tag's name."),),
    answer=DELETED_KEYS,
    run=_detach_tag,
    example={
        "object": "patient_tag",
        "action": "delete",
        "result": True,
        "message": "The tag was taken off.",
    },
)

RESOURCES = [tags, patient_tags]

OPERATIONS = [attach_tags_operation, detach_tag_operation]
