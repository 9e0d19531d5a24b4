"""Notes, their templates and amendments as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When

from charthouse.domains.clinical import actions
from charthouse.domains.clinical.charting import DATA_TYPES, LONGEST
from charthouse.domains.clinical.models import (
    Amendment,
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
    YellowNotepad,
)
from charthouse.domains.scheduling.models import Appointment
from charthouse.files.fields import File
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, PageSize, Resource
from charthouse.resource.events import Event
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Id, Integer, ListOf, Ref, Text
from charthouse.resource.filters import DateIs, DateRange, Flag, RefIs, Since
from charthouse.resource.nested import Embedded, Many
from charthouse.resource.sql import Slot
from charthouse.resource.times import Timestamp

SCOPES = ("clinical",)
PERMISSIONS = ("Access Clinical Notes",)
SHARED = "share_patients"
ZONE = f"appointment__{Appointment.ZONE}"
_ID = models.BigIntegerField
# A PDF with one empty page, base64.
_PDF = (
    "JVBERi0xLjQKMSAwIG9iago8PC9UeXBlL0NhdGFsb2cvUGFnZXMgMiAwIFI+PgplbmRvYmoKMiAwIG9iago8PC9UeXBlL1BhZ2VzL0tpZHNb"
    "MyAwIFJdL0NvdW50IDE+PgplbmRvYmoKMyAwIG9iago8PC9UeXBlL1BhZ2UvUGFyZW50IDIgMCBSL01lZGlhQm94WzAgMCA2MTIgNzkyXT4+"
    "CmVuZG9iagp0cmFpbGVyCjw8L1Jvb3QgMSAwIFI+Pgo="
)


@dataclass(frozen=True, kw_only=True, eq=False)
class SectionValues(Many):
    """What a note says in the fields of one of its sections: a template's row, shown inside a note's."""

    def rows(self) -> "models.QuerySet[Any]":
        return ClinicalNoteFieldValue.objects.filter(
            practice=OuterRef("practice_id"),
            clinical_note_field__clinical_note_template=OuterRef("pk"),
            appointment=OuterRef(OuterRef("appointment_id")),
            archived=False,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sections(SectionValues):
    """The templates that a note has values of."""

    def rows(self) -> "models.QuerySet[Any]":
        return ClinicalNoteTemplate.objects.filter(Exists(super().rows()), practice=OuterRef("practice_id"))


def _signee() -> Any:
    person = sql.Json(
        id=F("locked_by_id"), first_name=F("locked_by__first_name"), last_name=F("locked_by__last_name")
    )
    return Case(When(locked_by__isnull=False, then=person))


clinical_notes = Resource(
    path="clinical_notes",
    model=ClinicalNote,
    doc="The notes of visits, each under the id of its appointment; what they say is shown with verbose.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="appointment__doctor",
    rows=Q(appointment__isnull=False),
    fields=(
        Id("id", doc="The id of its appointment."),
        Boolean("archived", READ_ONLY, doc="Its appointment is deleted."),
        Ref("appointment", READ_ONLY, to="appointments"),
        Ref("patient", READ_ONLY, to="patients"),
        Sections(
            "clinical_note_sections",
            READ_ONLY,
            to=ClinicalNoteTemplate,
            link="",
            order=("order_on_complete_note", "id"),
            fields=(
                Ref("clinical_note_template", READ_ONLY, source="id", to="clinical_note_templates"),
                Text("name", READ_ONLY),
                SectionValues(
                    "values",
                    READ_ONLY,
                    to=ClinicalNoteFieldValue,
                    link="",
                    order=("clinical_note_field__position", "clinical_note_field_id", "id"),
                    verbose=True,
                    fields=(
                        Id("id"),
                        Ref("clinical_note_field", READ_ONLY, to="clinical_note_field_types"),
                        Text("value", READ_ONLY),
                    ),
                ),
            ),
            doc="The templates that the note has values of.",
        ),
        Embedded(
            "signee",
            READ_ONLY,
            addition=True,
            computed=_signee,
            fields=(Id("id"), Text("first_name", READ_ONLY), Text("last_name", READ_ONLY)),
            doc="Who locked the note; null while it is open.",
        ),
    ),
    filters=(
        DateIs("date", source="appointment__scheduled_time", zone=ZONE, doc="Day of the appointment."),
        DateRange("date_range", source="appointment__scheduled_time", zone=ZONE),
        RefIs("office", source="appointment__office", to="offices"),
        RefIs("patient", to="patients"),
        Flag("show_archived", doc="Adds notes of deleted appointments."),
        Since("since"),
        RefIs("doctor", source="appointment__doctor", to="doctors", addition=True),
        Since("created_at", source="created_at", addition=True, doc="Created at or after."),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    one_of=(("since", "date", "date_range"),),
    page_size=PageSize(default=5, maximum=20),
    events=(
        Event("CLINICAL_NOTE_LOCK", "update", column="locked_at"),
        Event("CLINICAL_NOTE_UNLOCK", "update", column="locked_at", filled=False),
    ),
    example={"appointment": 512, "patient": 12},
)

_TYPE_FIELDS = (
    ListOf(
        "allowed_values", READ_ONLY, item=Text("", max_length=500), doc="Empty where any value is allowed."
    ),
    Boolean("archived", READ_ONLY),
    Ref("clinical_note_template", READ_ONLY, to="clinical_note_templates"),
    Text("data_type", READ_ONLY, choices=DATA_TYPES),
    Text("name", READ_ONLY, max_length=200, blank=False),
    Boolean("required", READ_ONLY, doc="A note with this section can't be locked before it has a value."),
)

# What a PATCH may change: the meaning of values that are there (type, template) stays.
_CHANGEABLE = frozenset({"allowed_values", "archived", "name", "required"})

clinical_note_templates = Resource(
    path="clinical_note_templates",
    model=ClinicalNoteTemplate,
    doc="The sections that doctors write in notes.",
    methods="GET",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing="share_clinical_templates",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY, doc="Not used for notes to come."),
        Ref("doctor", READ_ONLY, to="doctors"),
        Id("id"),
        Boolean("is_onpatient", READ_ONLY, doc="Filled in by patients before a visit."),
        Boolean("is_persistent", READ_ONLY, doc="Its values stand in later notes of the patient as well."),
        Text("name", READ_ONLY),
        Embedded(
            "order",
            READ_ONLY,
            nullable=False,
            computed=lambda: sql.Json(
                on_complete_note=F("order_on_complete_note"), on_ipad=F("order_on_ipad")
            ),
            fields=(Integer("on_complete_note", READ_ONLY), Integer("on_ipad", READ_ONLY)),
        ),
        Many(
            "clinical_note_fields",
            READ_ONLY,
            to=ClinicalNoteFieldType,
            link="clinical_note_template",
            order=("position", "id"),
            verbose=True,
            fields=(Id("id"), *_TYPE_FIELDS),
        ),
        Timestamp("updated_at", READ_ONLY),
        Text("workflow_key", READ_ONLY, addition=True, doc="Its part of a note, soap_plan for one."),
    ),
    filters=(
        Flag("show_archived", doc="Adds archived templates."),
        RefIs("doctor", to="doctors", addition=True),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    example={"doctor": 1, "name": "Assessment", "workflow_key": "soap_assessment"},
)

clinical_note_field_types = Resource(
    path="clinical_note_field_types",
    model=ClinicalNoteFieldType,
    doc="The fields of templates.",
    methods="GET PATCH",  # PATCH is the hosted API's addition
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing="share_clinical_templates",
    owner="clinical_note_template__doctor",
    fields=(
        Id("id"),
        *(replace(f, access=OPTIONAL, kept=True) if f.name in _CHANGEABLE else f for f in _TYPE_FIELDS),
        Ref(
            "appointment",
            READ_ONLY,
            to="appointments",
            computed=lambda: sql.constant(None),
            doc="Always null: a field belongs to no single visit.",
        ),
        Text("comment", OPTIONAL, max_length=1000),
    ),
    filters=(
        RefIs("clinical_note_template", to="clinical_note_templates"),
        Flag("show_archived", doc="Adds archived fields."),
        RefIs("doctor", source="clinical_note_template__doctor", to="doctors", addition=True),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    example={"clinical_note_template": 3, "name": "Impression", "data_type": "String", "required": True},
)


def _standing() -> Q:
    """The values of this note, and of each field of the template, if it is persistent, the last that was written in
    it or an earlier note of the patient. Over the slots of ``appointment`` and ``clinical_note_template``: found
    once, not once for each row."""
    practice, asked = Slot("practice", _ID()), Slot("appointment", _ID())
    here = Appointment.objects.filter(practice=practice, pk=asked)
    last = (
        ClinicalNoteFieldValue.objects.filter(
            practice=practice,
            archived=False,
            clinical_note_field__clinical_note_template=Slot("clinical_note_template", _ID()),
            clinical_note_field__clinical_note_template__is_persistent=True,
            appointment__archived=False,
            appointment__patient=Subquery(here.values("patient")[:1]),
            appointment__scheduled_time__lte=Subquery(here.values("scheduled_time")[:1]),
        )
        .order_by("clinical_note_field", "-appointment__scheduled_time", "-id")
        .distinct("clinical_note_field")
    )
    return Q(appointment=asked) | Q(pk__in=last.values("pk"))


clinical_note_field_values = Resource(
    path="clinical_note_field_values",
    model=ClinicalNoteFieldValue,
    doc="What notes say, field by field; a locked note refuses writes with 409.",
    methods="GET POST PUT PATCH",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="appointment__doctor",
    fields=(
        Id("id"),
        Ref("appointment", REQUIRED, to="appointments"),
        Ref("clinical_note_field", REQUIRED, to="clinical_note_field_types"),
        Text(
            "value",
            REQUIRED,
            max_length=LONGEST,
            doc="By type: one of allowed_values; Checkbox True or False; NullCheckbox 0 not selected, 1 no, 2 yes; "
            "TwoStrings two parts joined by /; FreeDraw and Photo the URL of an image.",
        ),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        RefIs("clinical_note_field", to="clinical_note_field_types"),
        RefIs(
            "clinical_note_template",
            source="clinical_note_field__clinical_note_template",
            to="clinical_note_templates",
        ),
        Flag("show_archived", doc="Adds archived values."),
        Flag(
            "show_persistent",
            needs=("appointment", "clinical_note_template"),
            replaces=("appointment",),
            matches=_standing,
            doc="Adds the values that stand since an earlier note of the patient.",
        ),
        Since("since"),
        RefIs("doctor", source="appointment__doctor", to="doctors", addition=True),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    checks=(actions.write_note,),
    after=(actions.note_written,),
    example={"appointment": 512, "clinical_note_field": 31, "value": "Lungs clear, no murmur."},
)

yellow_notepad = Resource(
    path="yellow_notepad",
    model=YellowNotepad,
    doc="Free text beside a section of a note; a second one takes the place of the first.",
    methods="GET POST",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="appointment__doctor",
    addition=True,
    one_for=("appointment_id", "template_id"),
    fields=(
        Id("id"),
        Ref("appointment_id", REQUIRED, source="appointment", to="appointments", in_query=True),
        Ref("template_id", REQUIRED, source="template", to="clinical_note_templates", in_query=True),
        Text("content", REQUIRED, max_length=LONGEST),
    ),
    filters=(
        RefIs("appointment_id", to="appointments"),
        RefIs("template_id", to="clinical_note_templates"),
    ),
    checks=(actions.write_beside_note,),
    example={"appointment_id": 512, "template_id": 3, "content": "Ask about the new job."},
)

amendments = Resource(
    path="amendments",
    model=Amendment,
    doc="PDFs that amend the record, those of the calling app alone; a note's follow its pages.",
    methods="GET POST PUT PATCH DELETE",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    owner="doctor",
    rows=Q(archived=False, app=Slot("caller_app", _ID())),
    fields=(
        Text("amendment_name", REQUIRED),
        File("amendment_file", REQUIRED, kinds=("pdf",), example=_PDF, doc="A PDF; reads as a link."),
        Ref("doctor", REQUIRED, to="doctors"),
        Ref("patient", REQUIRED, to="patients"),
        Ref("appointment", OPTIONAL, to="appointments", doc="The visit to whose note it is appended."),
        Text("comments", OPTIONAL),
        Id("id"),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        RefIs("patient", to="patients"),
        RefIs("doctor", to="doctors", addition=True),
    ),
    checks=(actions.amend,),
    example={"amendment_name": "Corrected history", "doctor": 1, "patient": 12, "comments": "By request."},
)

RESOURCES = [
    clinical_notes,
    clinical_note_templates,
    clinical_note_field_types,
    clinical_note_field_values,
    yellow_notepad,
    amendments,
]
