"""Settings that appointments are made from: profiles, templates, reminder profiles and custom fields."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models

from charthouse.domains.practice.models import text
from charthouse.domains.scheduling.models.fields import WEEKDAY_VALIDATORS, make_minutes_field
from charthouse.identity.tenancy import Record, RecordKey


class AppointmentProfile(Record):
    """A kind of visit: what an appointment of it is called, how long it lasts, which color it has.

    ``provider_ids``: the users whom it can be booked with, [0] being everybody; null: its doctor. Notice and reminders
    are what patients are sent when they are booked, and so many hours before.
    """

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    color = text(30)
    duration = make_minutes_field()
    reason = text(1000)
    online_scheduling = models.BooleanField(default=False)
    sort_order = models.IntegerField(null=True, blank=True)
    name_portal = text(200)
    description = models.TextField(blank=True, default="")
    portal_notice = models.TextField(blank=True, default="")
    number_of_overlaps_to_allow = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(1000)]
    )
    provider_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    telemedicine = models.BooleanField(default=False)
    email_notice_on = models.BooleanField(default=False)
    email_notice = models.TextField(blank=True, default="")
    email_notice_subject = text(200)
    email_reminder_on = models.BooleanField(default=False)
    email_reminder = models.TextField(blank=True, default="")
    email_reminder_subject = text(200)
    email_reminder_hrs_before = models.PositiveSmallIntegerField(default=24)
    sms_reminder_on = models.BooleanField(default=False)
    sms_reminder = text(220)
    sms_reminder_hrs_before = models.PositiveSmallIntegerField(default=24)
    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    def __str__(self) -> str:
        return self.name

    def is_offered_by(self, user: int, doctor: int) -> bool:
        """Say whether it can be booked with a user who signs in as the doctor."""
        if self.provider_ids is None:
            return self.doctor_id == doctor
        return self.provider_ids == [0] or user in self.provider_ids


class AppointmentTemplate(Record):
    """A block of a week in which visits of a profile are booked. Its doctor is the profile's.

    ``scheduled_time`` is wall clock of the office's doctor; ``week_days`` 0 Monday to 6 Sunday; it holds from
    ``date_start`` to ``date_end``, both included, null meaning no end.
    """

    profile = RecordKey("scheduling.AppointmentProfile")
    office = RecordKey("practice.Office")
    exam_room = models.PositiveSmallIntegerField()
    scheduled_time = models.TimeField()
    duration = make_minutes_field()
    week_days = ArrayField(models.SmallIntegerField(validators=WEEKDAY_VALIDATORS), default=list)
    date_start = models.DateField(null=True, blank=True)
    date_end = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"template {self.pk}"


class ReminderProfile(Record):
    """Reminders to send before an appointment: objects with ``amount``, ``unit`` and ``type``."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    reminders = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name


class CustomAppointmentField(Record):
    """The definition of a field that a doctor adds to appointments."""

    doctor = RecordKey("practice.Doctor")
    field_name = models.CharField(max_length=200)
    field_desc = models.TextField(blank=True, default="")
    order = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.field_name
