"""Health maintenance: recurring care, and when patients had it.

Only the Cerbo API shows it: docs/decisions/0233-*.md
"""

from django.db import models

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey

SPECIFIC_PATIENTS = "specific_patients"
APPLIES_TO = ("all", SPECIFIC_PATIENTS)


class HealthTracker(Authored, Record):
    """Recurring care, for whom, how often.

    ``sex``: Male or Female, empty: both; ages in years; ``applies_to`` SPECIFIC_PATIENTS: only selected
    patients. ``icd_codes``, ``overrides``: free text.
    """

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


class HealthReading(Authored, Record):
    """An occasion on which a patient had the care of a tracker."""

    patient = RecordKey("patients.Patient")
    tracker = RecordKey("clinical.HealthTracker", indexed=False)
    date = models.DateField()
    notes = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"reading {self.pk} of tracker {self.tracker_id}"
