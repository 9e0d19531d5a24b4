"""What the worker does for the change feed now and then."""

from datetime import timedelta

from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.changes import partitions
from charthouse.changes.models import Delivery, Edge

KEPT = timedelta(days=15)  # of edges: a reader by time may look back a week
DELIVERIES_KEPT = timedelta(days=30)
STEP = 1000  # deliveries a transaction


@app.periodic(cron="7 */6 * * *", periodic_id="change_partitions")
@app.task(name="charthouse.changes.partitions", queueing_lock="charthouse.changes.partitions")
def make_partitions(timestamp: int) -> None:
    """Every six hours: room for the months to come. ``timestamp``: when it was due, Unix seconds; not used."""
    partitions.make_ahead()


@app.periodic(cron="41 * * * *", periodic_id="change_edges")
@app.task(name="charthouse.changes.edges", queueing_lock="charthouse.changes.edges")
def forget_edges(timestamp: int) -> None:
    """Every hour: edges that nobody begins at any more. ``timestamp`` as above."""
    Edge.objects.using("owner").filter(at__lt=clock.now() - KEPT).delete()


@app.periodic(cron="23 * * * *", periodic_id="old_deliveries")
@app.task(name="charthouse.changes.deliveries", queueing_lock="charthouse.changes.deliveries")
def forget_deliveries(timestamp: int) -> None:
    """Every hour: deliveries hold what patients' records said; they aren't kept for ever."""
    rows = Delivery.objects.using("owner")
    while True:
        old = list(
            rows.filter(at__lt=clock.now() - DELIVERIES_KEPT)
            .order_by("at")
            .values_list("pk", flat=True)[:STEP]
        )
        rows.filter(pk__in=old).delete()
        if len(old) < STEP:
            return
