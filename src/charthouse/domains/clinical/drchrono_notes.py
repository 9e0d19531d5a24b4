"""Notes, their templates and amendments as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from dataclasses import replace
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
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.filters import SINCE, Filter, Flag, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import PageSize, Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import File

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


def _select_values() -> "models.QuerySet[Any]":
    """What a note says in the fields of one of its sections: a template's row, shown inside a note's."""
    return ClinicalNoteFieldValue.objects.filter(
        practice=OuterRef("practice_id"),
        clinical_note_field__clinical_note_template=OuterRef("pk"),
        appointment=OuterRef(OuterRef("appointment_id")),
        archived=False,
    )


def _select_sections() -> "models.QuerySet[Any]":
    """The templates that a note has values of."""
    return ClinicalNoteTemplate.objects.filter(Exists(_select_values()), practice=OuterRef("practice_id"))


_VALUES = Key(
    "values",
    List(
        Object(
            (
                Key("id", Id(), READ_ONLY),
                Key("clinical_note_field", Reference("clinical_note_field_types"), READ_ONLY),
                Key("value", Text(), READ_ONLY),
            )
        )
    ),
    READ_ONLY,
    source=ChildRows(
        ClinicalNoteFieldValue,
        match=_select_values,
        order=("clinical_note_field__position", "clinical_note_field_id", "id"),
    ),
    verbose=True,
)


def _signee() -> Any:
    person = sql.json_object(
        id=F("locked_by_id"), first_name=F("locked_by__first_name"), last_name=F("locked_by__last_name")
    )
    return Case(When(locked_by__isnull=False, then=person))


clinical_notes = Resource(
    path="clinical_notes",
    model=ClinicalNote,
    doc="The notes of visits, each under the id of its appointment; what they say is shown with verbose.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    rows=Q(appointment__isnull=False),
    keys=(
        Key("id", Id(), READ_ONLY, doc="The id of its appointment."),
        Key("archived", Boolean(), READ_ONLY, doc="Its appointment is deleted."),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key(
            "clinical_note_sections",
            List(
                Object(
                    (
                        Key(
                            "clinical_note_template",
                            Reference("clinical_note_templates"),
                            READ_ONLY,
                            source="id",
                        ),
                        Key("name", Text(), READ_ONLY),
                        _VALUES,
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(
                ClinicalNoteTemplate, match=_select_sections, order=("order_on_complete_note", "id")
            ),
            doc="The templates that the note has values of.",
        ),
        Key(
            "signee",
            Object(
                (
                    Key("id", Id(), READ_ONLY),
                    Key("first_name", Text(), READ_ONLY),
                    Key("last_name", Text(), READ_ONLY),
                )
            ),
            READ_ONLY,
            source=Expression(_signee),
            addition=True,
            doc="Who locked the note; null while it is open.",
        ),
    ),
    filters=(
        Filter(
            "date", Date(), OnDay(ZONE), source="appointment__scheduled_time", doc="Day of the appointment."
        ),
        Filter("date_range", Date(), InDays(ZONE), source="appointment__scheduled_time"),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("patient", Reference("patients")),
        Flag("show_archived", doc="Adds notes of deleted appointments."),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="appointment__doctor", addition=True),
        Filter(
            "created_at", Timestamp(), SINCE, source="created_at", addition=True, doc="Created at or after."
        ),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    one_of=(("since", "date", "date_range"),),
    page_size=PageSize(default=5, maximum=20),
    events=(
        Event("CLINICAL_NOTE_LOCK", "update", column="locked_at"),
        Event("CLINICAL_NOTE_UNLOCK", "update", column="locked_at", filled=False),
    ),
    example={"appointment": 512, "patient": 12},
)

_TYPE_KEYS = (
    Key("allowed_values", List(Text(max_length=500)), READ_ONLY, doc="Empty where any value is allowed."),
    Key("archived", Boolean(), READ_ONLY),
    Key("clinical_note_template", Reference("clinical_note_templates"), READ_ONLY),
    Key("data_type", Text(choices=DATA_TYPES), READ_ONLY),
    Key("name", Text(max_length=200, blank=False), READ_ONLY),
    Key(
        "required",
        Boolean(),
        READ_ONLY,
        doc="A note with this section can't be locked before it has a value.",
    ),
)

# What a PATCH may change: the meaning of values that are there (type, template) stays.
_CHANGEABLE = frozenset({"allowed_values", "archived", "name", "required"})

clinical_note_templates = Resource(
    path="clinical_note_templates",
    model=ClinicalNoteTemplate,
    doc="The sections that doctors write in notes.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing="share_clinical_templates", owner="doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY, doc="Not used for notes to come."),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("is_onpatient", Boolean(), READ_ONLY, doc="Filled in by patients before a visit."),
        Key(
            "is_persistent",
            Boolean(),
            READ_ONLY,
            doc="Its values stand in later notes of the patient as well.",
        ),
        Key("name", Text(), READ_ONLY),
        Key(
            "order",
            Object((Key("on_complete_note", Integer(), READ_ONLY), Key("on_ipad", Integer(), READ_ONLY))),
            READ_ONLY,
            source=Expression(
                lambda: sql.json_object(
                    on_complete_note=F("order_on_complete_note"), on_ipad=F("order_on_ipad")
                )
            ),
            nullable=False,
        ),
        Key(
            "clinical_note_fields",
            List(Object((Key("id", Id(), READ_ONLY), *_TYPE_KEYS))),
            READ_ONLY,
            source=ChildRows(ClinicalNoteFieldType, link="clinical_note_template", order=("position", "id")),
            verbose=True,
        ),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("workflow_key", Text(), READ_ONLY, addition=True, doc="Its part of a note, soap_plan for one."),
    ),
    filters=(
        Flag("show_archived", doc="Adds archived templates."),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"doctor": 1, "name": "Assessment", "workflow_key": "soap_assessment"},
)

clinical_note_field_types = Resource(
    path="clinical_note_field_types",
    model=ClinicalNoteFieldType,
    doc="The fields of templates.",
    methods="GET PATCH",  # PATCH is the hosted API's addition
    policy=Policy(
        scopes=SCOPES,
        permissions=PERMISSIONS,
        sharing="share_clinical_templates",
        owner="clinical_note_template__doctor",
    ),
    keys=(
        Key("id", Id(), READ_ONLY),
        *(
            replace(key, access=OPTIONAL, keep_on_put=True) if key.name in _CHANGEABLE else key
            for key in _TYPE_KEYS
        ),
        Key(
            "appointment",
            Reference("appointments"),
            READ_ONLY,
            source=Expression(lambda: sql.literal(None)),
            doc="Always null: a field belongs to no single visit.",
        ),
        Key("comment", Text(max_length=1000), OPTIONAL),
    ),
    filters=(
        Filter("clinical_note_template", Reference("clinical_note_templates")),
        Flag("show_archived", doc="Adds archived fields."),
        Filter("doctor", Reference("doctors"), source="clinical_note_template__doctor", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"clinical_note_template": 3, "name": "Impression", "data_type": "String", "required": True},
)


def _standing() -> Q:
    """The values of this note, and of each field of the template, if it is persistent, the last that was written in
    it or an earlier note of the patient. Over the parameters ``appointment`` and ``clinical_note_template``: found
    once, not once for each row."""
    practice, asked = BoundParameter("practice", _ID()), BoundParameter("appointment", _ID())
    here = Appointment.objects.filter(practice=practice, pk=asked)
    last = (
        ClinicalNoteFieldValue.objects.filter(
            practice=practice,
            archived=False,
            clinical_note_field__clinical_note_template=BoundParameter("clinical_note_template", _ID()),
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
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("clinical_note_field", Reference("clinical_note_field_types"), REQUIRED),
        Key(
            "value",
            Text(max_length=LONGEST),
            REQUIRED,
            doc="By type: one of allowed_values; Checkbox True or False; NullCheckbox 0 not selected, 1 no, 2 yes; "
            "TwoStrings two parts joined by /; FreeDraw and Photo the URL of an image.",
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("clinical_note_field", Reference("clinical_note_field_types")),
        Filter(
            "clinical_note_template",
            Reference("clinical_note_templates"),
            source="clinical_note_field__clinical_note_template",
        ),
        Flag("show_archived", doc="Adds archived values."),
        Flag(
            "show_persistent",
            needs=("appointment", "clinical_note_template"),
            replaces=("appointment",),
            condition=_standing,
            doc="Adds the values that stand since an earlier note of the patient.",
        ),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="appointment__doctor", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    checks=(actions.write_note,),
    after=(actions.note_written,),
    example={"appointment": 512, "clinical_note_field": 31, "value": "Lungs clear, no murmur."},
)

yellow_notepad = Resource(
    path="yellow_notepad",
    model=YellowNotepad,
    doc="Free text beside a section of a note; a second one takes the place of the first.",
    methods="GET POST",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    addition=True,
    upsert_keys=("appointment_id", "template_id"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("appointment_id", Reference("appointments"), REQUIRED, source="appointment", in_query=True),
        Key("template_id", Reference("clinical_note_templates"), REQUIRED, source="template", in_query=True),
        Key("content", Text(max_length=LONGEST), REQUIRED),
    ),
    filters=(
        Filter("appointment_id", Reference("appointments")),
        Filter("template_id", Reference("clinical_note_templates")),
    ),
    checks=(actions.write_beside_note,),
    example={"appointment_id": 512, "template_id": 3, "content": "Ask about the new job."},
)

amendments = Resource(
    path="amendments",
    model=Amendment,
    doc="PDFs that amend the record, those of the calling app alone; a note's follow its pages.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    rows=Q(archived=False, app=BoundParameter("caller_app", _ID())),
    keys=(
        Key("amendment_name", Text(), REQUIRED),
        Key(
            "amendment_file",
            File(kinds=("pdf",)),
            REQUIRED,
            example=_PDF,
            doc="A PDF; reads as a link.",
            keep_on_put=True,
        ),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "appointment", Reference("appointments"), OPTIONAL, doc="The visit to whose note it is appended."
        ),
        Key("comments", Text(), OPTIONAL),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("patient", Reference("patients")),
        Filter("doctor", Reference("doctors"), addition=True),
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
