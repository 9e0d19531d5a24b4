"""Encounters and their types as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0240-encounters.md"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, NullIf
from django.db.models.lookups import Exact

from charthouse.domains.clinical import encounters as actions
from charthouse.domains.clinical.charting import LONGEST
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.practice.cerbo_keys import API_MADE, below_patient, common, created, deleted, tag
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import PageSize, Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

User = get_user_model()
PAGES = PageSize(100, 100, 100)
_OFFICE_VISIT = "ov"  # what a visit is where a practice has deleted all of its types

# -- types --------------------------------------------------------------------------------------------------------

encounter_types = Resource(
    path="encounter_types",
    model=EncounterType,
    doc="Kinds of encounters, by their two-letter codes.",
    methods="GET",
    policy=common("encounter_types"),
    reads=False,
    page_size=PAGES,
    keys=(
        Key("encounter_type", Text(), READ_ONLY, source="code", doc="The code."),
        Key("name", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("is_face_to_face", Boolean(), READ_ONLY),
        Key("place_of_service_code", Text(), READ_ONLY, doc="CMS's place of service."),
        Key("provider_taxonomy", Text(), READ_ONLY, doc="NUCC's taxonomy."),
        Key("sort_priority", Integer(), READ_ONLY, doc="Lower comes first; the first one is the default."),
        Key("deletedby", Integer(), READ_ONLY, source="deleted_by_id", doc="A user's id."),
    ),
    filters=(Flag("include_deleted", doc="Adds deleted ones."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted"),
    example={"encounter_type": "ov", "name": "Office visit", "place_of_service_code": "11"},
)

# -- what an encounter shows --------------------------------------------------------------------------------------


def _type(column: str) -> Combinable:
    """Of the note's own type; of a visit, of the practice's first."""
    rows = EncounterType.objects.filter(practice=OuterRef("practice_id"), archived=False)
    first = Subquery(rows.order_by("sort_priority", "pk").values_list(column)[:1])
    return Coalesce(F(f"encounter_type__{column}"), first, output_field=models.TextField())


def _code() -> Combinable:
    return Coalesce(_type("code"), sql.Literal(_OFFICE_VISIT), output_field=models.TextField())


def _title() -> Combinable:
    empty = sql.Literal("")
    words = [
        NullIf(F(path), empty) for path in ("title", "appointment__reason", "appointment__profile__name")
    ]
    return Coalesce(*words, _type("name"), empty, output_field=models.TextField())


# What the sections of a visit's note say, as plain text in the order of the complete note: the name of each, and below
# it a line for each field. Pictures are left out, and what was not selected. Over the practice and the visit.
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


def _content() -> Combinable:
    own = When(appointment__isnull=True, then=F("content"))
    said = sql.template(_SECTIONS, F("practice_id"), F("appointment_id"), output_field=sql.TEXT)
    return Case(own, default=said, output_field=models.TextField())


def _day() -> Combinable:
    visit = sql.to_wall_clock(F("appointment__scheduled_time"), F(f"appointment__{Appointment.ZONE}"))
    of_visit = sql.template("(%s)::date::text", visit, output_field=sql.TEXT)
    return Coalesce(Cast(F("date_of_service"), models.TextField()), of_visit)


def _owner() -> Combinable:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("appointment__doctor_id"), role="doctor"
    )
    of_visit = Subquery(users.order_by("pk").values_list("pk")[:1])
    return Coalesce(F("owner_id"), of_visit, models.Value(API_MADE), output_field=models.BigIntegerField())


def _made_by() -> Combinable:
    columns = F("added_by_id"), F("appointment__created_by_id"), models.Value(API_MADE)
    return Coalesce(*columns, output_field=models.BigIntegerField())


def _is_signed() -> Combinable:
    return ExpressionWrapper(Q(locked_at__isnull=False), output_field=models.BooleanField())


_ENCOUNTER: tuple[Key, ...] = (
    tag("encounter"),
    Key("id", Id(), READ_ONLY, doc="Of a visit, its appointment's."),
    Key("pt_id", Reference("patients"), OPTIONAL, source="patient", doc="Needed, of an active patient."),
    Key(
        "encounter_type",
        Text(),
        OPTIONAL,
        source=Expression(_code),
        nullable=False,
        doc="The code of a type; default: the practice's first.",
    ),
    Key(
        "title",
        Text(max_length=500),
        OPTIONAL,
        source=Expression(_title, column="title"),
        nullable=False,
        default="",
        doc="Default: the name of its type; of a visit, its reason.",
    ),
    Key(
        "content",
        Text(max_length=LONGEST),
        OPTIONAL,
        source=Expression(_content, column="content"),
        nullable=False,
        default="",
        doc="Plain text; of a visit, what the sections of its note say.",
    ),
    Key(
        "date_of_service",
        Date(),
        OPTIONAL,
        source=Expression(_day, column="date_of_service"),
        nullable=False,
        doc="Default: today; of a visit, its day at the office.",
    ),
    Key(
        "owner",
        Reference("users"),
        OPTIONAL,
        source=Expression(_owner, column="owner"),
        nullable=False,
        doc="An active user; default: the API user, 99999. Of a visit, its doctor's.",
    ),
    Key(
        "parent_encounter",
        Reference("encounters"),
        OPTIONAL,
        source="parent",
        doc="An encounter of the same patient that has no parent itself.",
    ),
    Key("is_signed", Boolean(), READ_ONLY, source=Expression(_is_signed), nullable=False),
    Key("date_signed", Timestamp(spaced=True), READ_ONLY, source="locked_at"),
    Key("signed_by", Integer(), READ_ONLY, source="locked_by_id", doc="A user's id."),
    Key(
        "addedby",
        Integer(),
        READ_ONLY,
        source=Expression(_made_by),
        nullable=False,
        doc="A user's id; 99999: by an API user.",
    ),
    created(),
    deleted(),
)


def _of_type() -> Q:
    return Q(Exact(_code(), BoundParameter("type", models.TextField())))


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
    "policy": common("encounters"),
}

encounters = Resource(
    path="encounters",
    doc="Notes of patients, of visits and otherwise; what is signed, or a visit's, is not deleted (409).",
    methods="GET POST DELETE",
    lists=False,
    **_COMMON,
    checks=(actions.complete, actions.keep_signed),
    events=plain_events(
        "encounter.created", "encounter.modified", "encounter.deleted", own="create modify delete"
    ),
)

encounters_of_patient = Resource(
    path="patients/{patient_id}/encounters",
    doc="The encounters of a patient: signed ones, unless signed_only is false.",
    methods="GET",
    reads=False,
    **_COMMON,
    parents=below_patient(),
    filters=(
        Condition(
            "type",
            read=lambda text, given: {"type": parse_text(text)},
            condition=_of_type,
            doc="The code of a type.",
        ),
        Flag("signed_only", negated=True, doc="false adds those that aren't signed; default: true."),
    ),
    visibility=Visibility(Q(locked_at=None), shown_by="signed_only"),
)

RESOURCES = [encounter_types, encounters, encounters_of_patient]
