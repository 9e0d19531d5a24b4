"""The formulary, medications, supplements, and messages of the e-prescribing network."""

from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey


class Drug(Record):
    """A drug of the practice's formulary. ``va_id``, ``medispan_id``, ``ndcndf_id``: its ids in those code
    systems."""

    name = models.CharField(max_length=500)
    product_name = text(500)
    generic_name = text(500)
    strength = text(100)
    dose_form = text(100)
    route = text(100)
    rxnorm = text(20)
    ndc = text(20)
    va_id = text(50)
    medispan_id = text(50)
    ndcndf_id = text(50)
    is_favorite = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["practice", "rxnorm"], name="drug_by_rxnorm")]

    def __str__(self) -> str:
        return self.name


class Medication(Authored, Record):
    """A medication of a patient. ``daw``: dispense as written; ``prn``: as needed. ``order_status``:
    reference enums.yaml. ``drug``: its entry in the formulary. ``discontinued_at``: the time within
    ``date_stopped_taking``, if known. ``request``: the portal request that asked for it."""

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
    drug = RecordKey("medications.Drug", null=True, blank=True, indexed=False)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)
    is_chronic = models.BooleanField(default=False)
    discontinued_at = models.DateTimeField(null=True, blank=True)
    discontinued_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="one_medication_a_request",
            )
        ]

    def __str__(self) -> str:
        return f"medication {self.pk}"


class PrescriptionMessage(Record):
    """A message of the NCPDP SCRIPT standard. ``json_data``: its parts by the standard's names; ``pharmacy``:
    NCPDP ID."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient", null=True, blank=True, part_of=True)
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


class Supplement(Authored, Record):
    """A supplement of the practice's catalogue. ``kind``: Cerbo's ``class``; ``external_ref_id``: its id in
    another system."""

    name = models.CharField(max_length=200)
    nicknames = text(500)
    kind = text(100)
    vendor_code = text(100)
    code = text(100)
    description = models.TextField(blank=True, default="")
    external_ref_id = text(100)
    inactive = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class PatientSupplement(Authored, Record):
    """A supplement that a patient takes or took. ``request``: the portal request that asked for it."""

    patient = RecordKey("patients.Patient")
    supplement = RecordKey("medications.Supplement")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)
    dose = text(100)
    frequency = text(200)
    start_date = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True, default="")
    discontinued_at = models.DateTimeField(null=True, blank=True)
    discontinued_note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="one_supplement_a_request",
            )
        ]

    def __str__(self) -> str:
        return f"supplement {self.supplement_id} of patient {self.patient_id}"
