"""Laboratory orders and their results. Codes are stored as the API shows them: reference drchrono/enums.yaml."""

from django.db import models

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey


class Sublab(Record):
    """A laboratory that a vendor sends orders to. ``doctor``: the doctor for whom it was set up;
    ``facility_code``: its code in orders and results."""

    doctor = RecordKey("practice.Doctor", null=True, blank=True)
    name = models.CharField(max_length=200)
    facility_code = models.CharField(max_length=100)
    vendor_name = text(200)

    def __str__(self) -> str:
        return self.name


class LabOrder(Authored, Record):
    """An order to a laboratory.

    ``status``: N not sent, Q queued, A ABN required, S sent, R results received, E error; it follows from the
    tests (``hooks.update_order_status``). ``timestamp``: when it was submitted. ``icd10_codes``: objects of
    code and description. ``origin``: API or Chart. ``reviewed_at``: when ``reviewed_by`` signed its results off;
    results that were written later are still to be reviewed.
    """

    sublab = RecordKey("labs.Sublab", indexed=False)
    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    timestamp = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=1, default="N")
    priority = models.CharField(max_length=10, default="NORMAL")
    icd10_codes = models.JSONField(default=list, blank=True)
    external_requisition_id = text(100)
    accession_number = text(100)
    notes = models.TextField(blank=True, default="")
    origin = models.CharField(max_length=20, default="API")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "created_at"], name="lab_order_created"),
            models.Index(fields=["practice", "updated_at"], name="lab_order_updated"),
        ]

    def __str__(self) -> str:
        return f"lab order {self.pk}"


class LabDocument(Record):
    """A file of an order. ``type``: REQ requisition, ABN Advance Beneficiary Notice, R-A both, RES results."""

    lab_order = RecordKey("labs.LabOrder", part_of=True)
    document = RecordKey("files.StoredFile", indexed=False)
    type = models.CharField(max_length=3)
    hl7 = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["practice", "created_at"], name="lab_document_created")]

    def __str__(self) -> str:
        return f"lab document {self.pk}"


class LabTest(Record):
    """A test of an order. ``specimen_total_volume``: milliliters."""

    lab_order = RecordKey("labs.LabOrder", part_of=True)
    code = text(50)
    name = text(500)
    description = models.TextField(blank=True, default="")
    collection_date = models.DateTimeField(null=True, blank=True)
    internal_notes = models.TextField(blank=True, default="")
    report_notes = models.TextField(blank=True, default="")
    status = models.CharField(max_length=20, default="preliminary")
    specimen_source = text(200)
    specimen_condition = text(200)
    specimen_total_volume = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)

    def __str__(self) -> str:
        return f"lab test {self.pk}"


class PanelTest(Record):
    """A test of a panel that the practice orders as a whole.

    ``panel_code``: the laboratory's or LOINC code of the panel, "" where its tests are ordered one by one;
    ``code``: LOINC; ``low``, ``high``: the usual range, None where there is none.
    """

    panel = models.CharField(max_length=200)
    panel_code = text(50)
    specimen = text(200)
    name = models.CharField(max_length=200)
    code = text(20)
    unit = text(50)
    low = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    high = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.panel}: {self.name}"


class LabResult(Record):
    """An observation of a test. ``value`` is text, or a number where ``value_is_numeric``; ``normal_range``
    is then the lower and the upper limit, separated by a space. ``status``: P, I, C, F, X (HL7 table 0085)."""

    lab_test = RecordKey("labs.LabTest", part_of=True)
    document = RecordKey("labs.LabDocument")
    specimen_received = models.DateTimeField()
    results_released = models.DateTimeField()
    test_performed = models.DateTimeField()
    status = models.CharField(max_length=1)
    value = models.TextField()
    value_is_numeric = models.BooleanField(default=False)
    unit = text(50)
    normal_range = text(200)
    abnormal_status = text(3)
    is_abnormal = models.BooleanField(null=True, blank=True)
    observation_code = text(50)
    observation_description = models.TextField(blank=True, default="")
    group_code = text(50)
    comments = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"lab result {self.pk}"


class PatientLabResult(Record):
    """A result without an order, entered by the practice or imported from another record."""

    patient = RecordKey("patients.Patient")
    ordering_doctor = RecordKey("practice.Doctor")
    title = text(500)
    loinc_code = text(20)
    date_test_performed = models.DateField(null=True, blank=True)
    lab_order_status = text(40)
    lab_result_value = text(500)
    lab_result_value_as_float = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    lab_result_value_units = text(50)
    lab_normal_range = text(200)
    lab_normal_range_units = text(50)
    lab_abnormal_flag = text(4)
    lab_imported_from_ccr = text(200)
    scanned_in_result = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    doctor_comments = models.TextField(blank=True, default="")
    doctor_signoff = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="patient_lab_result_updated")]

    def __str__(self) -> str:
        return f"patient lab result {self.pk}"
