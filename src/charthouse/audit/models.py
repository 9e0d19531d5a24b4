"""Models of the audit log. The web role inserts rows and reads those of its practice, and has no other privileges."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from charthouse.identity.models import Application


class ApiCall(models.Model):
    """One API call: a row of the request log, written by ``request_log`` in batches.

    ``at`` is the arrival of the call; ``request`` its X-Request-Id. Of a call
    whose credentials were refused, or not examined because its URL does not exist (``resource`` is ""), practice and
    caller are those whom the credentials named, null if that was nobody; ``app_id`` is an OAuth app, ``api_user_id`` an
    API user. ``path`` is without the query, ``query`` without values that may say something about a patient.
    ``gate`` names the check that refused the call, "" if none did; ``patients`` are the ids of patients whose data the
    response contains. ``times`` is greater than 1 on a row that stands for many unauthenticated calls.
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
    query = models.CharField(max_length=300, db_default="")
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
            models.Index(fields=["app_id", "at", "id"], name="calls_of_app"),
            GinIndex(fields=["patients"], name="calls_about_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Event(models.Model):
    """An action other than a change of a record: see ``events``."""

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


class Seal(models.Model):
    """One link of the chain of a practice: see ``seals``. ``practice_id`` 0 is the chain of rows without a practice.

    ``parts`` are the sealed ranges, ``previous`` the link of the previous seal, ``link`` that of this one; both in hex.
    """

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    number = models.BigIntegerField()
    at = models.DateTimeField()
    form = models.SmallIntegerField()
    parts = models.JSONField()
    previous = models.CharField(max_length=64)
    link = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16, help_text="Which secret key it was made with.")

    web_role_may = frozenset({"SELECT"})
    web_role_sees = "own"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice_id", "number"], name="one_seal_a_number"),
        ]
        indexes = [models.Index(fields=["at", "id"], name="seals_by_time")]

    def __str__(self) -> str:
        return f"seal {self.number} of practice {self.practice_id}"


class Mark(models.Model):
    """Up to which id a table has been sealed and swept.

    No transaction older than the transaction number ``xact`` can still insert a row with an id up to ``seen``; no
    transaction at all, up to ``settled``.
    """

    table = models.CharField(max_length=60, primary_key=True)
    sealed = models.BigIntegerField(default=0)
    settled = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    xact = models.BigIntegerField(default=0)
    swept = models.BigIntegerField(default=0)

    web_role_may = frozenset({"SELECT"})

    def __str__(self) -> str:
        return f"{self.table}: sealed up to {self.sealed}"


class Capture(models.Model):
    """Until when bodies of an app's calls are captured: see ``captured_bodies``."""

    app = models.OneToOneField(Application, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"bodies of app {self.app_id} until {self.until}"


class Bodies(models.Model):
    """Request and response body of a call, as truncated text: see ``captured_bodies``. ``request`` is that of the
    call.
    """

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    app_id = models.BigIntegerField()
    request = models.UUIDField()
    at = models.DateTimeField()
    asked = models.TextField()
    answered = models.TextField()

    web_role_may = frozenset({"SELECT", "INSERT"})
    web_role_sees = "own"

    class Meta:
        indexes = [
            models.Index(fields=["practice_id", "request"], name="bodies_of_call"),
            models.Index(fields=["at"], name="bodies_by_time"),
        ]

    def __str__(self) -> str:
        return f"bodies of {self.request}"
