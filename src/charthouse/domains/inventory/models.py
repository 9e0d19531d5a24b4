"""Stock and vaccine records. Codes are stored as the API shows them: reference drchrono/enums.yaml."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class InventoryCategory(Record):
    """A category of stock. ``category_type``: vaccine, product or service."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    category_type = models.CharField(max_length=10, default="vaccine")

    class Meta:
        verbose_name_plural = "inventory categories"

    def __str__(self) -> str:
        return self.name


class StockItem(Record):
    """An item in stock: a lot of a vaccine, or another product (``kind``). Both APIs write the same row, see
    docs/decisions/0252-*.md.

    ``original_quantity``: what was received, of a vaccine in doses; the quantity left is computed.
    ``doctor``: the doctor of a lot of vaccines. ``drug`` or ``supplement``: the product of the practice's
    catalogues. ``discontinued_on``: since when the status is not active, if known. ``package_properties``:
    PACKAGE.
    """

    class Kind(models.TextChoices):
        VACCINE = "vaccine"
        ITEM = "item"

    kind = models.CharField(max_length=7, choices=Kind, default=Kind.VACCINE)
    doctor = RecordKey("practice.Doctor", null=True, blank=True)
    category = RecordKey("inventory.InventoryCategory", null=True, blank=True, indexed=False)
    name = models.CharField(max_length=200)
    nickname = text(200)
    drug = RecordKey("medications.Drug", null=True, blank=True, indexed=False)
    supplement = RecordKey("medications.Supplement", null=True, blank=True, indexed=False)
    definition = RecordKey("billing.ChargeDefinition", null=True, blank=True, indexed=False)
    cvx_code = text(10)
    manufacturer = text(200)
    manufacturer_code = text(20)
    lot_number = text(50)
    expiry = models.DateField(null=True, blank=True)
    vaccination_type = models.CharField(max_length=50, blank=True, default="standard vaccine")
    original_quantity = models.PositiveIntegerField(default=0)
    preferred_stock_level = models.PositiveIntegerField(default=0)
    preferred_restock_level = models.PositiveIntegerField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price_with_tax = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    sales_tax_applicable = models.BooleanField(default=False)
    status = models.CharField(max_length=10, default="active")
    discontinued_on = models.DateField(null=True, blank=True)
    external_identifier = text(200)
    location = text(200)
    package_properties = models.JSONField(null=True, blank=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        db_table = "inventory_inventoryvaccine"
        indexes = [models.Index(fields=["practice", "updated_at"], name="inventory_vaccine_updated")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="item") | Q(doctor__isnull=False), name="vaccine_of_a_doctor"
            ),
            models.CheckConstraint(
                condition=Q(drug__isnull=True) | Q(supplement__isnull=True), name="item_is_one_product"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PatientVaccineRecord(Record):
    """A vaccine that a patient was given or refused. ``completion_status``: HL7 table 0322; ``route`` and
    ``site``: 0162 and 0163; ``observed_immunity``: SNOMED CT; ``doses``: ids from the signed consent."""

    patient = RecordKey("patients.Patient")
    ordering_doctor = RecordKey("practice.Doctor")
    vaccine_inventory = RecordKey("inventory.StockItem")
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
