"""What a practice keeps of patients beside visits: free text under headings, and care that comes due again and again.
Only Cerbo's API shows it: docs/decisions/0232-*.md, 0233-*.md"""

from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import NotFound
from charthouse.identity.tenancy import Record, RecordKey, Signed

SPECIFIC = "specific_patients"
APPLIES_TO = ("all", SPECIFIC)


class FreeTextNoteType(Record):
    """A heading under which each patient has at most one note: social history, family history."""

    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "name"], condition=Q(archived=False), name="note_type_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FreeTextNote(Signed, Record):
    """What is written of a patient under a heading."""

    patient = RecordKey("patients.Patient")
    note_type = RecordKey("clinical.FreeTextNoteType", indexed=False)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "note_type"],
                condition=Q(archived=False),
                name="one_free_note_a_heading",
            )
        ]

    def __str__(self) -> str:
        return f"free text note {self.pk}"


class HealthTracker(Signed, Record):
    """Care that comes due again and again: for whom, how often. ``sex``: Male or Female, empty: both; ages in years;
    ``applies_to`` SPECIFIC: only for patients whom somebody chose. ``icd_codes``, ``overrides``: free text."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    applies_to = models.CharField(max_length=20, default="all")
    sex = text(10)
    start_age = models.PositiveSmallIntegerField(null=True, blank=True)
    end_age = models.PositiveSmallIntegerField(null=True, blank=True)
    frequency = models.CharField(max_length=100)
    icd_codes = text(500)
    overrides = text(500)

    def __str__(self) -> str:
        return self.name


class HealthReading(Signed, Record):
    """One time that a patient had it."""

    patient = RecordKey("patients.Patient")
    tracker = RecordKey("clinical.HealthTracker", indexed=False)
    date = models.DateField()
    notes = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"reading {self.pk} of tracker {self.tracker_id}"


def write_note(call: Call) -> dict[str, Any]:
    """Put a text in the place of what the patient of the path has under a heading. Raises NotFound without the heading.
    A text that is there already writes nothing."""
    patient, user = call.row, call.actor.user
    heading = FreeTextNoteType.objects.filter(
        practice=patient.practice_id, pk=call.parameters["pt_note_type_id"], archived=False
    ).first()
    if heading is None:
        raise NotFound()
    about = {"practice_id": patient.practice_id, "patient_id": patient.pk, "note_type_id": heading.pk}
    row = FreeTextNote.objects.filter(**about, archived=False).first()  # the patient's row is locked
    if row is None:
        row = FreeTextNote.objects.create(
            **about, note=call.values["note"], added_by_id=user, updated_by_id=user
        )
    elif row.note != call.values["note"]:
        row.note = call.values["note"]
        row.save(update_fields=["note", *row.sign(call.actor), "updated_at"])
    return {"row": row, "heading": heading}
