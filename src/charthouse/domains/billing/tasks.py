"""Periodic jobs of billing."""

from procrastinate.contrib.django import app

from charthouse.domains.billing import subscriptions


@app.periodic(cron="* * * * *", periodic_id="subscriptions")
@app.task(name="charthouse.billing.subscriptions", queueing_lock="charthouse.billing.subscriptions")
def charge_subscriptions(timestamp: int) -> None:
    """Create the charges that are due, every minute. ``timestamp``: Unix seconds when the job was due; not
    used."""
    subscriptions.charge_due()
