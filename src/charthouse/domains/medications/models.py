"""What patients take, and messages of an e-prescribing network about it, which the record stores and others enter."""

from django.db import models

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class Medication(Record):
    """``daw``: dispense as written; ``prn``: as needed. ``order_status``: reference enums.yaml."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    name = text(500)
    rxnorm = text(20)
    ndc = text(20)
    date_prescribed = models.DateField(null=True, blank=True)
    date_started_taking = models.DateField(null=True, blank=True)
    date_stopped_taking = models.DateField(null=True, blank=True)
    dispense_quantity = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    dosage_quantity = text(100)
    dosage_units = text(100)
    route = text(100)
    frequency = text(200)
    indication = text(500)
    number_refills = models.PositiveIntegerField(null=True, blank=True)
    daw = models.BooleanField(default=False)
    prn = models.BooleanField(default=False)
    order_status = text(40)
    notes = models.TextField(blank=True, default="")
    pharmacy_note = models.TextField(blank=True, default="")
    signature_note = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, default="active")

    def __str__(self) -> str:
        return f"medication {self.pk}"


class PrescriptionMessage(Record):
    """A message of the NCPDP SCRIPT standard. ``json_data``: its parts by the standard's names; ``pharmacy``: NCPDP
    id."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient", null=True, blank=True)
    parent_message = RecordKey("medications.PrescriptionMessage", null=True, blank=True)
    message_direction = models.CharField(max_length=10, default="Outgoing")
    message_type = models.CharField(max_length=20, default="NewRx")
    message_status = models.CharField(max_length=30, default="Sent")
    pharmacy = text(20)
    json_data = models.JSONField(null=True, blank=True, default=dict)

    class Meta:
        indexes = [models.Index(fields=["practice", "created_at"], name="prescription_message_created")]

    def __str__(self) -> str:
        return f"prescription message {self.pk}"
