"""Who saw or did what. The web role adds to these tables and reads its practice's rows, and can do nothing else."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from charthouse.identity.models import Application


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
            models.Index(fields=["app_id", "at", "id"], name="calls_of_app"),
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


class Seal(models.Model):
    """One link of a practice's chain: see ``seals``. ``practice_id`` 0 is the chain of what has no practice.

    ``parts`` say what is sealed, ``previous`` is the link of the seal before, ``link`` this one's; both in hex.
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
    """How far a table has been sealed and swept, by ids. No transaction that began before number ``xact`` was given can
    still add a row with an id up to ``seen``; up to ``settled`` none can at all."""

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
    """Until when the bodies of an app's calls are captured: see ``bodies``."""

    app = models.OneToOneField(Application, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"bodies of app {self.app_id} until {self.until}"


class Bodies(models.Model):
    """What an app sent and got, as text, cut: see ``bodies``. ``request`` is the call's."""

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
