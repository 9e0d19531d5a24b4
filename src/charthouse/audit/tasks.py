"""Sealing the audit, and sweeping what has been kept long enough."""

from procrastinate.contrib.django import app

from charthouse.audit import captured_bodies, seals


@app.periodic(cron="*/5 * * * *", periodic_id="seal_audit")
@app.task(name="charthouse.audit.seal", queueing_lock="charthouse.audit.seal")
def seal_periodically(timestamp: int) -> None:
    """Every five minutes. ``timestamp``: when it was due, Unix seconds; not used."""
    seals.seal()


@app.periodic(cron="40 * * * *", periodic_id="sweep_audit")
@app.task(name="charthouse.audit.sweep", queueing_lock="charthouse.audit.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Every hour. ``timestamp``: when it was due, Unix seconds; not used."""
    seals.sweep()
    captured_bodies.sweep()
