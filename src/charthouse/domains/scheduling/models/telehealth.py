"""Video visits of appointments."""

from django.db import models

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class TelehealthVisit(Record):
    """The video visit of an appointment."""

    appointment = RecordKey("scheduling.Appointment")
    sent_patient_email = models.BooleanField(default=False)
    overlapping_duration = text(50)
    telehealth_url = text(500)

    def __str__(self) -> str:
        return f"video visit {self.pk}"


class TelehealthEvent(Record):
    """An event of a video visit, at ``created_at``."""

    visit = RecordKey("scheduling.TelehealthVisit", part_of=True)
    event_type = text(50)
    description = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return self.event_type
