"""Days of service as SQL expressions: of a line item, and of its visit in the time zone of the office's doctor."""

from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.engine.sql import expressions as sql

# Time of the visit, and time zone of its office's doctor.
VISIT_TIME, VISIT_ZONE = "appointment__scheduled_time", "appointment__office__doctor__timezone"


def cast_date(wall_clock: Combinable) -> Combinable:
    """Return the date of a wall clock time."""
    return sql.template("(%s)::date", wall_clock, output_field=sql.DATE)


def select_service_day(item: str = "") -> Combinable:
    """Return the service date of a line item, or the day of its visit. ``item``: path to the line item."""
    return Coalesce(F(f"{item}service_date"), select_visit_day(item))


def select_visit_day(item: str = "") -> Combinable:
    """Return the day of the visit. ``item``: path to the row that has the visit."""
    return cast_date(sql.to_wall_clock(F(f"{item}{VISIT_TIME}"), F(f"{item}{VISIT_ZONE}")))
