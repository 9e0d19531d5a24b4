"""Templates of clinical notes and their fields in the DrChrono API. Source: reference drchrono/resources.yaml."""

from dataclasses import replace

from django.db.models import F, Q

from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES
from charthouse.domains.clinical.field_values import DATA_TYPES
from charthouse.domains.clinical.models import (
    ClinicalNoteFieldType,
    ClinicalNoteTemplate,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY
from charthouse.engine.sql import expressions as sql

_TYPE_KEYS = (
    Key("allowed_values", List(Text(max_length=500)), READ_ONLY, doc="Empty if any value is allowed."),
    Key("archived", Boolean(), READ_ONLY),
    Key("clinical_note_template", Reference("clinical_note_templates"), READ_ONLY),
    Key("data_type", Text(choices=DATA_TYPES), READ_ONLY),
    Key("name", Text(max_length=200, blank=False), READ_ONLY),
    Key(
        "required",
        Boolean(),
        READ_ONLY,
        doc="A note with this section can't be locked until the section has a value.",
    ),
)

# What a PATCH may change. Type and template, which give existing values their meaning, do not change.
_CHANGEABLE = frozenset({"allowed_values", "archived", "name", "required"})

clinical_note_templates = Resource(
    path="clinical_note_templates",
    model=ClinicalNoteTemplate,
    doc="Sections of clinical notes.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing="share_clinical_templates", owner="doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY, doc="Not used in new notes."),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("is_onpatient", Boolean(), READ_ONLY, doc="Patients fill it in before a visit."),
        Key(
            "is_persistent",
            Boolean(),
            READ_ONLY,
            doc="Its values carry over to the patient's later notes.",
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
        Key(
            "workflow_key",
            Text(),
            READ_ONLY,
            addition=True,
            doc="The part of the note it belongs to, such as soap_plan.",
        ),
    ),
    filters=(
        Flag("show_archived", doc="Includes archived templates."),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"doctor": 1, "name": "Assessment", "workflow_key": "soap_assessment"},
)

clinical_note_field_types = Resource(
    path="clinical_note_field_types",
    model=ClinicalNoteFieldType,
    doc="Fields of note templates.",
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
            doc="Always null: a field doesn't belong to a single visit.",
        ),
        Key("comment", Text(max_length=1000), OPTIONAL),
    ),
    filters=(
        Filter("clinical_note_template", Reference("clinical_note_templates")),
        Flag("show_archived", doc="Includes archived fields."),
        Filter("doctor", Reference("doctors"), source="clinical_note_template__doctor", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    example={"clinical_note_template": 3, "name": "Impression", "data_type": "String", "required": True},
)

RESOURCES = [clinical_note_templates, clinical_note_field_types]
