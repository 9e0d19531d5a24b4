"""Work that a caller starts and asks for later, by its uuid: for an hour, then it is forgotten."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock
from charthouse.identity.rowsecurity import USUAL
from charthouse.identity.tenancy import Record, RecordKey

LIFE = timedelta(hours=1)
# A job that isn't done by then was on a worker that has ended.
LONGEST = timedelta(minutes=10)


class Job(Record):
    """One piece of work of an app and a person.

    ``kind`` says what it is; ``request`` what was asked for, and ``options`` how it is to be shown: both JSON of the
    kind's own. ``app``: id of the Application. ``doctor_id``: the caller's when it was begun. ``count``: of what was
    found. ``source``: a job whose rows are this one's. ``file``: what it made, if that is a file.
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

    # No part of the record: swept for good, by the web role, and in no change feed.
    web_role_may = USUAL
    followed = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "uuid"], name="job_uuid")]
        indexes = [models.Index(fields=["practice", "created_at"], name="job_begun")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def over(self) -> bool:
        """Whether it has failed, or will never end."""
        stalled = self.status == self.Status.IN_PROGRESS and clock.now() - self.created_at > LONGEST
        return stalled or self.status == self.Status.FAILED


class JobRows(Record):
    """Ids that a job has found, ``CHUNK`` at a time, in order; ``position`` counts the chunks from 0."""

    CHUNK = 1000

    job = RecordKey("jobs.Job", indexed=False)
    position = models.PositiveIntegerField()
    ids = ArrayField(models.BigIntegerField())

    web_role_may = USUAL
    followed = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "job", "position"], name="job_rows_once")]

    def __str__(self) -> str:
        return f"rows {self.position} of job {self.job_id}"
