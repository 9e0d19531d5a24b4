"""Clinical notes in the DrChrono API. Source: reference drchrono/resources.yaml."""

from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When

from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
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
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql

VISIT_ZONE = f"appointment__{Appointment.ZONE}"


def _select_values() -> "models.QuerySet[Any]":
    """Return the values of a note in the fields of a template. The outer rows are the template and the note."""
    return ClinicalNoteFieldValue.objects.filter(
        practice=OuterRef("practice_id"),
        clinical_note_field__clinical_note_template=OuterRef("pk"),
        appointment=OuterRef(OuterRef("appointment_id")),
        archived=False,
    )


def _select_sections() -> "models.QuerySet[Any]":
    """Return the templates that a note has values of."""
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


def _select_signee() -> Any:
    person = sql.json_object(locked_by=F("locked_by__username"), supervisor_locked_by=sql.Literal(""))
    return Case(When(locked_by__isnull=False, then=person))


clinical_notes = Resource(
    path="clinical_notes",
    model=ClinicalNote,
    doc=(
        "Clinical notes of visits, identified by the appointment's id. Use verbose to include their contents."
    ),
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    rows=Q(appointment__isnull=False),
    keys=(
        Key("id", Id(), READ_ONLY, doc="The appointment's id."),
        Key("archived", Boolean(), READ_ONLY, doc="Whether its appointment is deleted."),
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
            doc="Templates that the note has values for.",
        ),
        Key(
            "signee",
            Object(
                (
                    Key("locked_by", Text(), READ_ONLY, doc="Username."),
                    Key(
                        "supervisor_locked_by",
                        Text(),
                        READ_ONLY,
                        doc="Always empty: notes have no second signature.",
                    ),
                )
            ),
            READ_ONLY,
            source=Expression(_select_signee),
            addition=True,
            doc="The user who locked the note; null if it is unlocked.",
        ),
    ),
    filters=(
        Filter(
            "date",
            Date(),
            OnDay(VISIT_ZONE),
            source="appointment__scheduled_time",
            doc="Date of the appointment.",
        ),
        Filter("date_range", Date(), InDays(VISIT_ZONE), source="appointment__scheduled_time"),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("patient", Reference("patients")),
        Flag("show_archived", doc="Includes notes of deleted appointments."),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="appointment__doctor", addition=True),
        Filter(
            "created_at",
            Timestamp(),
            SINCE,
            source="created_at",
            addition=True,
            doc="Created at or after this time.",
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

RESOURCES = [clinical_notes]
