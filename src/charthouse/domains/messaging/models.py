"""Messages and calls. Codes are stored as the API shows them: reference drchrono/enums.yaml."""

from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import REMOVED
from charthouse.identity.tenancy import Record, RecordKey


class Message(Record):
    """A message of a doctor's message center. ``owner``: whose it is; ``responsible_user``: who deals with
    it; ``type``: a code of MESSAGE_TYPES. To archive one puts it away, with its notes."""

    archives_parts = False

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient", null=True, blank=True, part_of=True)
    owner = RecordKey("identity.User", null=True, blank=True)
    responsible_user = RecordKey("identity.User", null=True, blank=True)
    title = models.CharField(max_length=500)
    type = text(2)
    attachment = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    read = models.BooleanField(default=False)
    starred = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=clock.now)
    workflow_step = text(100)
    outgoing_fax_recipient_name = text(200)
    outgoing_fax_recipient_fax_number = text(50)

    class Meta:
        indexes = [
            models.Index(fields=["practice", "received_at"], name="message_received"),
            models.Index(fields=["practice", "updated_at"], name="message_updated"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class MessageNote(Record):
    """A note on a message."""

    message = RecordKey("messaging.Message", part_of=True)
    text = models.TextField()
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    def __str__(self) -> str:
        return f"note {self.pk} on message {self.message_id}"


class PatientMessage(Record):
    """A message between the practice and a patient in the patient portal.

    ``sent_by``: ``dr`` to the patient, ``pt`` from the patient. ``user``: the user who wrote it or to whom it
    was written; ``read``: the recipient has read it; ``reply``: how the sender would like to be answered;
    ``message``: the message of the message center that it belongs to, shared by replies; ``request``: the
    portal request that it came with.
    """

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    message = RecordKey("messaging.Message", null=True, blank=True)
    subject = models.CharField(max_length=500)
    body = models.TextField(blank=True, default="")
    sent_by = models.CharField(max_length=2, default="dr")
    user = RecordKey("identity.User", null=True, blank=True, indexed=False)
    read = models.BooleanField(default=False)
    reply = text(100)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)

    identifying = {"body": REMOVED}

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="patient_message_updated")]
        constraints = [
            models.CheckConstraint(condition=Q(sent_by__in=("pt", "dr")), name="patient_message_sent_by"),
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="one_message_a_request",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} {'to' if self.sent_by == 'dr' else 'from'} patient {self.patient_id}"


class PatientMessageAttachment(Record):
    """A file attached to a message."""

    patient_message = RecordKey("messaging.PatientMessage", part_of=True)
    doctor = RecordKey("practice.Doctor", null=True, blank=True, indexed=False)
    attachment = RecordKey("files.StoredFile", indexed=False)

    def __str__(self) -> str:
        return f"attachment {self.pk} of message {self.patient_message_id}"


class CommLog(Record):
    """A call. ``duration``: minutes; ``scheduled_time``: the appointment's, if there is one; ``author``: who
    changed the entry last."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    author = RecordKey("identity.User", null=True, blank=True, indexed=False)
    title = text(500)
    type = text(100)
    message = models.TextField(blank=True, default="")
    cash_charged = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    duration = models.PositiveIntegerField(null=True, blank=True)
    scheduled_time = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="comm_log_updated")]

    def __str__(self) -> str:
        return f"call {self.pk}"
