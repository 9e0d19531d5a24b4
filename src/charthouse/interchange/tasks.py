"""What the worker makes: requisitions of orders that are sent, documents that somebody asks for later."""

from typing import Any

from procrastinate.contrib.django import app

from charthouse.domains.labs.models import LabOrder
from charthouse.identity import tenancy
from charthouse.interchange.ccda import jobs as ccda_jobs
from charthouse.interchange.requisitions import pdf
from charthouse.jobs import actions as jobs


def requisition_of(sender: Any, order: LabOrder, **_: Any) -> None:
    """Have the order's requisition made, once its transaction is committed."""
    requisition.defer(practice=order.practice_id, order=order.pk)


@app.task(name="charthouse.interchange.requisition")
def requisition(practice: int, order: int) -> None:
    """Typeset the requisition of an order that has none."""
    with tenancy.within(practice):
        pdf.attach(practice, order)


@app.task(name=ccda_jobs.TASK, queue="lists")
def write_ccda(practice: int, job: int) -> None:
    """Make a C-CDA. ``job``: the id of its Job."""
    with jobs.run_job(practice, job) as begun:
        if begun is not None:
            ccda_jobs.write(begun)
