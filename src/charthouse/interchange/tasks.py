"""What the worker makes: requisitions of orders that are sent."""

from typing import Any

from procrastinate.contrib.django import app

from charthouse.domains.labs.models import LabOrder
from charthouse.identity import tenancy
from charthouse.interchange.requisitions import pdf


def requisition_of(sender: Any, order: LabOrder, **_: Any) -> None:
    """Have the order's requisition made, once its transaction is committed."""
    requisition.defer(practice=order.practice_id, order=order.pk)


@app.task(name="charthouse.interchange.requisition")
def requisition(practice: int, order: int) -> None:
    """Typeset the requisition of an order that has none."""
    with tenancy.within(practice):
        pdf.attach(practice, order)
