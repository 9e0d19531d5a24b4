"""Tags that a practice puts on its patients."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey, Signed


class Tag(Signed, Record):
    """``color``: six hexadecimal digits. Its name is unique among those that are not deleted."""

    name = models.CharField(max_length=100)
    category = models.CharField(max_length=100)
    description = models.TextField()
    color = models.CharField(max_length=6)
    displays_on_dash = models.BooleanField(default=False)
    note_displays_on_dashboard = models.BooleanField(default=False)
    displays_on_calendar = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "name"], condition=Q(archived=False), name="tag_name_once"
            ),
            models.CheckConstraint(
                condition=Q(note_displays_on_dashboard=False) | Q(displays_on_dash=True),
                name="tag_note_only_with_tag",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PatientTag(Signed, Record):
    """A tag on a patient, with what was said when it was put there."""

    patient = RecordKey("patients.Patient", related_name="tags", indexed=False)
    tag = RecordKey("patients.Tag")
    notes = text(1000)
    applied_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "tag"], condition=Q(archived=False), name="tag_once_on_patient"
            )
        ]
        indexes = [models.Index(fields=["practice", "patient", "id"], name="patient_tag_of_patient")]

    def __str__(self) -> str:
        return f"tag {self.tag_id} on patient {self.patient_id}"


def put_on(patient: Any, given: Sequence[dict[str, Any]], user: int | None) -> list[str]:
    """Put tags on a patient, whose row is locked; what is there already gets the new notes, where there are any.
    ``given``: objects with ``name`` and perhaps ``notes``. The names that no tag of the practice has; then nothing is
    written."""
    names = {item["name"] for item in given}
    tags = {
        tag.name: tag
        for tag in Tag.objects.filter(practice=patient.practice_id, archived=False, name__in=names)
    }
    if unknown := sorted(names - set(tags)):
        return unknown
    there = {
        row.tag_id: row
        for row in PatientTag.objects.filter(practice=patient.practice_id, patient=patient.pk, archived=False)
    }
    for item in given:
        tag, notes = tags[item["name"]], item.get("notes")
        row = there.get(tag.pk)
        if row is None:
            there[tag.pk] = PatientTag.objects.create(
                practice_id=patient.practice_id,
                patient_id=patient.pk,
                tag=tag,
                notes=notes or "",
                added_by_id=user,
                updated_by_id=user,
            )
        elif notes is not None and notes != row.notes:
            row.notes, row.updated_by_id = notes, user
            row.save(update_fields=["notes", "updated_by", "updated_at"])
    return []


def take_off(patient: Any, name: str, user: int | None) -> int | None:
    """Take the tag of this name off a patient, whose row is locked. The id of what was put away, if it was there."""
    row = PatientTag.objects.filter(
        practice=patient.practice_id, patient=patient.pk, tag__name=name, archived=False
    ).first()
    if row is None:
        return None
    row.archived, row.updated_by_id = True, user
    row.save(update_fields=["archived", "updated_by", "updated_at"])
    return int(row.pk)
