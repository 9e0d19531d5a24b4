"""Background jobs that a caller starts and polls by uuid, for an hour, and forms that were sent, for a day; then they
are deleted."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock
from charthouse.identity.rowsecurity import DEFAULT_PRIVILEGES
from charthouse.identity.tenancy import Record, RecordKey

LIFETIME = timedelta(hours=1)
# An unfinished job older than this was run by a worker that has died.
RUN_TIMEOUT = timedelta(minutes=10)


class Job(Record):
    """One background job of an app and a user.

    ``kind`` identifies the operation; ``request`` holds its parameters and ``options`` those of rendering: JSON whose
    form depends on the kind. ``app``: id of the Application. ``doctor_id``: the caller's at the start. ``count``:
    number of rows found. ``source``: the job whose rows this one reuses. ``file``: the resulting file, if any.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "In progress"
        COMPLETE = "Complete"
        FAILED = "Failed"

    uuid = models.UUIDField(default=uuid4)
    kind = models.CharField(max_length=100)
    app = models.BigIntegerField(null=True)
    user = RecordKey("identity.User", indexed=False)
    doctor_id = models.BigIntegerField(null=True)
    request = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=20, choices=Status, default=Status.IN_PROGRESS)
    count = models.PositiveBigIntegerField(null=True)
    source = RecordKey("jobs.Job", null=True, indexed=False)
    file = RecordKey("files.StoredFile", null=True)

    # Not part of the record: the web role may delete rows, and the change feed does not follow them.
    web_role_may = DEFAULT_PRIVILEGES
    followed = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "uuid"], name="job_uuid")]
        indexes = [models.Index(fields=["practice", "created_at"], name="job_begun")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def has_failed(self) -> bool:
        """Tell whether the job has failed or has exceeded RUN_TIMEOUT."""
        stalled = self.status == self.Status.IN_PROGRESS and clock.now() - self.created_at > RUN_TIMEOUT
        return stalled or self.status == self.Status.FAILED


class JobRows(Record):
    """One chunk of the row ids that a job has found, ``CHUNK`` ids in order. ``position`` counts chunks from 0."""

    CHUNK = 1000

    job = RecordKey("jobs.Job", indexed=False)
    position = models.PositiveIntegerField()
    ids = ArrayField(models.BigIntegerField())

    web_role_may = DEFAULT_PRIVILEGES
    followed = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "job", "position"], name="job_rows_once")]

    def __str__(self) -> str:
        return f"rows {self.position} of job {self.job_id}"


class Submission(Record):
    """A form that a user has sent. ``uuid``: its token; ``leads_to``: the URL of the page that its work led to."""

    user = RecordKey("identity.User", indexed=False)
    uuid = models.UUIDField()
    leads_to = models.CharField(max_length=500, default="")

    web_role_may = DEFAULT_PRIVILEGES
    followed = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "user", "uuid"], name="form_sent_once")]
        indexes = [models.Index(fields=["practice", "created_at"], name="form_sent")]

    def __str__(self) -> str:
        return f"form {self.uuid}"
