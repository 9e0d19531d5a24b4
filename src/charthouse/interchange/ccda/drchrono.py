"""The operation ``/api/patients/:id/ccda`` of DrChrono's API. Source: seed page."""

from datetime import timedelta
from typing import Any

from charthouse.domains.patients.drchrono.patients import ROW_FILTERS
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date
from charthouse.interchange.ccda import document
from charthouse.interchange.cda.context import Window

XML_MEDIA_TYPE = "application/xml"
ANY_LENGTH = timedelta.max.days

DATE_FILTERS = (
    Filter("date", Date(), OnDay(), doc="Only entries from this day of the doctor's calendar."),
    Filter(
        "date_range",
        Date(),
        InDays(max_days=ANY_LENGTH),
        doc="Only entries from these days, inclusive.",
    ),
)


def parse_window(call: Call) -> Window:
    """Return the requested dates: the intersection of both parameters, unbounded without any."""
    named = [name for name in ("date", "date_range") if f"{name}_first" in call.parameters]
    if not named:
        return Window()
    first = max(call.parameters[f"{name}_first"] for name in named)
    last = min(call.parameters[f"{name}_last"] for name in named)
    return Window(first, last)


def _respond(call: Call) -> Any:
    return document.render(call.row, parse_window(call))


OPERATIONS = [
    Operation(
        path="patients/{id}/ccda",
        doc="The patient's chart as a C-CDA R2.1 Continuity of Care Document.",
        run=_respond,
        of="patients",
        policy=Policy(permissions=()),
        filters=(
            Filter("date", Date(), OnDay(), doc="Only entries from this day of the doctor's calendar."),
            Filter(
                "date_range",
                Date(),
                InDays(max_days=ANY_LENGTH),
                doc="Only entries from these days, inclusive.",
            ),
        ),
        row_filters=ROW_FILTERS,
        media=XML_MEDIA_TYPE,
    ),
]
