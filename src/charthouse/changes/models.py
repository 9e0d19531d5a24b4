"""The change feed. Written by a trigger on every table of the record (``identity.rowsecurity`` puts it there),
whichever door a write comes through; the web role reads its practice's rows and can do nothing else."""

from django.db import models


class Change(models.Model):
    """One change of one row of the record, written in the transaction that made it.

    ``at`` is when that transaction began, by the project's clock. ``table_name`` and ``row_id`` name the row.
    ``before`` and ``after`` hold columns as PostgreSQL writes them in JSON: all of them of a row that was inserted
    or deleted, else those that changed. ``user_id``, ``app_id`` (an OAuth app), ``api_user_id`` and ``request`` (the
    caller's X-Request-Id) say who did it; all None where it was no caller: a job, an operator, plain SQL.

    The table also has ``txid``, the transaction's number (xid8), which readers go by; see ``read``.
    """

    class Operation(models.TextChoices):
        INSERT = "insert"
        UPDATE = "update"
        DELETE = "delete", "Archived, or gone"
        RESTORE = "restore", "Archived no longer"

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    at = models.DateTimeField()
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    operation = models.CharField(max_length=10, choices=Operation)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    user_id = models.BigIntegerField(null=True)
    app_id = models.BigIntegerField(null=True)
    api_user_id = models.BigIntegerField(null=True)
    request = models.UUIDField(null=True)

    web_role_may = frozenset({"SELECT"})
    web_role_sees = "own"

    class Meta:
        managed = False  # partitioned by month: see the first migration and ``partitions``
        db_table = "changes_change"

    def __str__(self) -> str:
        return f"{self.operation} {self.table_name} {self.row_id}"


class Horizon(models.Model):
    """At the moment ``at``, all transactions numbered below ``txid`` had ended, and none from it on was seen by all.
    What a reader that goes by time needs to find rows whose transaction was long in committing; see ``read``."""

    at = models.DateTimeField(primary_key=True)
    txid = models.BigIntegerField()

    web_role_may = frozenset({"SELECT", "INSERT"})

    def __str__(self) -> str:
        return f"{self.txid} at {self.at}"


class ClockOffset(models.Model):
    """How far a sandbox's clock is ahead of the system's: one row, or none where it was never moved."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField()

    web_role_may = frozenset({"SELECT"})

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_clock")]

    def __str__(self) -> str:
        return f"{self.ahead} ahead"
