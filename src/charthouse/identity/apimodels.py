"""The tables of API users; see ``apiusers``."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock


class ApiUser(models.Model):
    """A program that calls in a practice's name. ``username`` begins with ``pk_`` and is unique on the server: it tells
    the practice.

    ``endpoints``: groups of endpoints that may be used, all where empty. ``ips``: addresses and networks that calls
    may come from, anywhere where empty. ``read_only``, ``anonymize`` and ``enabled`` as they say.
    """

    id = models.BigAutoField(primary_key=True)
    practice = models.ForeignKey("identity.Practice", on_delete=models.DO_NOTHING, related_name="+")
    nickname = models.CharField(max_length=100)
    username = models.CharField(max_length=64, unique=True)
    secret_digest = models.CharField(max_length=64)
    contact = models.EmailField()
    description = models.TextField(blank=True, default="")
    read_only = models.BooleanField(default=False)
    anonymize = models.BooleanField(default=False)
    endpoints = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    ips = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})

    class Meta:
        constraints = [
            # The other half of a RecordKey: the API user is of the row's own practice.
            models.UniqueConstraint(fields=["practice", "id"], name="api_user_within_practice"),
            models.CheckConstraint(
                condition=models.Q(username__regex=r"^pk_[A-Za-z0-9_-]{1,60}$"), name="api_user_name"
            ),
        ]

    def __str__(self) -> str:
        return self.username


class ApiCalls(models.Model):
    """Calls of an API user in the latest minute with any, by class; a lock, where there were too many. Lost in a crash
    of the database, which is no loss."""

    pk = models.CompositePrimaryKey("api_user_id", "counted")
    api_user = models.ForeignKey(ApiUser, on_delete=models.CASCADE, related_name="+", db_index=False)
    counted = models.CharField(max_length=30)
    minute = models.DateTimeField()
    calls = models.IntegerField()
    locked_until = models.DateTimeField(null=True)

    web_role_may = frozenset({"SELECT", "UPDATE"})

    def __str__(self) -> str:
        return f"{self.calls} {self.counted} calls of {self.api_user_id}"


class ApiSpacing(models.Model):
    """When something that has its own pace was last done for a row: ``counted`` says what, ``about`` which row. Lost in
    a crash of the database, which is no loss."""

    pk = models.CompositePrimaryKey("counted", "about")
    counted = models.CharField(max_length=30)
    about = models.BigIntegerField()
    at = models.DateTimeField()

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})

    def __str__(self) -> str:
        return f"{self.counted} of {self.about} at {self.at}"
