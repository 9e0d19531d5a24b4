"""The change feed. Written by a trigger on every table of the record (``identity.rowsecurity`` puts it there),
whichever door a write comes through; the web role reads its practice's rows and can do nothing else. And webhooks:
who is told of what, and what became of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock
from charthouse.identity.secret import unseal
from charthouse.identity.tenancy import UpdatedAt


class Change(models.Model):
    """One change of one row of the record, written in the transaction that made it.

    ``at`` is when it was written, by the project's clock. ``table_name`` and ``row_id`` name the row.
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


class Edge(models.Model):
    """An end of a period that somebody of the practice has asked for, and what could be seen then: ``snapshot`` is
    PostgreSQL's (pg_snapshot). ``early``: it was asked for before it came. See ``periods``."""

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    at = models.DateTimeField()
    snapshot = models.TextField()
    early = models.BooleanField(default=False)

    web_role_may = frozenset({"SELECT", "INSERT"})
    web_role_sees = "own"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice_id", "at"], name="one_edge_a_moment")]

    def __str__(self) -> str:
        return f"edge at {self.at}"


class ClockOffset(models.Model):
    """How far a sandbox's clock is ahead of the system's: one row, or none where it was never moved."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField()

    web_role_may = frozenset({"SELECT"})

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_clock")]

    def __str__(self) -> str:
        return f"{self.ahead} ahead"


class Reader(models.Model):
    """How far a reader of the feed has come: right behind this change of this transaction (see ``read.Position``)."""

    name = models.CharField(max_length=40, primary_key=True)
    txid = models.BigIntegerField()
    change_id = models.BigIntegerField()

    web_role_may = frozenset({"SELECT", "INSERT"})

    def __str__(self) -> str:
        return self.name


class Webhook(models.Model):
    """Where an OAuth app or a practice wants to be told, and of what.

    ``secret`` is what receivers know us by: the token of an app's, the headers of a practice's own (``headers``). It is
    sent with each delivery, so it can't be hashed; it is stored sealed with the server's secret key. ``verified_at`` is
    None until an app's receiver has shown that it knows the secret, and again after each change of ``callback_url``;
    nothing is delivered before. A practice's has nothing to show. Once ``deleted_at`` is set it is told of nothing, and
    the secret is gone. Changed by ``actions`` alone.
    """

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(
        "identity.Application", null=True, on_delete=models.CASCADE, related_name="+"
    )
    practice = models.ForeignKey("identity.Practice", null=True, on_delete=models.CASCADE, related_name="+")
    callback_url = models.CharField(max_length=2000)
    sealed_secret = models.TextField()
    events = ArrayField(models.CharField(max_length=40), default=list)
    active = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = UpdatedAt()

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})
    web_role_sees = "own or nobody's"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(application=None) ^ models.Q(practice=None), name="webhook_of_one"
            )
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"

    @property
    def kind(self) -> str:
        """Whose it is: "app" or "practice"."""
        return "app" if self.practice_id is None else "practice"

    @property
    def secret(self) -> str:
        """Raises Broken when it was sealed with another key."""
        return unseal(self.sealed_secret)


class Delivery(models.Model):
    """One event told to one webhook. ``body`` is what is sent, byte for byte, at every attempt.

    ``at`` is when it happened; ``row_id`` what it is about, ``txid`` the transaction that did it, ``user_id`` the
    person in whose name the app may know of it: all None of a ping. ``next_try`` None: no attempt is due any more
    unless somebody asks for one. ``leased_until``, by the database's own clock: a worker is at it. ``attempts``, the
    first one first: objects of ``at``, ``status`` (of HTTP, or null), ``ms``, ``error`` and ``by_hand``.
    """

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=40)
    row_id = models.BigIntegerField(null=True)
    txid = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    body = models.BinaryField()
    at = models.DateTimeField()
    next_try = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    by_hand = models.BooleanField(default=False)
    delivered_at = models.DateTimeField(null=True)
    attempts = models.JSONField(default=list)

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})
    web_role_sees = "own"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event", "row_id", "txid"], name="told_once"),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_try"], condition=~models.Q(next_try=None), name="delivery_waiting"
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_latest"),
            models.Index(fields=["at"], name="delivery_at"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def state(self) -> str:
        """delivered, waiting or failed."""
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.next_try is None else "waiting"
