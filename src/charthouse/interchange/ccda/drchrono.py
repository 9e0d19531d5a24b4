"""C-CDA as DrChrono shows it (seed page, ``/api/patients/:id/ccda``)."""

from datetime import timedelta
from typing import Any

from charthouse.domains.patients.drchrono import NARROWS
from charthouse.interchange.ccda import document
from charthouse.interchange.cda.subject import Window
from charthouse.resource.filters import DateIs, DateRange
from charthouse.resource.functions import Call, Function

XML = "application/xml"
ANY_LENGTH = timedelta.max.days

DAYS = (
    DateIs("date", doc="Only what belongs to this day of the doctor's calendar."),
    DateRange("date_range", max_days=ANY_LENGTH, doc="Only what belongs to these days, both included."),
)


def window(call: Call) -> Window:
    """The days asked for: those in both parameters, or all there are."""
    named = [name for name in ("date", "date_range") if f"{name}_first" in call.slots]
    if not named:
        return Window()
    first = max(call.slots[f"{name}_first"] for name in named)
    last = min(call.slots[f"{name}_last"] for name in named)
    return Window(first, last)


def _ccda(call: Call) -> Any:
    return document.of(call.row, window(call))


FUNCTIONS = [
    Function(
        path="patients/{id}/ccda",
        doc="The patient's chart as a C-CDA R2.1 Continuity of Care Document.",
        run=_ccda,
        of="patients",
        permissions=(),
        parameters=(
            DateIs("date", doc="Only what belongs to this day of the doctor's calendar."),
            DateRange(
                "date_range", max_days=ANY_LENGTH, doc="Only what belongs to these days, both included."
            ),
        ),
        narrows=NARROWS,
        media=XML,
    ),
]
