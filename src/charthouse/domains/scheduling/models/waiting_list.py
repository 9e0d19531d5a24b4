"""The waiting list, and the times that appointments freed. No API shows them. docs/decisions/0383-waiting-list.md"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse.domains.scheduling.models.fields import WEEKDAY_VALIDATORS, make_minutes_field
from charthouse.identity.tenancy import Record, RecordKey


class WaitingListEntry(Record):
    """A patient who waits for a time. ``doctor``, ``office``: null for any; ``week_days`` (0 Monday to 6 Sunday) and
    ``day_parts`` (keys of ``waiting_list.DAY_PARTS``): empty for any.

    ``profile``: the type of visit to book. ``until``: the last day that is of use, on the office's clock.
    ``appointment``: what was booked for the entry, which is off the list since then.
    """

    class Priority(models.IntegerChoices):
        URGENT = 1
        NORMAL = 2
        LOW = 3

    patient = RecordKey("patients.Patient")
    doctor = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    office = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    profile = RecordKey("scheduling.AppointmentProfile", null=True, blank=True, indexed=False)
    duration = make_minutes_field()
    week_days = ArrayField(models.SmallIntegerField(validators=WEEKDAY_VALIDATORS), default=list, blank=True)
    day_parts = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    until = models.DateField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    note = models.TextField(blank=True, default="")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False, part_of=False)
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["practice", "priority", "created_at"],
                condition=Q(archived=False, appointment=None),
                name="waiting_list_open",
            )
        ]

    def __str__(self) -> str:
        return f"waiting list entry {self.pk}"


class FreedSlot(Record):
    """The time of an appointment that was cancelled, moved or deleted while somebody waited. ``duration`` in minutes.

    Whether it is still free, the appointments say; archived: dismissed.
    """

    doctor = RecordKey("practice.Doctor", indexed=False)
    office = RecordKey("practice.Office", indexed=False)
    exam_room = models.PositiveSmallIntegerField()
    scheduled_time = models.DateTimeField()
    duration = make_minutes_field()

    class Meta:
        indexes = [
            models.Index(
                fields=["practice", "scheduled_time"], condition=Q(archived=False), name="freed_slot_time"
            )
        ]

    def __str__(self) -> str:
        return f"freed slot {self.pk}"
