"""Periodic jobs of billing."""

from procrastinate.contrib.django import app

from charthouse.domains.billing import subscriptions
from charthouse.identity import incarnations


@app.periodic(cron="* * * * *", periodic_id="subscriptions")
@app.task(name="charthouse.billing.subscriptions", queueing_lock="charthouse.billing.subscriptions")
def charge_subscriptions(timestamp: int) -> None:
    """Create the charges that are due, every minute, once a restored copy is the real one. ``timestamp``: Unix seconds
    when the job was due; not used."""
    if incarnations.may_send():
        subscriptions.charge_due()
