"""Jobs of the worker for the APIs."""

from procrastinate.contrib.django import app

from charthouse.gateway.drchrono.bulk_lists import LISTS, TASK
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.jobs import actions as jobs


@app.task(name=TASK, queue="lists")
def gather_list(practice: int, job: int) -> None:
    """Collect the ids of a bulk list. ``job``: the id of its Job."""
    get_registry()  # declarations are complete once it is built
    with jobs.run_job(practice, job) as begun:
        if begun is not None:
            LISTS[begun.kind].gather(begun)
