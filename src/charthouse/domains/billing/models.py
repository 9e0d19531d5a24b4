"""Line items of visits, payments, fee schedules and coverage. Amounts are decimal, in dollars and cents.

Balances are not stored: ``line_item_sums`` computes them. Codes are stored as the API shows them: reference
drchrono/enums.yaml. ``archived`` rows are voided: no sum includes them.
"""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse.domains.billing import codes
from charthouse.domains.billing.accounts import (  # noqa: F401 - Django finds models here
    Charge,
    ChargeDefinition,
    Estimate,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Subscription,
)
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey

LIST_LENGTH = 4  # modifiers, and diagnosis pointers, of a line item; unused ones are "" and 0


def make_choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


def money(**options: Any) -> "models.DecimalField[Decimal, Decimal]":
    """Return a column of dollars and cents."""
    return models.DecimalField(max_digits=12, decimal_places=2, **options)


def maybe_money() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)


def no_pointers() -> list[int]:
    return [0] * LIST_LENGTH


def no_modifiers() -> list[str]:
    return [""] * LIST_LENGTH


class FeeSchedule(Record):
    """A price list of a doctor for a payer's plan, or for everyone without ``payer_id``. Valid from
    ``effective_date`` to ``ineffective_date`` inclusive; null: unlimited. ``assignees``: ids of doctors."""

    class AssigneeType(models.TextChoices):
        INDIVIDUAL = "Individual"
        SPECIALITY = "Speciality"

    doctor = RecordKey("practice.Doctor")
    payer_id = text(50)
    plan_name = text(200)
    assignee_type = models.CharField(max_length=10, choices=AssigneeType, default=AssigneeType.INDIVIDUAL)
    assignees = ArrayField(models.BigIntegerField(), default=list, blank=True)
    specialities = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    effective_date = models.DateField(null=True, blank=True)
    ineffective_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.plan_name or f"fee schedule {self.pk}"


class FeeScheduleItem(Record):
    """The prices of a code. ``ndc_units``: F2, GR, ME, ML or UN."""

    schedule = RecordKey("billing.FeeSchedule")
    office = RecordKey("practice.Office", null=True, blank=True, indexed=False)
    code = models.CharField(max_length=20)
    code_type = models.CharField(max_length=10, default="CPT")
    cpt_hcpcs_modifier1 = text(5)
    cpt_hcpcs_modifier2 = text(5)
    cpt_hcpcs_modifier3 = text(5)
    cpt_hcpcs_modifier4 = text(5)
    ndc_code = text(20)
    ndc_quantity = maybe_money()
    ndc_units = text(2)
    base_price = money(default=0)
    insured_price = money(default=0)
    cash_price = money(default=0)
    insured_out_of_network_price = maybe_money()
    allowed_amount = money(default=0)
    billing_description = text(500)
    description = text(500)
    picklist_category = text(100)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "code", "code_type"], name="fee_code"),
            models.Index(fields=["practice", "updated_at"], name="fee_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.code_type} {self.code}"


class BillingProfile(Record):
    """Codes that are billed together. The code columns hold objects: reference drchrono/nested.yaml."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    cpt_codes = models.JSONField(default=list, blank=True)
    hcpcs_codes = models.JSONField(default=list, blank=True)
    custom_procedure_codes = models.JSONField(default=list, blank=True)
    icd9_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    icd10_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    def __str__(self) -> str:
        return self.name


class LineItem(Record):
    """A charge for a service at a visit. ``patient``: the visit's when the line item was posted.

    ``billed`` null: price times quantity. ``service_date`` null: the day of the visit. ``self_pay``: the
    patient owes all of it. ``diagnosis_pointers``: positions in the visit's diagnoses, from 1.
    """

    appointment = RecordKey("scheduling.Appointment")
    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    code = models.CharField(max_length=20)
    procedure_type = models.CharField(max_length=1)
    modifiers = ArrayField(models.CharField(max_length=5, blank=True), default=no_modifiers)
    diagnosis_pointers = ArrayField(models.SmallIntegerField(), default=no_pointers)
    price = money()
    quantity = money(default=1)
    units = models.CharField(max_length=2, default="UN")
    billed = maybe_money()
    allowed = maybe_money()
    expected_reimbursement = maybe_money()
    self_pay = models.BooleanField(default=False)
    service_date = models.DateField(null=True, blank=True)
    description = text(500)
    billing_status = text(50, choices=make_choices(codes.LINE_ITEM_STATUSES))
    insurance_status = text(100)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="line_item_updated"),
            models.Index(fields=["practice", "created_at"], name="line_item_posted"),
        ]

    def __str__(self) -> str:
        return f"line item {self.pk}"


class Remittance(Record):
    """An explanation of benefits: an insurer's payment for several charges. ``scanned_eob``: the document."""

    doctor = RecordKey("practice.Doctor")
    insurance_payer_name = models.CharField(max_length=200)
    insurance_payer_id = models.CharField(max_length=50)
    insurance_payer_trace_number = models.CharField(max_length=50)
    payment_method = text(6, choices=make_choices(codes.REMITTANCE_METHODS))
    total_paid = maybe_money()
    check_date = models.DateField(null=True, blank=True)
    deposit_date = models.DateField(null=True, blank=True)
    posted_date = models.DateField(null=True, blank=True)
    scanned_eob = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)

    def __str__(self) -> str:
        return f"remittance {self.pk}"


class Transaction(Record):
    """An insurer's decision on a line item: payment and adjustment.

    ``patient``: the line item's, so that those of one patient are found by an index; a trigger sets it where a program
    of an earlier version does not. ``ins_name``: 1 primary, 2 secondary, 3 tertiary insurer.
    ``adjustment_group_code``: X12 CAS01; PR passes the amount on to the patient, all others write it off.
    """

    line_item = RecordKey("billing.LineItem", part_of=True)
    patient = RecordKey("patients.Patient", null=True, blank=True, part_of=False)
    remittance = RecordKey("billing.Remittance", null=True, blank=True)
    ins_name = models.PositiveSmallIntegerField(default=1)
    ins_paid = money(default=0)
    adjustment = money(default=0)
    adjustment_group_code = text(2)
    adjustment_reason = text(5)
    claim_status = text(2)
    check_date = models.DateField(null=True, blank=True)
    trace_number = text(50)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="transaction_updated"),
            models.Index(fields=["practice", "created_at"], name="transaction_posted"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ins_name__in=(1, 2, 3)), name="transaction_insurer")
        ]

    def __str__(self) -> str:
        return f"transaction {self.pk}"


class PatientPayment(Record):
    """A payment from a patient, or to one if negative, as every refund is. ``posted_date``: day in the
    doctor's zone."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True)
    line_item = RecordKey("billing.LineItem", null=True, blank=True)
    amount = money()
    payment_method = text(4, choices=make_choices(codes.PAYMENT_METHODS))
    payment_transaction_type = text(6, choices=make_choices(codes.PAYMENT_TYPES))
    received_date = models.DateField(null=True, blank=True)
    posted_date = models.DateField()
    trace_number = text(100)
    notes = models.TextField(blank=True, default="")
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="payment_updated"),
            models.Index(fields=["practice", "posted_date"], name="payment_posted"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="payment_not_zero"),
            models.CheckConstraint(
                condition=~Q(payment_transaction_type="REF") | Q(amount__lt=0), name="refund_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk}"


class PaymentLogEntry(Record):
    """An action on a patient's payment, with the payment's state after it."""

    class Action(models.TextChoices):
        CREATE = "C"
        UPDATE = "U"
        DELETE = "D"
        FILL = "F"
        AUTOFILL = "A"

    payment = RecordKey("billing.PatientPayment")
    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    amount = money()
    payment_method = text(4, choices=make_choices(codes.PAYMENT_METHODS))
    action = models.CharField(max_length=1, choices=Action)
    source = text(50)
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="payment_log_updated")]

    def __str__(self) -> str:
        return f"{self.action} of payment {self.payment_id}"


class EligibilityCheck(Record):
    """An insurer's answer, through a clearinghouse, about a patient's coverage.

    ``eligibility``: X12 EB01; ``request_service_type``: X12 service type. The objects hold the answer without
    empty texts: reference drchrono/nested.yaml.
    """

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True)
    cob_level = models.CharField(max_length=20, default="Primary Insurance")
    payer_name = text(200)
    eligibility = models.CharField(max_length=2, default="1")
    request_service_type = models.CharField(max_length=3, blank=True, default="30")
    query_date = models.DateTimeField(null=True, blank=True)
    coverage_subscriber = models.JSONField(default=dict, blank=True)
    coverage_details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["practice", "query_date"], name="eligibility_asked")]

    def __str__(self) -> str:
        return f"eligibility check {self.pk}"


class PatientAuthorization(Record):
    """An insurer's authorization of a number of visits. ``procedure_codes``: objects with code, price and
    quantity."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    auth_number = text(50)
    status = text(50)
    specialty = text(100)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    number_of_visits = models.PositiveIntegerField(null=True, blank=True)
    visits_used = models.PositiveIntegerField(default=0)
    procedure_codes = models.JSONField(default=list, blank=True)
    notes = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"authorization {self.pk}"
