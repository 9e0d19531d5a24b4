"""Documents and images of patients, consent forms, and signatures."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey


class Document(Authored, Record):
    """A scanned or received document. ``date``: the date on it.

    Only Cerbo's API shows these: ``folder`` (a tab of the chart) and ``subfolder``; ``content``, a description;
    ``flag``: a key document; ``review_by``, or ``review_by_everyone``: who still has to review it; ``reviewer``: who
    has, at ``reviewed_at``; ``review_status``: 1 pending; ``result_code``: 0 normal, 1 borderline, 2 abnormal;
    ``follow_up_at``: when it is to be followed up; ``pt_notified``: 1 not needed, 2 notified; ``request``: the portal
    request that it came with.
    """

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    document = RecordKey("files.StoredFile", indexed=False)
    date = models.DateField()
    description = models.TextField()
    metatags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    folder = text(200)
    subfolder = text(200)
    content = models.TextField(blank=True, default="")
    flag = models.BooleanField(default=False)
    review_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    review_by_everyone = models.BooleanField(default=False)
    reviewer = RecordKey("identity.User", null=True, blank=True, indexed=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_status = models.PositiveSmallIntegerField(null=True, blank=True)
    result_code = models.PositiveSmallIntegerField(default=0)
    follow_up_at = models.DateTimeField(null=True, blank=True)
    pt_notified = models.PositiveSmallIntegerField(null=True, blank=True)
    pt_notified_method = text(154)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="document_updated")]
        constraints = [
            models.CheckConstraint(condition=Q(result_code__in=(0, 1, 2)), name="document_result_code"),
            models.CheckConstraint(
                condition=Q(pt_notified__isnull=True) | Q(pt_notified__in=(1, 2)), name="document_pt_notified"
            ),
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="one_document_a_request",
            ),
        ]

    def __str__(self) -> str:
        return f"document {self.pk}"


class SharedDocument(Record):
    """A document that its patient sees in the portal, shared by ``shared_by``; archived: not any more."""

    document = RecordKey("documents.Document", indexed=False, part_of=True)
    shared_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "document"], condition=Q(archived=False), name="document_shared_once"
            )
        ]

    def __str__(self) -> str:
        return f"document {self.document_id}, shared"


class ConsentForm(Record):
    """A form that patients sign. ``assign_by_default``: a trigger applies it to the doctor's new appointments;
    ``is_mandatory``: to be signed before check-in; ``order``: among the doctor's forms."""

    doctor = RecordKey("practice.Doctor")
    title = models.CharField(max_length=500)
    uri = RecordKey("files.StoredFile", indexed=False)
    assign_by_default = models.BooleanField(default=False)
    is_mandatory = models.BooleanField(default=False)
    order = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.title


class AppliedConsentForm(Record):
    """A form that applies to an appointment; archived: removed from it, even where it is assigned by default."""

    consent_form = RecordKey("documents.ConsentForm", indexed=False)
    appointment = RecordKey("scheduling.Appointment")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "consent_form", "appointment"], name="consent_form_applied_once"
            )
        ]

    def __str__(self) -> str:
        return f"form {self.consent_form_id} on appointment {self.appointment_id}"


class SignedConsentForm(Record):
    """A patient's signature under a form, at a visit."""

    consent_form = RecordKey("documents.ConsentForm")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment")
    signature_file = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    date_signed = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"signature {self.pk} under form {self.consent_form_id}"


class PatientImage(Authored, Record):
    """An image of a patient: ``personal``, submitted by or for the patient, or ``medical``, taken by the practice.
    ``request``: the portal request that it came with."""

    patient = RecordKey("patients.Patient")
    file = RecordKey("files.StoredFile", indexed=False)
    photo_type = models.CharField(max_length=10)
    name = text(200)
    notes = models.TextField(blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(photo_type__in=("personal", "medical")), name="patient_image_type"
            ),
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="one_image_a_request",
            ),
        ]

    def __str__(self) -> str:
        return f"image {self.pk} of patient {self.patient_id}"
