"""Editing an appointment of a series: that one, it and those that follow, or all that are still to come.

docs/decisions/0373-editing-a-series.md
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.engine.errors import Conflict

ONE, FOLLOWING, ALL = "one", "following", "all"
SCOPES = (
    (ONE, "This appointment"),
    (FOLLOWING, "This and those that follow"),
    (ALL, "All that are still to come"),
)
_OVER = ("Complete", *FREEING_STATUSES)


def find_series(row: Appointment) -> int | None:
    """Find the first appointment of the row's series; None for a single one."""
    return row.base_recurring_appointment_id or (row.pk if row.recurring_days else None)


def read_scope(request: Request, row: Appointment) -> str:
    """Read to which appointments of the series the edit applies."""
    scope = request.POST.get("scope", ONE)
    return scope if scope in dict(SCOPES) and find_series(row) else ONE


def apply(request: Request, visit: int, payload: Mapping[str, Any], scope: str) -> int:
    """Write the values to the appointment and the others of the scope; return to how many. Within a transaction.

    A new time moves each by the same days and the same difference of the clock's time. What is over, cancelled or
    missed stays as it is. Raises Invalid, and Conflict that names the date.
    """
    of = records.get_resource("schedule")
    row = appointments.annotate_wall_clock(Appointment.objects.filter(practice=request.actor.practice)).get(
        pk=visit
    )
    shift = None
    if "scheduled_time" in payload:
        shift = datetime.fromisoformat(str(payload["scheduled_time"])) - row.wall
    later = shift is not None and shift.total_seconds() > 0
    rows = [row, *_select_others(request, row, scope)]
    # Those that move into the time of another of the series come after it.
    for one in sorted(rows, key=lambda each: each.scheduled_time, reverse=later):
        values = dict(payload)
        if shift is not None:
            values["scheduled_time"] = (one.wall + shift).isoformat()
        try:
            records.update(of, request.actor, one.pk, values)
        except Conflict as refusal:
            words = appointments.describe_refusal(request, refusal)
            day = f"{one.wall:%a %b} {one.wall.day}, {one.wall.year}"
            raise Conflict(words if one.pk == visit else f"{day}: {words} Nothing was changed.") from None
    return len(rows)


def _select_others(request: Request, row: Appointment, scope: str) -> "QuerySet[Any]":
    """Select the other appointments of the scope, locked."""
    visible = records.select_rows(records.get_resource("schedule"), request.actor)
    base = find_series(row)
    if scope == ONE or base is None:
        return visible.none()
    since = row.scheduled_time if scope == FOLLOWING else clock.now()
    rows = visible.filter(
        Q(pk=base) | Q(base_recurring_appointment=base), scheduled_time__gte=since, archived=False
    )
    ids = rows.exclude(pk=row.pk).exclude(status__in=_OVER).values("pk")
    locked = Appointment.objects.select_for_update(of=("self",)).filter(
        practice=request.actor.practice, pk__in=ids
    )
    return appointments.annotate_wall_clock(locked).order_by("scheduled_time")
