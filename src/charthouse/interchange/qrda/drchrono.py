"""The operation ``/api/patients/:id/qrda1`` of DrChrono's API. Source: seed page."""

from typing import Any
from zoneinfo import ZoneInfo

from charthouse import clock
from charthouse.domains.patients.drchrono.patients import ROW_FILTERS
from charthouse.domains.practice.models import Doctor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter, OnDay
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date
from charthouse.engine.errors import Invalid
from charthouse.interchange.cda.context import Window
from charthouse.interchange.qrda import document


def _respond(call: Call) -> Any:
    return document.render(call.row, parse_period(call))


def parse_period(call: Call) -> Window:
    """Return the reporting period: from ``start_date`` (default: January 1 of the year in which it ends) to
    ``end_date`` (default: today in the doctor's time zone). Raises Invalid if it ends before it begins."""
    first, last = call.parameters.get("start_date_first"), call.parameters.get("end_date_last")
    if last is None:
        zone = Doctor.objects.values_list("timezone", flat=True).get(
            practice=call.row.practice_id, pk=call.row.doctor_id
        )
        last = clock.now().astimezone(ZoneInfo(zone)).date()
    first = first or last.replace(month=1, day=1)
    if first > last:
        raise Invalid({"start_date": ["The period ends before it begins."]})
    return Window(first, last)


OPERATIONS = [
    Operation(
        path="patients/{id}/qrda1",
        doc="The chart for a reporting period, as a QRDA Category I report.",
        run=_respond,
        of="patients",
        policy=Policy(permissions=()),
        filters=(
            Filter(
                "start_date",
                Date(),
                OnDay(),
                doc="First day of the period. Default: January 1 of the last day's year.",
            ),
            Filter("end_date", Date(), OnDay(), doc="Last day of the period. Default: today."),
        ),
        row_filters=ROW_FILTERS,
        media="application/xml",
    ),
]
