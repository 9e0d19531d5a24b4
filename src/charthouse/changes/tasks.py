"""Periodic tasks of the change feed."""

from datetime import timedelta

from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.changes import partitions, verification
from charthouse.changes.models import Delivery, Edge, Subscription

EDGE_RETENTION = timedelta(days=15)  # callers may request periods of the past week
DELIVERY_RETENTION = timedelta(days=30)
BATCH_SIZE = 1000  # rows per transaction


@app.periodic(cron="* * * * *", periodic_id="verify_receivers")
@app.task(name="charthouse.changes.verify", queue="verifications", lock="charthouse.changes.verify")
def verify_receivers(timestamp: int) -> None:
    """Verify the receivers of webhooks: when a user requests it, and every minute what a killed worker has left.
    ``timestamp``: due time, Unix seconds; not used."""
    verification.verify_pending()


@app.periodic(cron="7 */6 * * *", periodic_id="change_partitions")
@app.task(name="charthouse.changes.partitions", queueing_lock="charthouse.changes.partitions")
def create_partitions(timestamp: int) -> None:
    """Create the partitions of the coming months, every six hours. ``timestamp``: due time, Unix seconds; not used."""
    partitions.create_partitions()


@app.periodic(cron="41 * * * *", periodic_id="change_edges")
@app.task(name="charthouse.changes.edges", queueing_lock="charthouse.changes.edges")
def delete_old_edges(timestamp: int) -> None:
    """Delete edges past their retention, every hour. ``timestamp``: due time, Unix seconds; not used."""
    rows = Edge.objects.using("owner")
    while True:
        old = list(
            rows.filter(at__lt=clock.now() - EDGE_RETENTION)
            .order_by("at")
            .values_list("pk", flat=True)[:BATCH_SIZE]
        )
        rows.filter(pk__in=old).delete()
        if len(old) < BATCH_SIZE:
            return


@app.periodic(cron="23 * * * *", periodic_id="old_deliveries")
@app.task(name="charthouse.changes.deliveries", queueing_lock="charthouse.changes.deliveries")
def delete_old_deliveries(timestamp: int) -> None:
    """Delete deliveries past their retention, every hour, as they hold contents of patients' records, and the
    subscriptions that ended as long ago. ``timestamp``: due time, Unix seconds; not used."""
    Subscription.objects.using("owner").filter(ended_at__lt=clock.now() - DELIVERY_RETENTION).delete()
    rows = Delivery.objects.using("owner")
    while True:
        old = list(
            rows.filter(at__lt=clock.now() - DELIVERY_RETENTION)
            .order_by("at")
            .values_list("pk", flat=True)[:BATCH_SIZE]
        )
        rows.filter(pk__in=old).delete()
        if len(old) < BATCH_SIZE:
            return
