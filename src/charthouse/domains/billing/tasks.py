"""What the worker does for accounts."""

from procrastinate.contrib.django import app

from charthouse.domains.billing import subscribing


@app.periodic(cron="* * * * *", periodic_id="subscriptions")
@app.task(name="charthouse.billing.subscriptions", queueing_lock="charthouse.billing.subscriptions")
def charge_subscriptions(timestamp: int) -> None:
    """Every minute. ``timestamp``: when it was due, Unix seconds; not used."""
    subscribing.due()
