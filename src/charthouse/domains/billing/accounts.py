"""Charges, estimates, invoices and subscriptions of patients: tables apart from the line items of claims
(docs/decisions/0250-*.md). Amounts are decimal, in dollars and cents.

Totals and balances are not stored: ``account_sums`` computes them. ``archived`` rows are deleted; voided ones
remain visible.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse.domains.billing import codes
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey


def _money(**options: object) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(max_digits=12, decimal_places=2, **options)  # type: ignore[arg-type]


class ChargeDefinition(Authored, Record):
    """An entry of the catalogue of charges. ``retail``: unit price for a patient; ``wholesale``: unit cost;
    ``tax_rate``: percent; ``minutes``: duration. An ``inactive`` one can no longer be charged."""

    name = models.CharField(max_length=200)
    name_for_pt_portal = text(200)
    nicknames = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    description = models.TextField(blank=True, default="")
    category = text(100)
    cpt_code = text(20)
    barcode_upc = text(50)
    retail = _money(default=0)
    wholesale = _money(default=0)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    is_special = models.BooleanField(default=False)
    is_supply = models.BooleanField(default=False)
    is_taxable = models.BooleanField(default=False)
    inactive = models.BooleanField(default=False)
    add_to_insurance_claims = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(retail__gte=0, wholesale__gte=0), name="definition_prices")
        ]

    def __str__(self) -> str:
        return self.name


class Priced(Authored, Record):
    """The base of charges and estimates. ``amount``: unit price; times ``quantity`` and
    ``discount_multiplier`` (1: no discount, 0: free) it is the amount due, to the cent. ``transaction_date``:
    the day it counts on. ``owner``: the user who is credited with it. ``encounter``: the note that it belongs
    to; a visit's has the visit's id."""

    patient = RecordKey("patients.Patient")
    encounter = RecordKey("clinical.ClinicalNote", null=True, blank=True)
    definition = RecordKey("billing.ChargeDefinition", null=True, blank=True, indexed=False)
    owner = RecordKey("identity.User", null=True, blank=True, indexed=False)
    office = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True, default="")
    additional_details = models.TextField(blank=True, default="")
    amount = _money()
    quantity = _money(default=1)
    discount_multiplier = models.DecimalField(max_digits=5, decimal_places=4, default=1)
    transaction_date = models.DateField()
    add_to_insurance_claim = models.BooleanField(default=False)
    amt_billed_to_insurance = _money(null=True, blank=True)
    amt_paid_by_insurance = _money(null=True, blank=True)
    cpt_code = text(20)
    cpt_modifiers = text(50)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount__gte=0, quantity__gt=0, discount_multiplier__gte=0, discount_multiplier__lte=1
                ),
                name="%(class)s_amounts",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Charge(Priced):
    """A charge that a patient owes unless it is voided. ``subscription``, ``period``: the subscription and
    its period that created it."""

    amt_written_off = _money(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    subscription = RecordKey("billing.Subscription", null=True, blank=True, indexed=False)
    period = models.PositiveIntegerField(null=True, blank=True)

    class Meta(Priced.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["practice", "transaction_date"], name="charge_by_day"),
            models.Index(fields=["practice", "created_at"], name="charge_by_creation"),
        ]
        constraints = [
            *Priced.Meta.constraints,
            models.UniqueConstraint(
                fields=["practice", "subscription", "period"],
                condition=Q(subscription__isnull=False),
                name="one_charge_a_period",
            ),
        ]


class Estimate(Priced):
    """The expected price of a service. ``converted``: the charge that it became; ``justifying_diagnoses``:
    ICD-10 codes."""

    class Insurance(models.TextChoices):
        PRIMARY = "primary"
        SECONDARY = "secondary"
        TERTIARY = "tertiary"

    date_paid_by_insurance = models.DateField(null=True, blank=True)
    justifying_diagnoses = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    which_insurance_to_bill = text(10, choices=Insurance)
    expiration_date = models.DateField(null=True, blank=True)
    converted = RecordKey("billing.Charge", null=True, blank=True, indexed=False)

    class Meta(Priced.Meta):
        abstract = False


class Invoice(Authored, Record):
    """Charges of a patient that are billed together."""

    patient = RecordKey("patients.Patient")
    date = models.DateField()
    due_date = models.DateField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invoice {self.pk}"


class InvoiceLine(Record):
    """A charge on an invoice. ``released``: the invoice was voided, so the charge may be invoiced again."""

    invoice = RecordKey("billing.Invoice", part_of=True)
    charge = RecordKey("billing.Charge")
    released = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "charge"],
                condition=Q(released=False, archived=False),
                name="charge_on_one_invoice",
            )
        ]

    def __str__(self) -> str:
        return f"charge {self.charge_id} on invoice {self.invoice_id}"


class InvoicePayment(Authored, Record):
    """A payment of an invoice. A reversed one is ``archived``."""

    invoice = RecordKey("billing.Invoice", part_of=True)
    amount = _money()
    date = models.DateField()
    method = text(4, choices=[(value, value) for value in codes.PAYMENT_METHODS])
    reference = text(100)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="invoice_payment_amount")]

    def __str__(self) -> str:
        return f"payment {self.pk} of invoice {self.invoice_id}"


class Subscription(Authored, Record):
    """A recurring charge, by the calendar from ``start_date`` to ``end_date`` inclusive. ``billed``: number
    of charges so far, from which the next day follows."""

    class Frequency(models.TextChoices):
        WEEKLY = "weekly"
        MONTHLY = "monthly"
        ANNUALLY = "annually"

    patient = RecordKey("patients.Patient")
    definition = RecordKey("billing.ChargeDefinition")
    owner = RecordKey("identity.User", null=True, blank=True, indexed=False)
    schedule_frequency = models.CharField(max_length=8, choices=Frequency)
    amount = _money()
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)
    billed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="subscription_amount")]

    def __str__(self) -> str:
        return f"subscription {self.pk}"
