"""Periodic tasks of the worker for scheduling."""

from procrastinate.contrib.django import app

from charthouse.domains.scheduling import reminder_delivery
from charthouse.identity import incarnations


@app.periodic(cron="* * * * *", periodic_id="remind")
@app.task(name="charthouse.scheduling.remind", queueing_lock="charthouse.scheduling.remind")
def remind_periodically(timestamp: int) -> None:
    """Send due reminders, every minute, none from a restored copy. ``timestamp``: when it was due, Unix seconds; not
    used."""
    if incarnations.may_send():
        reminder_delivery.send_due_reminders()
