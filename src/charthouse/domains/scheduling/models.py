"""Appointments and what belongs to them. Codes are kept as the wire has them: reference drchrono/enums.yaml.

A moment is stored as such; on the wire it is the wall clock of the office's doctor (``Appointment.ZONE``).
"""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.domains.scheduling.vitals_groups import VitalsTagGroup  # noqa: F401 - Django finds models here
from charthouse.identity.tenancy import Record, RecordKey

NO_ROOM = 0  # the exam room of a block that takes the doctor's time alone
LONGEST = 24 * 60  # minutes of the longest appointment: overlaps are looked for no further back

STATUSES = (
    "",
    "Arrived",
    "Checked In",
    "Checked In Online",
    "In Room",
    "Cancelled",
    "Complete",
    "Confirmed",
    "In Session",
    "No Show",
    "Not Confirmed",
    "Rescheduled",
)
# Their time can be given to somebody else: docs/decisions/0030-what-overlaps.md
VACANT = ("Cancelled", "Rescheduled", "No Show")

WEEKDAY = (MinValueValidator(0), MaxValueValidator(6))


def minutes(**options: Any) -> "models.PositiveSmallIntegerField[int, int]":
    """A length, in minutes, of at least one and at most ``LONGEST``."""
    return models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST)], **options
    )


class AppointmentProfile(Record):
    """A kind of visit: what an appointment of it is called, how long it lasts, which color it has.

    ``provider_ids``: the users whom it can be booked with, [0] being everybody; null: its doctor. Notice and reminders
    are what patients are sent when they are booked, and so many hours before.
    """

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    color = text(30)
    duration = minutes()
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


class AppointmentTemplate(Record):
    """A block of a week in which visits of a profile are booked. Its doctor is the profile's.

    ``scheduled_time`` is wall clock of the office's doctor; ``week_days`` 0 Monday to 6 Sunday; it holds from
    ``date_start`` to ``date_end``, both included, null meaning no end.
    """

    profile = RecordKey("scheduling.AppointmentProfile")
    office = RecordKey("practice.Office")
    exam_room = models.PositiveSmallIntegerField()
    scheduled_time = models.TimeField()
    duration = minutes()
    week_days = ArrayField(models.SmallIntegerField(validators=WEEKDAY), default=list)
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


class CustomVital(Record):
    """The definition of a measurement that a doctor adds to the vitals."""

    class DataType(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        SINGLE_SELECT = "single_sel"

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    data_type = models.CharField(max_length=10, choices=DataType, default=DataType.TEXT)
    description = models.TextField(blank=True, default="")
    unit = text(50)
    allowed_values = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    is_fraction_field = models.BooleanField(default=False)
    fraction_delimiter = text(5)

    def __str__(self) -> str:
        return self.name


class Appointment(Record):
    """A visit, or a break when ``patient`` is null. ``archived`` is the wire's ``deleted_flag``.

    ``base_recurring_appointment``: the first of its series, null for that one itself, which alone holds the pattern
    (``recur…``: docs/decisions/0032-series.md). ``is_virtual_base``: holds a pattern, is no visit; only imports
    make such rows. What billing knows of a claim is written by billing, the diagnoses by the clinical notes.
    """

    ZONE = "office__doctor__timezone"

    doctor = RecordKey("practice.Doctor", indexed=False)
    office = RecordKey("practice.Office", indexed=False)
    exam_room = models.PositiveSmallIntegerField()
    patient = RecordKey("patients.Patient", null=True, blank=True, related_name="appointments")
    scheduled_time = models.DateTimeField()
    duration = minutes()
    profile = RecordKey("scheduling.AppointmentProfile", null=True, blank=True, indexed=False)
    status = text(100)
    color = text(30)
    reason = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    allow_overlapping = models.BooleanField(default=False)
    is_walk_in = models.BooleanField(default=False)
    supervising_provider = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    cloned_from = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)

    base_recurring_appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    is_virtual_base = models.BooleanField(default=False)
    recur_start_date = models.DateField(null=True, blank=True)
    recur_end_date = models.DateField(null=True, blank=True)
    recurs_every = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(52)]
    )
    recurring_days = ArrayField(models.SmallIntegerField(validators=WEEKDAY), default=list, blank=True)

    billing_status = text(100)
    billing_provider = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    icd10_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    icd9_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    first_billed_date = models.DateTimeField(null=True, blank=True)
    last_billed_date = models.DateTimeField(null=True, blank=True)
    first_edi_date = models.DateTimeField(null=True, blank=True)
    last_edi_date = models.DateTimeField(null=True, blank=True)
    ins1_status = text(50)
    ins2_status = text(50)
    payment_profile = text(30)
    custom_status = text(100)
    resubmit_claim_original_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "scheduled_time"], name="appointment_time"),
            models.Index(fields=["practice", "doctor", "scheduled_time"], name="appointment_doctor"),
            models.Index(fields=["practice", "office", "scheduled_time"], name="appointment_office"),
            models.Index(fields=["practice", "updated_at"], name="appointment_updated"),
            models.Index(
                fields=["practice", "base_recurring_appointment"],
                condition=Q(base_recurring_appointment__isnull=False),
                name="appointment_series",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(duration__gte=1, duration__lte=LONGEST), name="appointment_duration"
            ),
        ]

    def __str__(self) -> str:
        return f"appointment {self.pk}"


class StatusTransition(Record):
    """One change of an appointment's status."""

    appointment = RecordKey("scheduling.Appointment")
    changed_at = models.DateTimeField(default=clock.now)
    from_status = text(100)
    to_status = text(100)

    def __str__(self) -> str:
        return f"{self.from_status or 'no status'} to {self.to_status or 'no status'}"


class Reminder(Record):
    """A reminder to the patient, ``amount`` of ``unit`` before the appointment, which is at ``scheduled_time``.

    ``subject`` and ``text`` are what it says where somebody wrote that; else ``remind`` words it. ``sent_at``: when it
    was given to the post. Nobody calls: reminders by telephone are only noted.
    """

    class Type(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"
        PHONE = "phone"
        AUTO_CALL = "auto_call"

    class Unit(models.TextChoices):
        MINUTES = "minutes"
        HOURS = "hours"
        DAYS = "days"
        WEEKS = "weeks"

    appointment = RecordKey("scheduling.Appointment")
    type = models.CharField(max_length=10, choices=Type)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=10, choices=Unit)
    scheduled_time = models.DateTimeField()
    subject = text(200)
    text = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "scheduled_time"], name="reminder_time"),
            models.Index(fields=["scheduled_time"], condition=Q(sent_at=None), name="reminder_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.amount} {self.unit} before"


def measure(most: int, **options: Any) -> "models.DecimalField[Decimal | None, Decimal | None]":
    """A measured quantity from 0 to ``most``, two places; null: not taken."""
    limits = [MinValueValidator(0), MaxValueValidator(most)]
    return models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=limits, **options
    )


def count(most: int) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    """A counted quantity from 0 to ``most``; null: not taken."""
    limits = [MinValueValidator(0), MaxValueValidator(most)]
    return models.PositiveSmallIntegerField(null=True, blank=True, validators=limits)


class Measured(Record):
    """Something measured: at the visit of an appointment, or else (docs/decisions/0191-readings.md) of a patient, at a
    moment. ``taken_at``: null at a visit, whose time it is then."""

    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    patient = RecordKey("patients.Patient", null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    comments = models.TextField(blank=True, default="")
    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        abstract = True


def taken_somewhere(name: str) -> models.CheckConstraint:
    """A row is of a visit, or of a patient and a moment."""
    own = Q(patient__isnull=False, taken_at__isnull=False)
    return models.CheckConstraint(condition=Q(appointment__isnull=False) | own, name=name)


class Vitals(Measured):
    """What was measured, in the units named beside. Pulse and breaths are a minute's."""

    height = measure(1_000)
    height_units = models.CharField(max_length=6, default="inches")
    weight = measure(10_000)
    weight_units = models.CharField(max_length=3, default="lbs")
    blood_pressure_1 = count(1_000)  # systolic, mmHg
    blood_pressure_2 = count(1_000)  # diastolic, mmHg
    temperature = measure(200)
    temperature_units = models.CharField(max_length=1, default="f")
    pulse = count(1_000)
    respiratory_rate = count(1_000)
    oxygen_saturation = measure(100)  # percent
    pain = text(2)
    smoking_status = models.CharField(max_length=15, default="blank")
    head_circumference = measure(1_000)
    head_circumference_units = models.CharField(max_length=6, default="inches")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "appointment"], name="vitals_once"),
            taken_somewhere("vitals_taken"),
        ]

    def __str__(self) -> str:
        return f"vitals of appointment {self.appointment_id}"


class CustomVitalValue(Measured):
    """A value of a custom vital; ``abnormal`` where whoever wrote it says so."""

    vital_type = RecordKey("scheduling.CustomVital")
    value = models.TextField(blank=True, default="")
    abnormal = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "appointment", "vital_type"], name="custom_vital_once"
            ),
            taken_somewhere("custom_vital_taken"),
        ]

    def __str__(self) -> str:
        return f"custom vital {self.vital_type_id} of appointment {self.appointment_id}"


class CustomAppointmentFieldValue(Record):
    appointment = RecordKey("scheduling.Appointment", indexed=False)
    field_type = RecordKey("scheduling.CustomAppointmentField", indexed=False)
    field_value = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "appointment", "field_type"], name="custom_field_once"
            )
        ]

    def __str__(self) -> str:
        return f"custom field {self.field_type_id} of appointment {self.appointment_id}"


class BillingNote(Record):
    """A remark of the billing staff on an appointment."""

    appointment = RecordKey("scheduling.Appointment")
    text = models.TextField()
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    def __str__(self) -> str:
        return f"billing note on appointment {self.appointment_id}"


class TelehealthVisit(Record):
    """The video visit of an appointment."""

    appointment = RecordKey("scheduling.Appointment")
    sent_patient_email = models.BooleanField(default=False)
    overlapping_duration = text(50)
    telehealth_url = text(500)

    def __str__(self) -> str:
        return f"video visit {self.pk}"


class TelehealthEvent(Record):
    """Something that happened around a video visit, at ``created_at``."""

    visit = RecordKey("scheduling.TelehealthVisit")
    event_type = text(50)
    description = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return self.event_type
