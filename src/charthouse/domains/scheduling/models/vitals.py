"""Vitals, custom vitals and groups of vitals."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import one_of_each, text
from charthouse.identity.tenancy import Authored, Record, RecordKey

STANDARD_VITALS = ("bp", "height", "weight")
MAX_GROUP_SIZE = 50


class VitalsTagGroup(Authored, Record):
    """Vitals that a practice looks at together; only Cerbo's API shows them (docs/decisions/0241-groups-of-vitals.md).

    ``included_fields``: STANDARD_VITALS, or ids of custom vitals, as the paths of readings have them.
    """

    name = models.CharField(max_length=200)
    included_fields = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        constraints = [one_of_each("name", "vitals_group_once")]

    def __str__(self) -> str:
        return self.name


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


def make_quantity_field() -> "models.DecimalField[Decimal | None, Decimal | None]":
    """Make the column of a measured quantity, kept to six places; null: not taken."""
    return models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)


def make_count_field() -> "models.PositiveSmallIntegerField[int | None, int | None]":
    """Make the column of a counted quantity; null: not taken."""
    limits = [MinValueValidator(0), MaxValueValidator(2**15 - 1)]  # limits.py says what is possible
    return models.PositiveSmallIntegerField(null=True, blank=True, validators=limits)


class Measurement(Record):
    """A measurement at the visit of an appointment, or else of a patient at a moment (docs/decisions/0191-readings.md).
    ``taken_at``: null for one at a visit, whose time it has."""

    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    patient = RecordKey("patients.Patient", null=True, blank=True, part_of=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    comments = models.TextField(blank=True, default="")
    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        abstract = True


def make_place_constraint(name: str) -> models.CheckConstraint:
    """Make the constraint that a row belongs to a visit, or else to a patient and a moment."""
    own = Q(patient__isnull=False, taken_at__isnull=False)
    return models.CheckConstraint(condition=Q(appointment__isnull=False) | own, name=name)


class Vitals(Measurement):
    """Standard vitals, in the units of the columns ``…_units``. Pulse and respiratory rate are per minute."""

    height = make_quantity_field()
    height_units = models.CharField(max_length=6, default="inches")
    weight = make_quantity_field()
    weight_units = models.CharField(max_length=3, default="lbs")
    blood_pressure_1 = make_count_field()  # systolic, mmHg
    blood_pressure_2 = make_count_field()  # diastolic, mmHg
    temperature = make_quantity_field()
    temperature_units = models.CharField(max_length=1, default="f")
    pulse = make_count_field()
    respiratory_rate = make_count_field()
    oxygen_saturation = make_quantity_field()  # percent
    pain = text(2)
    smoking_status = models.CharField(max_length=15, default="blank")
    head_circumference = make_quantity_field()
    head_circumference_units = models.CharField(max_length=6, default="inches")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "appointment"], name="vitals_once"),
            make_place_constraint("vitals_taken"),
        ]

    def __str__(self) -> str:
        return f"vitals of appointment {self.appointment_id}"


class CustomVitalValue(Measurement):
    """A value of a custom vital. ``abnormal``: the author says that it is."""

    vital_type = RecordKey("scheduling.CustomVital")
    value = models.TextField(blank=True, default="")
    abnormal = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "appointment", "vital_type"], name="custom_vital_once"
            ),
            make_place_constraint("custom_vital_taken"),
        ]

    def __str__(self) -> str:
        return f"custom vital {self.vital_type_id} of appointment {self.appointment_id}"
