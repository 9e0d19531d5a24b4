"""Periodic tasks: sealing the audit log and deleting what is past its retention."""

from procrastinate.contrib.django import app

from charthouse.audit import captured_bodies, seals


@app.periodic(cron="*/5 * * * *", periodic_id="seal_audit")
@app.task(name="charthouse.audit.seal", queueing_lock="charthouse.audit.seal")
def seal_periodically(timestamp: int) -> None:
    """Run ``seals.seal`` every five minutes. ``timestamp``: scheduled Unix time, unused."""
    seals.seal()


@app.periodic(cron="40 * * * *", periodic_id="sweep_audit")
@app.task(name="charthouse.audit.sweep", queueing_lock="charthouse.audit.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Sweep every hour. ``timestamp``: scheduled Unix time, unused."""
    seals.sweep()
    captured_bodies.sweep()
