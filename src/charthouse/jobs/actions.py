"""Operations on jobs: create, find and run. The work of a kind of job is a task of the worker, deferred together with
the job's row.
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
from charthouse.jobs.models import LIFETIME, RUN_TIMEOUT, Job, JobRows

MAX_RUNNING = 10  # unfinished jobs of an app
MAX_PER_HOUR = 1000  # jobs of an app an hour
RETRY_AFTER = 10  # seconds, for a caller with too many unfinished jobs


def create(
    actor: Actor,
    kind: str,
    request: Mapping[str, Any],
    options: Mapping[str, Any],
    start: Callable[[Job], None],
    *,
    source: Job | None = None,
) -> Job:
    """Create a job of the actor. ``start(job)`` defers its task in the same transaction. With ``source``, a complete
    job whose rows are reused, the job is complete at once. Raises Throttled when the app has too many jobs."""
    with transaction.atomic():
        _lock_app(actor)
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


def _lock_app(actor: Actor) -> None:
    with connection.cursor() as cursor:
        name = f"jobs {actor.practice} {actor.app}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _refuse_too_many(actor: Actor) -> None:
    now = clock.now()
    recent = Job.objects.filter(practice=actor.practice, app=actor.app, created_at__gt=now - LIFETIME)
    running = recent.filter(status=Job.Status.IN_PROGRESS, created_at__gt=now - RUN_TIMEOUT)
    if running.count() >= MAX_RUNNING:
        raise Throttled(RETRY_AFTER)
    if recent.count() >= MAX_PER_HOUR:
        oldest = recent.order_by("created_at").values_list("created_at", flat=True)[0]
        raise Throttled(max(1, int((oldest + LIFETIME - now).total_seconds())))


def find(actor: Actor, kind: str, uuid: str) -> Job | None:
    """Find a job of the actor's app and user by its uuid. None if there is none, or it has expired."""
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
            created_at__gt=clock.now() - LIFETIME,
        )
        .first()
    )


def find_reusable(actor: Actor, kind: str, request: Mapping[str, Any]) -> Job | None:
    """Find the actor's latest complete job with the same request and rows of its own."""
    return (
        Job.objects.filter(
            practice=actor.practice,
            app=actor.app,
            user=actor.user,
            kind=kind,
            request=request,
            source=None,
            status=Job.Status.COMPLETE,
            created_at__gt=clock.now() - LIFETIME,
        )
        .order_by("-created_at")
        .first()
    )


def list_row_ids(job: Job, first: int, last: int) -> list[int]:
    """List the row ids that a job has found, from index ``first`` to before ``last``, counted from 0."""
    chunk, job_id = JobRows.CHUNK, job.source_id or job.pk
    rows = JobRows.objects.filter(
        practice=job.practice_id, job=job_id, position__gte=first // chunk, position__lte=(last - 1) // chunk
    )
    found = [row_id for row in rows.order_by("position") for row_id in row.ids]
    skipped = first // chunk * chunk
    return found[first - skipped : last - skipped]


@contextmanager
def run_job(practice: int, job_id: int) -> Iterator[Job | None]:
    """Run a job in the worker: yield its locked row in one transaction within its practice, or None when the job is
    deleted or finished. The job is then complete; an exception marks it as failed and propagates."""
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
