"""Tasks that deliver queued messages."""

from procrastinate.contrib.django import app

from charthouse.outbox import delivery


@app.task(name="charthouse.post.deliver_one")
def deliver_one(practice: int, message: int) -> None:
    """Send a message that has just been queued."""
    delivery.deliver_message(practice, message)


@app.periodic(cron="* * * * *", periodic_id="deliver_post")
@app.task(name="charthouse.post.deliver_due", queueing_lock="charthouse.post.deliver_due")
def deliver_due(timestamp: int) -> None:
    """Send retries, and messages that a killed worker had claimed, every minute. ``timestamp``: due time, Unix seconds;
    not used."""
    delivery.deliver_due_messages()
