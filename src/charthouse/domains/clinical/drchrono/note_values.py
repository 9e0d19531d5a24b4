"""Field values and notepads of clinical notes in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db import models
from django.db.models import Q, Subquery

from charthouse.domains.clinical import notes
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.field_values import MAX_VALUE_LENGTH
from charthouse.domains.clinical.models import (
    ClinicalNoteFieldValue,
    YellowNotepad,
)
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.filters import SINCE, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql.expressions import BoundParameter


def _match_persistent_values() -> Q:
    """Match the values of a note, and the last value of each persistent field up to that note.

    Parameters: ``appointment``, ``clinical_note_template``. The subquery runs once, not once per row.
    """
    practice, appointment = (
        BoundParameter("practice", models.BigIntegerField()),
        BoundParameter("appointment", models.BigIntegerField()),
    )
    visit = Appointment.objects.filter(practice=practice, pk=appointment)
    last = (
        ClinicalNoteFieldValue.objects.filter(
            practice=practice,
            archived=False,
            clinical_note_field__clinical_note_template=BoundParameter(
                "clinical_note_template", models.BigIntegerField()
            ),
            clinical_note_field__clinical_note_template__is_persistent=True,
            appointment__archived=False,
            appointment__patient=Subquery(visit.values("patient")[:1]),
            appointment__scheduled_time__lte=Subquery(visit.values("scheduled_time")[:1]),
        )
        .order_by("clinical_note_field", "-appointment__scheduled_time", "-id")
        .distinct("clinical_note_field")
    )
    return Q(appointment=appointment) | Q(pk__in=last.values("pk"))


clinical_note_field_values = Resource(
    path="clinical_note_field_values",
    model=ClinicalNoteFieldValue,
    doc="Values of clinical notes, by field. Writes to a locked note return 409.",
    methods="GET POST PUT PATCH",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("clinical_note_field", Reference("clinical_note_field_types"), REQUIRED),
        Key(
            "value",
            Text(multiline=True, max_length=MAX_VALUE_LENGTH),
            REQUIRED,
            doc=(
                "Depends on the type: one of allowed_values; Checkbox True or False; NullCheckbox 0 not "
                "selected, 1 no, 2 yes; TwoStrings two parts joined by /; FreeDraw and Photo the URL of "
                "an image."
            ),
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
        Flag("show_archived", doc="Includes archived values."),
        Flag(
            "show_persistent",
            needs=("appointment", "clinical_note_template"),
            replaces=("appointment",),
            condition=_match_persistent_values,
            doc="Includes values carried over from the patient's earlier notes.",
        ),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="appointment__doctor", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    checks=(notes.check_value,),
    after=(notes.touch_notes,),
    example={"appointment": 512, "clinical_note_field": 31, "value": "Lungs clear, no murmur."},
)

yellow_notepad = Resource(
    path="yellow_notepad",
    model=YellowNotepad,
    doc="Free text for a section of a note; a second one replaces the first.",
    methods="GET POST",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="appointment__doctor"),
    addition=True,
    upsert_keys=("appointment_id", "template_id"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("appointment_id", Reference("appointments"), REQUIRED, source="appointment", in_query=True),
        Key("template_id", Reference("clinical_note_templates"), REQUIRED, source="template", in_query=True),
        Key("content", Text(multiline=True, max_length=MAX_VALUE_LENGTH), REQUIRED),
    ),
    filters=(
        Filter("appointment_id", Reference("appointments")),
        Filter("template_id", Reference("clinical_note_templates")),
    ),
    checks=(notes.check_notepad,),
    example={"appointment_id": 512, "template_id": 3, "content": "Ask about the new job."},
)

RESOURCES = [clinical_note_field_values, yellow_notepad]
