"""Tables of a practice: doctors, offices and groups of users. The practice itself and its users belong to identity."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from charthouse.identity.tenancy import Record, RecordKey


def text(length: int, **options: Any) -> "models.CharField[str, str]":
    """Make a text column in which the empty text means no value."""
    return models.CharField(max_length=length, blank=True, default="", **options)


def one_of_each(column: str, name: str) -> models.UniqueConstraint:
    """Make the constraint that at most one row that is not archived has each value of a column."""
    return models.UniqueConstraint(fields=["practice", column], condition=Q(archived=False), name=name)


class Doctor(Record):
    """A provider. The user who signs in as a doctor has the role doctor and this row's id as ``doctor_id``.

    ``timezone``: IANA name; the database refuses names that it doesn't know. ``country``: ISO 3166-1 alpha-2.
    """

    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    suffix = text(20)
    specialty = text(100)
    job_title = text(100)
    email = text(254)
    cell_phone = text(50)
    home_phone = text(50)
    office_phone = text(50)
    npi_number = text(20)
    group_npi_number = text(20)
    website = text(500)
    country = models.CharField(max_length=2, default="US")
    timezone = models.CharField(max_length=64, default="US/Eastern")
    profile_picture = RecordKey("files.StoredFile", null=True, blank=True)
    is_account_suspended = models.BooleanField(default=False)

    class Meta:
        # Target of the foreign key of identity.User.doctor_id, which keeps the doctor in the user's own practice.
        constraints = [models.UniqueConstraint(fields=["practice", "id"], name="doctor_within_practice")]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Office(Record):
    """A place where patients are seen.

    Hours are whole hours of the doctor's wall clock: open from ``start_hour`` (0-23) until ``end_hour`` (1-24; 24 is
    midnight). ``online_timeslots``: objects with ``day`` (0 Monday to 6 Sunday), ``hour`` and ``minute``.
    """

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    address = text(500)
    city = text(100)
    state = text(2)
    zip_code = text(20)
    country = models.CharField(max_length=2, default="US")
    phone_number = text(50)
    fax_number = text(50)
    tax_id_number_professional = text(20)
    start_hour = models.SmallIntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(23)])
    end_hour = models.SmallIntegerField(default=24, validators=[MinValueValidator(1), MaxValueValidator(24)])
    online_scheduling = models.BooleanField(default=False)
    online_timeslots = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start_hour__gte=0, end_hour__lte=24, start_hour__lt=F("end_hour")),
                name="office_hours_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ExamRoom(Record):
    """A room of an office. ``index`` counts from 1; appointments name the room by it."""

    office = RecordKey("practice.Office", related_name="exam_rooms")
    index = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    name = models.CharField(max_length=200)
    online_scheduling = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "office", "index"], name="exam_room_index"),
            models.CheckConstraint(condition=Q(index__gte=1), name="exam_room_from_one"),
        ]

    def __str__(self) -> str:
        return self.name


class UserGroup(Record):
    """A named group of users, for messages and tasks."""

    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class UserGroupMember(Record):
    """A user's membership of a group."""

    group = RecordKey("practice.UserGroup", related_name="members")
    user = RecordKey("identity.User")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "group", "user"], name="user_once_in_group")
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} in group {self.group_id}"


class Staff(Record):
    """What the record holds of a staff member beyond the user."""

    user = RecordKey("identity.User")
    home_phone = text(50)
    cell_phone = text(50)

    class Meta:
        constraints = [one_of_each("user", "one_staff_row_a_user")]

    def __str__(self) -> str:
        return f"staff member {self.user_id}"


class DoctorOptions(Record):
    """A doctor's settings. Reminder profiles belong to scheduling, which this domain may not import."""

    doctor = RecordKey("practice.Doctor")
    default_supervising_provider = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    default_billing_provider = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    default_reminder_profile = RecordKey("scheduling.ReminderProfile", null=True, blank=True, indexed=False)
    patient_statement_office = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    office_for_lab_results = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    default_report = models.IntegerField(null=True, blank=True)
    allowed_payment_methods = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    erx_supervising_providers = ArrayField(models.BigIntegerField(), default=list, blank=True)
    enable_everhealth_scribe = models.BooleanField(default=False)

    class Meta:
        constraints = [one_of_each("doctor", "one_options_row_a_doctor")]

    def __str__(self) -> str:
        return f"options of doctor {self.doctor_id}"


class IframeApp(Record):
    """An app that is shown on the pages of a doctor's patients. ``app``: id of the Application."""

    doctor = RecordKey("practice.Doctor", indexed=False)
    app = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "doctor", "app"], name="iframe_app_once")]

    def __str__(self) -> str:
        return f"app {self.app} of doctor {self.doctor_id}"


class DoctorWorkSchedule(Record):
    """The hours that a doctor works, on the doctor's wall clock.

    ``work_days``: objects with ``id``, ``iso_weekday`` ("1" Monday to "7" Sunday), ``enabled`` and ``work_hours``:
    objects with ``id``, ``start_time`` and ``end_time`` (hh:mm or hh:mm:ss) and ``enabled``.
    """

    doctor = RecordKey("practice.Doctor")
    work_days = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [one_of_each("doctor", "one_schedule_a_doctor")]

    def __str__(self) -> str:
        return f"work schedule of doctor {self.doctor_id}"


class OfficeWorkSchedule(Record):
    """The hours that an office is open, on the wall clock of the office's doctor. ``work_days``: as in
    DoctorWorkSchedule."""

    office = RecordKey("practice.Office")
    work_days = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [one_of_each("office", "one_schedule_an_office")]

    def __str__(self) -> str:
        return f"work schedule of office {self.office_id}"
