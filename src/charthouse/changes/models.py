"""The change feed, webhooks and their deliveries. The feed is written by a trigger on every table of the record
(see ``identity``), whatever makes the change; the web role may only read the rows of its practice."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock
from charthouse.identity.sealed_secrets import SealedField, unseal
from charthouse.identity.tenancy import UpdatedAt


class Change(models.Model):
    """One change of one row of the record, written in the transaction that made it.

    ``at`` is the time of the write, by the project's clock. ``table_name`` and ``row_id`` identify the row.
    ``before`` and ``after`` hold columns in PostgreSQL's JSON form: all columns of a row that was inserted or deleted,
    else the changed ones. ``user_id``, ``app_id`` (an OAuth app), ``api_user_id`` and ``request`` (X-Request-Id)
    identify the caller; all are None for jobs, operators and plain SQL.

    The table also has ``txid``, the transaction number (xid8), by which readers order changes; see ``feed``.
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
    """The end of a period that a caller of the practice has requested, with the snapshot (pg_snapshot, in transaction
    numbers) of what was visible at that request. ``early``: requested before that time. ``former``: the snapshot of a
    request before the clock was set back; ``snapshot`` is then empty until the end is requested again. See ``periods``.
    """

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    at = models.DateTimeField()
    snapshot = models.TextField()
    early = models.BooleanField(default=False)
    former = models.TextField(null=True)

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})
    web_role_sees = "own"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice_id", "at"], name="one_edge_a_moment")]

    def __str__(self) -> str:
        return f"edge at {self.at}"


class ClockOffset(models.Model):
    """The offset of a sandbox's clock from the system's: one row, or none if it was never advanced."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField()

    web_role_may = frozenset({"SELECT"})

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_clock")]

    def __str__(self) -> str:
        return f"{self.ahead} ahead"


class Reader(models.Model):
    """The position of a reader of the feed: directly after this change of this transaction (see ``feed.Position``).
    Also that after which periods begin (``periods.BASELINE``)."""

    name = models.CharField(max_length=40, primary_key=True)
    txid = models.BigIntegerField()
    change_id = models.BigIntegerField()

    web_role_may = frozenset({"SELECT", "INSERT"})

    def __str__(self) -> str:
        return self.name


class Webhook(models.Model):
    """A subscription of an OAuth app or a practice to events, delivered to a URL.

    ``secret`` authenticates the server to receivers: the token of an app's webhook, the custom headers of a practice's
    (see ``custom_headers``). It is sent with each delivery, so it can't be hashed; it is stored encrypted with the
    server's secret key. ``verified_at`` is None until an app's receiver has proved that it knows the secret, and again
    after each change of ``callback_url``; nothing is delivered before. ``verification_requested_at`` is set while the
    worker has still to ask the receiver, ``verification_error`` says why the last proof failed. A practice's webhook
    needs no proof. Once ``deleted_at`` is set, nothing is delivered and the secret is erased. Written only by
    ``actions`` and ``verification``.
    """

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(
        "identity.Application", null=True, on_delete=models.CASCADE, related_name="+"
    )
    practice = models.ForeignKey("identity.Practice", null=True, on_delete=models.CASCADE, related_name="+")
    callback_url = models.CharField(max_length=2000)
    sealed_secret = SealedField()
    events = ArrayField(models.CharField(max_length=40), default=list)
    active = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verification_requested_at = models.DateTimeField(null=True, blank=True)
    verification_error = models.CharField(max_length=200, blank=True, default="", db_default="")
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
        """The kind of owner: "app" or "practice"."""
        return "app" if self.practice_id is None else "practice"

    @property
    def secret(self) -> str:
        """Raises Broken when it was sealed with another key."""
        return unseal(self.sealed_secret)


class Subscription(models.Model):
    """A period in which a webhook was active, verified and subscribed to these events: of the changes with a greater id
    than ``first_change``, up to ``last_change`` (None: it goes on). Ids are given in the order of writes, whatever the
    clock. Written by a trigger on webhooks alone."""

    id = models.BigAutoField(primary_key=True)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="subscriptions")
    events = ArrayField(models.CharField(max_length=40))
    first_change = models.BigIntegerField()
    last_change = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    web_role_may: frozenset[str] = frozenset()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["webhook"], condition=models.Q(last_change=None), name="one_open_subscription"
            )
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk} of webhook {self.webhook_id}"


class Delivery(models.Model):
    """One event to be delivered to one webhook. ``body`` holds the exact bytes sent at every attempt.

    ``at`` is the time of the event; ``table_name`` and ``row_id`` the row it concerns, whose deliveries are made in the
    order of their ids, ``txid`` the transaction that caused it,
    ``user_id`` the user on whose behalf the app may read it: all None for a ping. ``next_try`` None: no attempt is due
    unless one is requested. ``leased_until``, by the database's own clock: a worker is sending it. ``attempts``,
    oldest first: objects with ``at``, ``status`` (HTTP, or null), ``ms``, ``error`` and ``by_hand``.
    """

    id = models.BigAutoField(primary_key=True)
    practice_id = models.BigIntegerField()
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=40)
    table_name = models.CharField(max_length=63, null=True)
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
            models.UniqueConstraint(
                fields=["webhook", "event", "row_id", "txid", "practice_id"], name="told_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_try"], condition=~models.Q(next_try=None), name="delivery_waiting"
            ),
            models.Index(
                fields=["webhook", "table_name", "row_id", "id"],
                condition=~models.Q(next_try=None),
                name="delivery_order",
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_latest"),
            models.Index(fields=["at"], name="delivery_at"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def state(self) -> str:
        """The state: "delivered", "waiting" or "failed"."""
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.next_try is None else "waiting"
