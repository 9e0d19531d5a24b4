"""Tags that a practice puts on its patients."""

from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey


class Tag(Authored, Record):
    """A tag for patients. ``color``: six hexadecimal digits. The name is unique among tags that are not deleted."""

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


class PatientTag(Authored, Record):
    """A tag that is attached to a patient, with notes."""

    patient = RecordKey("patients.Patient", related_name="tags", indexed=False)
    tag = RecordKey("patients.Tag", part_of=True)
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
