"""Periodic tasks: sealing the audit log, recording its anchors and deleting what is past its retention."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from charthouse.audit import anchors, captured_bodies, seals
from charthouse.identity import incarnations

RETRY = RetryStrategy(max_attempts=18, wait=600)


@app.periodic(cron="*/5 * * * *", periodic_id="seal_audit")
@app.task(name="charthouse.audit.seal", queueing_lock="charthouse.audit.seal")
def seal_periodically(timestamp: int) -> None:
    """Run ``seals.seal`` every five minutes. ``timestamp``: scheduled Unix time, unused."""
    seals.seal()


@app.periodic(cron="10 2 * * *", periodic_id="anchor_audit")
@app.task(name="charthouse.audit.anchor", queueing_lock="charthouse.audit.anchor", retry=RETRY)
def anchor_daily(timestamp: int) -> None:
    """Record the day's anchor, again every ten minutes where a place failed; none of a restored copy. ``timestamp``:
    scheduled Unix time, unused."""
    if incarnations.may_send("owner"):
        anchors.record()


@app.periodic(cron="40 * * * *", periodic_id="sweep_audit")
@app.task(name="charthouse.audit.sweep", queueing_lock="charthouse.audit.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Sweep every hour. ``timestamp``: scheduled Unix time, unused."""
    seals.sweep()
    captured_bodies.sweep()
