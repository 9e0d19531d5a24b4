"""Tasks that generate documents: requisitions of lab orders, and C-CDA in the background."""

from typing import Any

from procrastinate.contrib.django import app

from charthouse.domains.labs.models import LabOrder
from charthouse.identity import tenancy
from charthouse.interchange.ccda import jobs as ccda_jobs
from charthouse.interchange.requisitions import pdf
from charthouse.jobs import actions as jobs


def defer_requisition(sender: Any, order: LabOrder, **_: Any) -> None:
    """Defer the generation of the order's requisition, in its transaction (a receiver of ``order_sent``)."""
    make_requisition.defer(practice=order.practice_id, order=order.pk)


@app.task(name="charthouse.interchange.requisition")
def make_requisition(practice: int, order: int) -> None:
    """Generate the requisition of an order that has none. ``order``: its id."""
    with tenancy.within(practice):
        pdf.attach_requisition(practice, order)


@app.task(name=ccda_jobs.TASK, queue="lists")
def write_ccda(practice: int, job: int) -> None:
    """Generate a C-CDA document. ``job``: id of the Job."""
    with jobs.run_job(practice, job) as begun:
        if begun is not None:
            ccda_jobs.make_document(begun)
