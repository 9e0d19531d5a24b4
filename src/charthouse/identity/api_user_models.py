"""Models of API users; see ``api_users``."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock


class ApiUser(models.Model):
    """A program that calls the API with credentials of its own, on behalf of a practice.

    ``username`` begins with ``pk_`` and is unique on the server, so that it identifies the practice. ``endpoints``
    lists the endpoint groups that may be called, all if empty. ``ips`` lists the IP addresses and networks that calls
    may come from, any if empty. ``anonymize`` deidentifies the responses.
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
            # Target of the composite foreign key of a RecordKey.
            models.UniqueConstraint(fields=["practice", "id"], name="api_user_within_practice"),
            models.CheckConstraint(
                condition=models.Q(username__regex=r"^pk_[A-Za-z0-9_-]{1,60}$"), name="api_user_name"
            ),
        ]

    def __str__(self) -> str:
        return self.username


class ApiCalls(models.Model):
    """Number of calls of an API user in the latest minute that has any, by rate class (``counted``), and the lock if
    there were too many.

    An unlogged table: it is emptied when the database crashes.
    """

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
    """Time of the last action of a rate class (``counted``) on a row (``about``).

    An unlogged table: it is emptied when the database crashes.
    """

    pk = models.CompositePrimaryKey("counted", "about")
    counted = models.CharField(max_length=30)
    about = models.BigIntegerField()
    at = models.DateTimeField()

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})

    def __str__(self) -> str:
        return f"{self.counted} of {self.about} at {self.at}"
