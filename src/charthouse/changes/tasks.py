"""What the worker does for the change feed now and then."""

from datetime import timedelta

from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.changes import partitions, read
from charthouse.changes.models import Horizon

KEPT = timedelta(days=15)  # of horizons: a reader by time may look back a week


@app.periodic(cron="7 */6 * * *", periodic_id="change_partitions")
@app.task(name="charthouse.changes.partitions", queueing_lock="charthouse.changes.partitions")
def make_partitions(timestamp: int) -> None:
    """Every six hours: room for the months to come. ``timestamp``: when it was due, Unix seconds; not used."""
    partitions.make_ahead()


@app.periodic(cron="* * * * * */10", periodic_id="change_horizon")
@app.task(name="charthouse.changes.horizon", queueing_lock="charthouse.changes.horizon")
def note_horizon(timestamp: int) -> None:
    """Every ten seconds: which changes can have been seen by now. Forgets what nobody asks for any more."""
    read.note_horizon()
    Horizon.objects.using("owner").filter(at__lt=clock.now() - KEPT).delete()
