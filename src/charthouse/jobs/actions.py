"""Begin a job, look for it, end it. What it does is its kind's own: a task of the worker, deferred with the row.

May refuse: too many jobs of an app (Throttled).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from charthouse import clock
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Throttled
from charthouse.identity import tenancy
from charthouse.jobs.models import LIFE, LONGEST, Job, JobRows

MOST_RUNNING = 10  # jobs of an app at once
MOST = 1000  # jobs of an app an hour
SOON = 10  # seconds that a caller with too many running is told to wait


def begin(
    actor: Actor,
    kind: str,
    request: Mapping[str, Any],
    options: Mapping[str, Any],
    start: Callable[[Job], None],
    *,
    source: Job | None = None,
) -> Job:
    """A new job of the actor. ``start(job)`` defers its work, in the same transaction; with ``source``, a job that is
    complete, there is nothing to do. Raises Throttled."""
    with transaction.atomic():
        _one_at_a_time(actor)
        _refuse_too_many(actor)
        job = Job.objects.create(
            practice_id=actor.practice,
            kind=kind,
            app=actor.app,
            user_id=actor.required_user,
            doctor_id=actor.doctor,
            request=request,
            options=options,
            source=source,
            **({"status": Job.Status.COMPLETE, "count": source.count} if source else {}),
        )
        if source is None:
            start(job)
    return job


def _one_at_a_time(actor: Actor) -> None:
    with connection.cursor() as cursor:
        name = f"jobs {actor.practice} {actor.app}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _refuse_too_many(actor: Actor) -> None:
    now = clock.now()
    recent = Job.objects.filter(practice=actor.practice, app=actor.app, created_at__gt=now - LIFE)
    running = recent.filter(status=Job.Status.IN_PROGRESS, created_at__gt=now - LONGEST)
    if running.count() >= MOST_RUNNING:
        raise Throttled(SOON)
    if recent.count() >= MOST:
        oldest = recent.order_by("created_at").values_list("created_at", flat=True)[0]
        raise Throttled(max(1, int((oldest + LIFE - now).total_seconds())))


def find(actor: Actor, kind: str, uuid: str) -> Job | None:
    """The actor's own job, of this app and person, unless it is forgotten."""
    try:
        wanted = UUID(uuid)
    except ValueError:
        return None
    return (
        Job.objects.select_related("source")
        .filter(
            practice=actor.practice,
            app=actor.app,
            user=actor.user,
            kind=kind,
            uuid=wanted,
            created_at__gt=clock.now() - LIFE,
        )
        .first()
    )


def like(actor: Actor, kind: str, request: Mapping[str, Any]) -> Job | None:
    """The actor's last complete job with rows of its own that was asked for the same."""
    return (
        Job.objects.filter(
            practice=actor.practice,
            app=actor.app,
            user=actor.user,
            kind=kind,
            request=request,
            source=None,
            status=Job.Status.COMPLETE,
            created_at__gt=clock.now() - LIFE,
        )
        .order_by("-created_at")
        .first()
    )


def ids(job: Job, first: int, last: int) -> list[int]:
    """The ids that a job has found, from place ``first`` up to, without, ``last``; places count from 0."""
    chunk, job_id = JobRows.CHUNK, job.source_id or job.pk
    rows = JobRows.objects.filter(
        practice=job.practice_id, job=job_id, position__gte=first // chunk, position__lte=(last - 1) // chunk
    )
    found = [row_id for row in rows.order_by("position") for row_id in row.ids]
    skipped = first // chunk * chunk
    return found[first - skipped : last - skipped]


@contextmanager
def work(practice: int, job_id: int) -> Iterator[Job | None]:
    """A block of the worker in which a job is done: locked, in one transaction, within its practice. None when
    it isn't there any more, or has been done. An error fails the job, and goes on to the worker's log."""
    with tenancy.within(practice):
        try:
            with transaction.atomic():
                waiting = Job.objects.select_for_update(of=("self",)).filter(
                    practice=practice, pk=job_id, status=Job.Status.IN_PROGRESS
                )
                job = waiting.first()
                yield job
                if job is not None:
                    job.status = Job.Status.COMPLETE
                    job.save(update_fields=["status", "count", "file", "updated_at"])
        except Exception:
            Job.objects.filter(practice=practice, pk=job_id).update(
                status=Job.Status.FAILED, updated_at=clock.now()
            )
            raise
