"""What the worker does for the dialects."""

from procrastinate.contrib.django import app

from charthouse.jobs import actions as jobs


@app.task(name="charthouse.dialects.gather_list", queue="lists")
def gather_list(practice: int, job: int) -> None:
    """Gather the ids of a bulk list. ``job``: the id of its Job."""
    from charthouse.gateway.drchrono.bulk_lists import LISTS
    from charthouse.gateway.drchrono.registry import registry

    registry()  # declarations are complete once it is built
    with jobs.work(practice, job) as begun:
        if begun is not None:
            LISTS[begun.kind].gather(begun)
