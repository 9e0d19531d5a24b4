"""Encounters in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0240-encounters.md"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, NullIf
from django.db.models.lookups import Exact

from charthouse.domains.clinical.encounters import check_changeable, complete_encounter
from charthouse.domains.clinical.field_values import MAX_VALUE_LENGTH
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_parent,
    make_policy,
)
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

User = get_user_model()
_OFFICE_VISIT = "ov"  # type of a visit if the practice has deleted all types


def _select_type_column(column: str) -> Combinable:
    """Return a column of the note's type; of a visit, of the practice's first type."""
    rows = EncounterType.objects.filter(practice=OuterRef("practice_id"), archived=False)
    first = Subquery(rows.order_by("sort_priority", "pk").values_list(column)[:1])
    return Coalesce(F(f"encounter_type__{column}"), first, output_field=models.TextField())


def _select_type_code() -> Combinable:
    return Coalesce(_select_type_column("code"), sql.Literal(_OFFICE_VISIT), output_field=models.TextField())


def _select_title() -> Combinable:
    empty = sql.Literal("")
    words = [
        NullIf(F(path), empty) for path in ("title", "appointment__reason", "appointment__profile__name")
    ]
    return Coalesce(*words, _select_type_column("name"), empty, output_field=models.TextField())


# The sections of a visit's note as plain text, in the order of the complete note: the name of each, and below
# it a line for each field, without pictures and options not selected. Arguments: practice, visit.
_SECTIONS = """coalesce((
            select string_agg(section.name || E'\\n' || section.said, E'\\n\\n' order by section.place, section.id)
              from (
                select template.id, template.name, template.order_on_complete_note as place,
                       string_agg(field.name || ': ' || case
                           when field.data_type in ('Checkbox', 'NullCheckbox')
                           then case when said.value in ('True', '2') then 'Yes' else 'No' end
                           else said.value end, E'\\n' order by field.position, field.id, said.id) as said
                  from clinical_clinicalnotefieldvalue said
                  join clinical_clinicalnotefieldtype field
                    on field.practice_id = said.practice_id and field.id = said.clinical_note_field_id
                  join clinical_clinicalnotetemplate template
                    on template.practice_id = field.practice_id and template.id = field.clinical_note_template_id
                 where said.practice_id = %s and said.appointment_id = %s and not said.archived
                   and said.value <> '' and field.data_type not in ('FreeDraw', 'Photo', 'Header', 'Subheader')
                   and not (field.data_type = 'NullCheckbox' and said.value = '0')
                 group by template.id, template.name, template.order_on_complete_note
              ) section), '')"""


def _select_content() -> Combinable:
    own = When(appointment__isnull=True, then=F("content"))
    sections = sql.template(_SECTIONS, F("practice_id"), F("appointment_id"), output_field=sql.TEXT)
    return Case(own, default=sections, output_field=models.TextField())


def _select_day() -> Combinable:
    visit = sql.to_wall_clock(F("appointment__scheduled_time"), F(f"appointment__{Appointment.ZONE}"))
    of_visit = sql.template("(%s)::date::text", visit, output_field=sql.TEXT)
    return Coalesce(Cast(F("date_of_service"), models.TextField()), of_visit)


def _select_owner() -> Combinable:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("appointment__doctor_id"), role="doctor"
    )
    of_visit = Subquery(users.order_by("pk").values_list("pk")[:1])
    return Coalesce(F("owner_id"), of_visit, models.Value(API_MADE), output_field=models.BigIntegerField())


def _select_author() -> Combinable:
    columns = F("added_by_id"), F("appointment__created_by_id"), models.Value(API_MADE)
    return Coalesce(*columns, output_field=models.BigIntegerField())


def _select_signed() -> Combinable:
    return ExpressionWrapper(Q(locked_at__isnull=False), output_field=models.BooleanField())


_ENCOUNTER: tuple[Key, ...] = (
    make_object_key("encounter"),
    Key("id", Id(), READ_ONLY, doc="For a visit, the appointment's id."),
    Key(
        "pt_id",
        Reference("patients"),
        OPTIONAL,
        source="patient",
        doc="Required; the patient must be active.",
    ),
    Key(
        "encounter_type",
        Text(),
        OPTIONAL,
        source=Expression(_select_type_code),
        nullable=False,
        doc="An encounter type's code; default: the practice's first type.",
    ),
    Key(
        "title",
        Text(max_length=500),
        OPTIONAL,
        source=Expression(_select_title, column="title"),
        nullable=False,
        default="",
        doc="Default: the type's name; for a visit, the reason.",
    ),
    Key(
        "content",
        Text(multiline=True, max_length=MAX_VALUE_LENGTH),
        OPTIONAL,
        source=Expression(_select_content, column="content"),
        nullable=False,
        default="",
        doc="Plain text; for a visit, the contents of the note's sections.",
    ),
    Key(
        "date_of_service",
        Date(),
        OPTIONAL,
        source=Expression(_select_day, column="date_of_service"),
        nullable=False,
        doc="Default: today; for a visit, its date at the office.",
    ),
    Key(
        "owner",
        Reference("users"),
        OPTIONAL,
        source=Expression(_select_owner, column="owner"),
        nullable=False,
        doc="An active user; default: the API user, 99999. For a visit, its doctor's user.",
    ),
    Key(
        "parent_encounter",
        Reference("encounters"),
        OPTIONAL,
        source="parent",
        doc="Must be an encounter of the same patient without a parent.",
    ),
    Key("is_signed", Boolean(), READ_ONLY, source=Expression(_select_signed), nullable=False),
    Key("date_signed", Timestamp(spaced=True), READ_ONLY, source="locked_at"),
    Key("signed_by", Integer(), READ_ONLY, source="locked_by_id", doc="A user id."),
    Key(
        "addedby",
        Integer(),
        READ_ONLY,
        source=Expression(_select_author),
        nullable=False,
        doc="A user id; 99999 for an API user.",
    ),
    make_created_key(),
    make_deleted_key(),
)


def _match_type() -> Q:
    return Q(Exact(_select_type_code(), BoundParameter("type", models.TextField())))


_EXAMPLE: dict[str, Any] = {
    "pt_id": 1042,
    "date_of_service": "2030-03-04",
    "title": "Phone call",
    "content": "Feels better since Monday.",
    "encounter_type": "ov",
}

_COMMON: dict[str, Any] = {
    "model": ClinicalNote,
    "page_size": PAGES,
    "rows": Q(archived=False),
    "keys": _ENCOUNTER,
    "example": _EXAMPLE,
    "policy": make_policy("encounters"),
}

encounters = Resource(
    path="encounters",
    doc=(
        "Patients' notes, from visits and other encounters. Signed notes and notes of visits "
        "can't be deleted (409)."
    ),
    methods="GET POST DELETE",
    lists=False,
    **_COMMON,
    checks=(complete_encounter, check_changeable),
    events=plain_events(
        "encounter.created", "encounter.modified", "encounter.deleted", own="create modify delete"
    ),
)

encounters_of_patient = Resource(
    path="patients/{patient_id}/encounters",
    doc="A patient's encounters: only signed ones, unless signed_only is false.",
    methods="GET",
    reads=False,
    **_COMMON,
    parents=make_patient_parent(),
    filters=(
        Condition(
            "type",
            read=lambda text, given: {"type": parse_text(text)},
            condition=_match_type,
            doc="An encounter type's code.",
        ),
        Flag("signed_only", negated=True, doc="false includes unsigned encounters; default: true."),
    ),
    visibility=Visibility(Q(locked_at=None), shown_by="signed_only"),
)

RESOURCES = [encounters, encounters_of_patient]
