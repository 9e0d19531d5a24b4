"""Encounters and their types as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0240-encounters.md"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.expressions import Combinable, ExpressionWrapper, Func
from django.db.models.functions import Cast, Coalesce, NullIf
from django.db.models.lookups import Exact

from charthouse.domains.clinical import encounters as actions
from charthouse.domains.clinical.charting import LONGEST
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.practice.cerbo_keys import API_MADE, below_patient, common, created, deleted, tag
from charthouse.domains.scheduling.models import Appointment
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, Boolean, Field, Id, Integer, Ref, Text, plain_text
from charthouse.resource.filters import Flag, Where
from charthouse.resource.sql import Slot
from charthouse.resource.times import Date, Moment

User = get_user_model()
PAGES = PageSize(100, 100, 100)
_OFFICE_VISIT = "ov"  # what a visit is where a practice has deleted all of its types

# -- types --------------------------------------------------------------------------------------------------------

encounter_types = Resource(
    path="encounter_types",
    model=EncounterType,
    doc="Kinds of encounters, by their two-letter codes.",
    methods="GET",
    reads=False,
    **common("encounter_types"),
    page_size=PAGES,
    fields=(
        Text("encounter_type", READ_ONLY, source="code", doc="The code."),
        Text("name", READ_ONLY),
        Text("description", READ_ONLY),
        Boolean("is_face_to_face", READ_ONLY),
        Text("place_of_service_code", READ_ONLY, doc="CMS's place of service."),
        Text("provider_taxonomy", READ_ONLY, doc="NUCC's taxonomy."),
        Integer("sort_priority", READ_ONLY, doc="Lower comes first; the first one is the default."),
        Integer("deletedby", READ_ONLY, source="deleted_by_id", doc="A user's id."),
    ),
    filters=(Flag("include_deleted", doc="Adds deleted ones."),),
    hidden=Hidden(Q(archived=True), unless="include_deleted"),
    example={"encounter_type": "ov", "name": "Office visit", "place_of_service_code": "11"},
)

# -- what an encounter shows --------------------------------------------------------------------------------------


def _type(column: str) -> Combinable:
    """Of the note's own type; of a visit, of the practice's first."""
    rows = EncounterType.objects.filter(practice=OuterRef("practice_id"), archived=False)
    first = Subquery(rows.order_by("sort_priority", "pk").values_list(column)[:1])
    return Coalesce(F(f"encounter_type__{column}"), first, output_field=models.TextField())


def _code() -> Combinable:
    return Coalesce(_type("code"), sql.Text(_OFFICE_VISIT), output_field=models.TextField())


def _title() -> Combinable:
    empty = sql.Text("")
    words = [
        NullIf(F(path), empty) for path in ("title", "appointment__reason", "appointment__profile__name")
    ]
    return Coalesce(*words, _type("name"), empty, output_field=models.TextField())


class _Said(Func):
    """What the sections of a visit's note say, as plain text in the order of the complete note: the name of each, and
    below it a line for each field. Pictures aren't said, nor is what wasn't selected."""

    arity = 2
    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        (practice, a), (visit, b) = map(compiler.compile, self.source_expressions)
        return (
            f"""coalesce((
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
                 where said.practice_id = {practice} and said.appointment_id = {visit} and not said.archived
                   and said.value <> '' and field.data_type not in ('FreeDraw', 'Photo', 'Header', 'Subheader')
                   and not (field.data_type = 'NullCheckbox' and said.value = '0')
                 group by template.id, template.name, template.order_on_complete_note
              ) section), '')""",  # noqa: S608 - names of columns
            [*a, *b],
        )


def _content() -> Combinable:
    own = When(appointment__isnull=True, then=F("content"))
    return Case(own, default=_Said(F("practice_id"), F("appointment_id")), output_field=models.TextField())


class _Day(Func):
    """A moment's day, or a date, as text."""

    template = "(%(expressions)s)::date::text"
    output_field = models.TextField()


def _day() -> Combinable:
    visit = sql.WallClock(F("appointment__scheduled_time"), F(f"appointment__{Appointment.ZONE}"))
    return Coalesce(Cast(F("date_of_service"), models.TextField()), _Day(visit))


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


_ENCOUNTER: tuple[Field, ...] = (
    tag("encounter"),
    Id("id", doc="Of a visit, its appointment's."),
    Ref("pt_id", OPTIONAL, source="patient", to="patients", doc="Needed, of an active patient."),
    Text(
        "encounter_type",
        OPTIONAL,
        stored=False,
        computed=_code,
        nullable=False,
        doc="The code of a type; default: the practice's first.",
    ),
    Text(
        "title",
        OPTIONAL,
        computed=_title,
        nullable=False,
        default="",
        max_length=500,
        doc="Default: the name of its type; of a visit, its reason.",
    ),
    Text(
        "content",
        OPTIONAL,
        computed=_content,
        nullable=False,
        default="",
        max_length=LONGEST,
        doc="Plain text; of a visit, what the sections of its note say.",
    ),
    Date(
        "date_of_service",
        OPTIONAL,
        computed=_day,
        nullable=False,
        doc="Default: today; of a visit, its day at the office.",
    ),
    Ref(
        "owner",
        OPTIONAL,
        to="users",
        computed=_owner,
        nullable=False,
        doc="An active user; default: the API user, 99999. Of a visit, its doctor's.",
    ),
    Ref(
        "parent_encounter",
        OPTIONAL,
        source="parent",
        to="encounters",
        doc="An encounter of the same patient that has no parent itself.",
    ),
    Boolean("is_signed", READ_ONLY, computed=_is_signed, nullable=False),
    Moment("date_signed", READ_ONLY, source="locked_at"),
    Integer("signed_by", READ_ONLY, source="locked_by_id", doc="A user's id."),
    Integer(
        "addedby", READ_ONLY, computed=_made_by, nullable=False, doc="A user's id; 99999: by an API user."
    ),
    created(),
    deleted(),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Unless(Flag):
    """A flag that is on unless its value says no: what it names is what happens then."""

    def on(self, text: str) -> bool:
        return bool(text) and not super().on(text)


def _of_type() -> Q:
    return Q(Exact(_code(), Slot("type", models.TextField())))


_EXAMPLE: dict[str, Any] = {
    "pt_id": 1042,
    "date_of_service": "2030-03-04",
    "title": "Phone call",
    "content": "Feels better since Monday.",
    "encounter_type": "ov",
}
_COMMON: dict[str, Any] = {
    "model": ClinicalNote,
    **common("encounters"),
    "page_size": PAGES,
    "rows": Q(archived=False),
    "fields": _ENCOUNTER,
    "example": _EXAMPLE,
}

encounters = Resource(
    path="encounters",
    doc="Notes of patients, of visits and otherwise; what is signed, or a visit's, is not deleted (409).",
    methods="GET POST DELETE",
    lists=False,
    **_COMMON,
    checks=(actions.complete, actions.keep_signed),
    events=plain("encounter.created", "encounter.modified", "encounter.deleted", ours="create modify delete"),
)

encounters_of_patient = Resource(
    path="patients/{patient_id}/encounters",
    doc="The encounters of a patient: signed ones, unless signed_only is false.",
    methods="GET",
    reads=False,
    **_COMMON,
    parents=below_patient(),
    filters=(
        Where(
            "type",
            read=lambda text, given: {"type": plain_text(text)},
            condition=_of_type,
            doc="The code of a type.",
        ),
        _Unless("signed_only", doc="false adds those that aren't signed; default: true."),
    ),
    hidden=Hidden(Q(locked_at=None), unless="signed_only"),
)

RESOURCES = [encounter_types, encounters, encounters_of_patient]
