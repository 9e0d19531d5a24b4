"""Who saw or did what. The web role adds to these tables and reads its practice's rows, and can do nothing else."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class ApiCall(models.Model):
    """One call of an API: the request log. Written by ``log``, in batches.

    ``at`` is when the call came; ``request`` is what the caller got as X-Request-Id. ``practice_id`` and ``user_id``
    are None where nobody was recognised, ``app_id`` an OAuth app, ``api_user_id`` an API user. ``path`` has no query.
    ``gate`` names what refused the call and is empty where nothing did; ``patients`` are the ids of those whose data
    the answer carries. ``times`` is more than 1 on a row that stands for a flood of calls by nobody.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    request = models.UUIDField()
    practice_id = models.BigIntegerField(null=True)
    app_id = models.BigIntegerField(null=True)
    api_user_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    ip = models.CharField(max_length=45)
    dialect = models.CharField(max_length=20)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=200)
    resource = models.CharField(max_length=80)
    row_id = models.BigIntegerField(null=True)
    patients = ArrayField(models.BigIntegerField())
    status = models.SmallIntegerField()
    gate = models.CharField(max_length=20)
    microseconds = models.IntegerField(help_text="From the request's arrival to its answer.")
    times = models.IntegerField()

    web_role_may = frozenset({"SELECT", "INSERT"})
    web_role_sees = "own"

    class Meta:
        indexes = [
            models.Index(fields=["practice_id", "at", "id"], name="calls_of_practice"),
            models.Index(fields=["app_id", "id"], name="calls_of_app"),
            GinIndex(fields=["patients"], name="calls_about_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Event(models.Model):
    """Something that was done beside the rows of the record: see ``events``."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    practice_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    app_id = models.BigIntegerField(null=True)
    api_user_id = models.BigIntegerField(null=True)
    patient_id = models.BigIntegerField(null=True)
    ip = models.CharField(max_length=45)
    what = models.CharField(max_length=40)
    details = models.JSONField()

    web_role_may = frozenset({"SELECT", "INSERT"})
    web_role_sees = "own"

    class Meta:
        indexes = [
            models.Index(fields=["practice_id", "at", "id"], name="events_of_practice"),
            models.Index(fields=["practice_id", "patient_id", "id"], name="events_about_patient"),
        ]

    def __str__(self) -> str:
        return self.what
