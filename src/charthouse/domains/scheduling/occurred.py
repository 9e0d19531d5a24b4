"""The parameter ``occurred_since``: visits whose time has come. docs/decisions/0120-later-additions.md"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Func

from charthouse import clock
from charthouse.domains.scheduling.models import Appointment
from charthouse.resource import sql
from charthouse.resource.fields import Wrong
from charthouse.resource.filters import Filter
from charthouse.resource.sql import Slot
from charthouse.resource.times import parse_moment


class _AtLeast(Func):
    """Whether the wall clock of a moment shows this time or a later one."""

    template = "(%(expressions)s::timestamp)"
    arg_joiner = " >= "
    conditional = True
    output_field = models.BooleanField()


@dataclass(frozen=True, kw_only=True, eq=False)
class OccurredSince(Filter):
    """Scheduled at or after a day or a time on the wall clock of the office's doctor, up to now."""

    json_type = {"type": "string", "format": "timestamp"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        wall = parse_moment(text, naive=True)
        try:
            earliest = wall.replace(tzinfo=UTC) - timedelta(days=1)  # of any zone: UTC-12 to UTC+14
        except OverflowError:
            raise Wrong("Enter a valid date.") from None
        return {self.name: wall, f"{self.name}_from": earliest, f"{self.name}_now": clock.now()}

    def where(self) -> Q:
        # Bare bounds can use an index; the wall clock is exact.
        moment = models.DateTimeField()
        near = Q(
            scheduled_time__gte=Slot(f"{self.name}_from", moment),
            scheduled_time__lte=Slot(f"{self.name}_now", moment),
        )
        wall = sql.WallClock(F("scheduled_time"), F(Appointment.ZONE))
        return near & Q(_AtLeast(wall, Slot(self.name, models.TextField())))
