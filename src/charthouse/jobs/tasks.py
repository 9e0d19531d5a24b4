"""Deletion of expired jobs with their rows, and of the tokens of forms."""

from django.db.models import Exists, OuterRef
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.jobs import submissions
from charthouse.jobs.models import LIFETIME, Job, JobRows, Submission


@app.periodic(cron="*/10 * * * *", periodic_id="sweep_jobs")
@app.task(name="charthouse.jobs.sweep", queueing_lock="charthouse.jobs.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Delete expired jobs, every ten minutes. ``timestamp``: due time, Unix seconds; not used."""
    sweep()


def sweep() -> int:
    """Delete every expired job whose rows no other job reuses, practice by practice. Return their number."""
    tenancy.clear_tenant()
    practices = list(Practice.objects.values_list("pk", flat=True))
    return sum(_sweep_practice(practice) for practice in practices)


def _sweep_practice(practice: int) -> int:
    begun = clock.now() - LIFETIME
    with tenancy.within(practice):
        sent = Submission.objects.filter(
            practice=practice, created_at__lte=clock.now() - submissions.LIFETIME
        )
        sent._raw_delete(using="default")
        needed = Job.objects.filter(practice=practice, source=OuterRef("pk"), created_at__gt=begun)
        old = Job.objects.filter(~Exists(needed), practice=practice, created_at__lte=begun)
        keys = list(old.values_list("pk", flat=True))
        if not keys:
            return 0
        JobRows.objects.filter(practice=practice, job__in=keys)._raw_delete(using="default")
        Job.objects.filter(practice=practice, source__in=keys).exclude(pk__in=keys).update(source=None)
        return Job.objects.filter(practice=practice, pk__in=keys)._raw_delete(using="default")
