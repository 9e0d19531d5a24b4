"""Appointments and what belongs to them. Codes are stored as the API has them: drchrono/enums.yaml.

A timestamp is stored as a moment; DrChrono's API shows the wall clock of the office's doctor (``Appointment.ZONE``)."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.domains.scheduling.models.fields import MAX_DURATION, WEEKDAY_VALIDATORS, make_minutes_field
from charthouse.identity.tenancy import Record, RecordKey

NO_ROOM = 0  # the exam room of a block that takes the doctor's time alone


APPOINTMENT_STATUSES = (
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


# Statuses that free the appointment's time for others: docs/decisions/0030-what-overlaps.md
FREEING_STATUSES = ("Cancelled", "Rescheduled", "No Show")


class Appointment(Record):
    """A visit, or a break when ``patient`` is null. ``archived`` is the wire's ``deleted_flag``.

    ``base_recurring_appointment``: the first of its series, null for that one itself, which alone holds the pattern
    (``recur…``: docs/decisions/0032-series.md). ``is_virtual_base``: holds a pattern, is no visit; only imports
    make such rows. What billing knows of a claim is written by billing, the diagnoses by the clinical notes.
    """

    ZONE = "office__doctor__timezone"
    has_parts = True

    doctor = RecordKey("practice.Doctor", indexed=False)
    office = RecordKey("practice.Office", indexed=False)
    exam_room = models.PositiveSmallIntegerField()
    patient = RecordKey("patients.Patient", null=True, blank=True, related_name="appointments", part_of=True)
    scheduled_time = models.DateTimeField()
    duration = make_minutes_field()
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
    recurring_days = ArrayField(
        models.SmallIntegerField(validators=WEEKDAY_VALIDATORS), default=list, blank=True
    )

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
                condition=Q(duration__gte=1, duration__lte=MAX_DURATION), name="appointment_duration"
            ),
        ]

    def __str__(self) -> str:
        return f"appointment {self.pk}"


class StatusTransition(Record):
    """One change of an appointment's status. ``reason``: why, if that is known."""

    appointment = RecordKey("scheduling.Appointment", part_of=False)
    changed_at = models.DateTimeField(default=clock.now)
    from_status = text(100)
    to_status = text(100)
    reason = text(200)

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


class CustomAppointmentFieldValue(Record):
    appointment = RecordKey("scheduling.Appointment", indexed=False, part_of=False)
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
