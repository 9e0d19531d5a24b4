"""Vaccines in stock and vaccines given. Codes are kept as the wire has them: reference drchrono/enums.yaml."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class InventoryCategory(Record):
    """``category_type``: vaccine, product or service."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    category_type = models.CharField(max_length=10, default="vaccine")

    class Meta:
        verbose_name_plural = "inventory categories"

    def __str__(self) -> str:
        return self.name


class InventoryVaccine(Record):
    """One lot of a vaccine. ``original_quantity`` in doses; what is left of it is counted, never stored."""

    doctor = RecordKey("practice.Doctor")
    category = RecordKey("inventory.InventoryCategory", null=True, blank=True, indexed=False)
    name = models.CharField(max_length=200)
    cvx_code = text(10)
    manufacturer = text(200)
    manufacturer_code = models.CharField(max_length=20)
    lot_number = text(50)
    expiry = models.DateField(null=True, blank=True)
    vaccination_type = models.CharField(max_length=50, blank=True, default="standard vaccine")
    original_quantity = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price_with_tax = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    sales_tax_applicable = models.BooleanField(default=False)
    status = models.CharField(max_length=10, default="active")
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="inventory_vaccine_updated")]

    def __str__(self) -> str:
        return self.name


class PatientVaccineRecord(Record):
    """A vaccine that a patient was given, or refused. ``completion_status``: HL7 table 0322; ``route`` and ``site``:
    0162 and 0163; ``observed_immunity``: SNOMED CT; ``doses``: ids out of the signed consent."""

    patient = RecordKey("patients.Patient")
    ordering_doctor = RecordKey("practice.Doctor")
    vaccine_inventory = RecordKey("inventory.InventoryVaccine")
    cvx_code = models.CharField(max_length=10)
    name = text(200)
    lot_number = text(50)
    manufacturer = text(200)
    administered_at = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    administered_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    administered_start = models.DateTimeField(null=True, blank=True)
    entered_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    units = text(20)
    route = text(10)
    site = text(10)
    completion_status = text(2)
    cpt_code = text(10)
    consent_form = RecordKey("documents.ConsentForm", null=True, blank=True, indexed=False)
    doses = ArrayField(models.BigIntegerField(), default=list, blank=True)
    next_dose_date = models.DateField(null=True, blank=True)
    funding_eligibility = text(3)
    observed_immunity = models.BigIntegerField(null=True, blank=True)
    record_source = text(2)
    vis = models.IntegerField(null=True, blank=True)
    comments = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="patient_vaccine_updated")]

    def __str__(self) -> str:
        return f"vaccine record {self.pk}"
