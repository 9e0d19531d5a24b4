"""Periodic tasks: sweeping, and running jobs again whose worker was killed or lost its database."""

import logging

from procrastinate import exceptions
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status
from procrastinate.utils import utcnow

from charthouse.retention import sweeping

logger = logging.getLogger("charthouse.retention")


@app.periodic(cron="*/10 * * * *", periodic_id="sweep_retention")
@app.task(name="charthouse.retention.sweep", queueing_lock="charthouse.retention.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Run ``sweeping.sweep`` every ten minutes. ``timestamp``: due time, Unix seconds; not used."""
    sweeping.sweep()


@app.periodic(cron="* * * * *", periodic_id="retry_interrupted")
@app.task(
    name="charthouse.retention.retry_interrupted",
    queueing_lock="charthouse.retention.retry_interrupted",
    pass_context=True,
)
async def retry_interrupted(context: JobContext, timestamp: int) -> None:
    """Run jobs again whose worker no longer answers, every minute: every task may be run twice. ``timestamp``: due
    time, Unix seconds; not used."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        try:
            await manager.retry_job(job, retry_at=utcnow())
        except exceptions.AlreadyEnqueued:  # a periodic task that is due again anyway
            await manager.finish_job(job, Status.FAILED, delete_job=False)
        except exceptions.ConnectorException as error:
            logger.error("job %s can't be run again: %s", job.id, type(error).__name__)
