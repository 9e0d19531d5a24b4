"""What the worker does with the post."""

from procrastinate.contrib.django import app

from charthouse.outbox import deliver


@app.task(name="charthouse.post.deliver_one")
def deliver_one(practice: int, message: int) -> None:
    """Send a message just written."""
    deliver.one(practice, message)


@app.periodic(cron="* * * * *", periodic_id="deliver_post")
@app.task(name="charthouse.post.deliver_due", queueing_lock="charthouse.post.deliver_due")
def deliver_due(timestamp: int) -> None:
    """Every minute: what failed and is to be tried again, and what a killed worker had taken. ``timestamp``: when it
    was due, Unix seconds; not used."""
    deliver.due()
