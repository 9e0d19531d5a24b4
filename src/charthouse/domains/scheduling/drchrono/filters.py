"""Filters that several resources of scheduling have. docs/decisions/0120-later-additions.md"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from django.db.models import F, Q

from charthouse import clock
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.filters import Condition, Filter, Flag
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Visibility
from charthouse.engine.declaration.times import parse_timestamp
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter


def _read_occurred_since(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    wall = parse_timestamp(text, naive=True)
    try:
        earliest = wall.replace(tzinfo=UTC) - timedelta(days=1)  # of any zone: UTC-12 to UTC+14
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None
    return {"occurred_since": wall, "occurred_since_from": earliest, "occurred_since_now": clock.now()}


def _match_occurred_since() -> Q:
    """Match appointments at or after a day or time on the wall clock of the office's doctor, up to now."""
    # Plain bounds can use an index; the comparison of wall clocks is exact.
    near = Q(
        scheduled_time__gte=BoundParameter("occurred_since_from", sql.TIMESTAMP),
        scheduled_time__lte=BoundParameter("occurred_since_now", sql.TIMESTAMP),
    )
    wall = sql.to_wall_clock(F("scheduled_time"), F(Appointment.ZONE))
    since = BoundParameter("occurred_since", sql.TEXT)
    return near & Q(sql.template("(%s >= %s::timestamp)", wall, since, output_field=sql.BOOLEAN))


OCCURRED_SINCE = Condition(
    "occurred_since",
    read=_read_occurred_since,
    condition=_match_occurred_since,
    described={"type": "string", "format": "timestamp"},
    replan=True,
    addition=True,
    doc="Scheduled between this time and now.",
)


HIDE_ARCHIVED = Visibility(Q(archived=True), shown_by="show_archived")


SHOW_ARCHIVED = Flag("show_archived", doc="Includes archived rows.")


def make_doctor_filter(path: str = "doctor") -> Filter:
    """Make the filter by doctor. ``path``: lookup path of the doctor."""
    return Filter("doctor", Reference("doctors"), source=path, doc="Only rows of this doctor.")
