"""Merges of patients who were registered twice, with what undoes each, and pairs who are not the same. No API shows
them."""

from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class PatientMerge(Record):
    """``merged`` was found to be the same as ``kept``, whose chart has all since then; ``undone_at``: until when.

    ``values_before``, ``values_after``: what of ``kept`` was set to the value of ``merged``, by the key of DrChrono's
    API. ``reason``: why, in the words of who merged them.
    """

    kept = RecordKey("patients.Patient", part_of=False)
    merged = RecordKey("patients.Patient", part_of=False)
    merged_at = models.DateTimeField(default=clock.now)
    merged_by = RecordKey("identity.User", indexed=False)
    reason = text(500)
    values_before = models.JSONField(default=dict, blank=True)
    values_after = models.JSONField(default=dict, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "merged"],
                condition=Q(undone_at=None, archived=False),
                name="patient_merged_once",
            )
        ]

    def __str__(self) -> str:
        return f"merge of patient {self.merged_id} into {self.kept_id}"


class MergedRow(Record):
    """A row that a merge moved from one patient to the other: its ``column`` names the patient.

    ``text_before``, ``text_after``: of a text that was joined with that of the other patient, whose ``column`` it is.
    """

    merge = RecordKey("patients.PatientMerge", part_of=True)
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    column = models.CharField(max_length=63)
    text_before = models.TextField(null=True, blank=True)
    text_after = models.TextField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class DistinctPatients(Record):
    """Two patients who look alike and are not the same: somebody has looked. ``first`` has the lower id."""

    first = RecordKey("patients.Patient", part_of=False)
    second = RecordKey("patients.Patient", part_of=False)
    decided_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "first", "second"],
                condition=Q(archived=False),
                name="distinct_patients_once",
            ),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="distinct_patients_order"),
        ]

    def __str__(self) -> str:
        return f"patients {self.first_id} and {self.second_id} are not the same"
