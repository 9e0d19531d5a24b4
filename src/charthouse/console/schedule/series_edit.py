"""Editing an appointment of a series: that one, it and those that follow, or all that are still to come; undoing that;
deleting them.

docs/decisions/0373-editing-a-series.md
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request
from charthouse.domains.scheduling import reminders
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment, Reminder
from charthouse.engine.errors import Conflict, NotFound

ONE, FOLLOWING, ALL = "one", "following", "all"
SCOPES = (
    (ONE, "This appointment"),
    (FOLLOWING, "This and those that follow"),
    (ALL, "All that are still to come"),
)
SCOPES_OF_BLOCKS = (
    (ALL, "The whole block"),
    (ONE, "This day"),
    (FOLLOWING, "This day and those that follow"),
)
_OVER = ("Complete", *FREEING_STATUSES)
_SALT = "charthouse.console.edited-appointments"
_UNDO_FOR = 24 * 3600  # seconds


@dataclass(frozen=True)
class Edited:
    """An appointment that was edited: its values before and after, by key of the schedule. ``reminders``: ids of those
    that the edit added."""

    pk: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reminders: Sequence[int] = ()

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self.before != self.after or self.reminders)


def find_series(row: Appointment) -> int | None:
    """Find the first appointment of the row's series, or the first part of a block over several days; None for a single
    one."""
    if row.base_recurring_appointment_id or row.recurring_days:
        return row.base_recurring_appointment_id or row.pk
    parts = Appointment.objects.filter(
        practice=row.practice_id, base_recurring_appointment=row.pk, archived=False
    )
    return row.pk if row.patient_id is None and parts.exists() else None


def list_scopes(row: Appointment) -> tuple[tuple[str, str], ...]:
    """List to which appointments of the row's series something may apply; () for a single one."""
    if find_series(row) is None:
        return ()
    return SCOPES_OF_BLOCKS if row.patient_id is None else SCOPES


def read_scope(request: Request, row: Appointment) -> str:
    """Read to which appointments of the series the edit applies."""
    scope = request.POST.get("scope", ONE)
    return scope if scope in dict(SCOPES) and find_series(row) else ONE


def apply(request: Request, visit: int, payload: Mapping[str, Any], scope: str) -> list[Edited]:
    """Write the values to the appointment and the others of the scope; return what was edited. Within a transaction.

    A new time moves each by the same days and the same difference of the clock's time. What is over, cancelled or
    missed stays as it is. Raises Invalid, and Conflict that names the date.
    """
    row = appointments.annotate_wall_clock(Appointment.objects.filter(practice=request.actor.practice)).get(
        pk=visit
    )
    shift = None
    if "scheduled_time" in payload:
        shift = datetime.fromisoformat(str(payload["scheduled_time"])) - row.wall
    later = shift is not None and shift.total_seconds() > 0
    rows = [row, *_select_others(request, row, scope)]
    before = {one.pk: _read_values(one, payload) for one in rows}
    # Those that move into the time of another of the series come after it.
    for one in sorted(rows, key=lambda each: each.scheduled_time, reverse=later):
        values = dict(payload)
        if shift is not None:
            values["scheduled_time"] = (one.wall + shift).isoformat()
        _update(request, one, values, is_named=one.pk != visit)
    added = _list_reminders(request, before.keys()) if payload.get("reminder_profile") else {}
    return [
        Edited(one.pk, before[one.pk], _read_values(one, payload), added.get(one.pk, ()))
        for one in _select(request, before.keys())
    ]


def _list_reminders(request: Request, ids: Iterable[int]) -> dict[int, list[int]]:
    """List the reminders of appointments that were given a profile: none had any before."""
    rows = Reminder.objects.filter(practice=request.actor.practice, appointment__in=list(ids), archived=False)
    found: dict[int, list[int]] = {}
    for appointment, pk in rows.order_by("pk").values_list("appointment_id", "pk"):
        found.setdefault(appointment, []).append(pk)
    return found


def _update(request: Request, one: Any, values: Mapping[str, Any], *, is_named: bool) -> None:
    """Write values of one of several appointments. Raises Invalid, and Conflict that names its date if ``is_named``."""
    try:
        records.update(records.get_resource("schedule"), request.actor, one.pk, values)
    except Conflict as refusal:
        words = appointments.describe_refusal(request, refusal)
        raise Conflict(f"{_format_day(one)}: {words} Nothing was changed." if is_named else words) from None


def _format_day(one: Any) -> str:
    return f"{one.wall:%a %b} {one.wall.day}, {one.wall.year}"


def _read_values(one: Any, names: Iterable[str]) -> dict[str, Any]:
    """Read an appointment's values by key of the schedule, those that are stored."""
    of = records.get_resource("schedule")
    keys = [of.keys_by_name[name] for name in names if of.keys_by_name[name].is_stored]
    values = {key.name: getattr(one, key.attribute) for key in keys}
    return values | ({"scheduled_time": one.wall.isoformat()} if "scheduled_time" in values else {})


def _select(request: Request, ids: Iterable[int]) -> "QuerySet[Any]":
    """Select appointments by id, locked, with their local time."""
    locked = Appointment.objects.select_for_update(of=("self",)).filter(
        practice=request.actor.practice, pk__in=list(ids), archived=False
    )
    return appointments.annotate_wall_clock(locked).order_by("scheduled_time")


# -- undo ---------------------------------------------------------------------------------------------------------


def pack(edited: Iterable[Edited]) -> str:
    """Pack what was edited into a text that a form sends back to undo it."""
    rows = [(one.pk, one.before, one.after, one.reminders) for one in edited]
    return signing.dumps(rows, salt=_SALT, compress=True)


def undo(request: Request, packed: str) -> int:
    """Give appointments that were edited the values of before, all or none; return how many. Raises NotFound for a text
    that ``pack`` did not make within a day, Invalid, and Conflict where one was changed since or its time is taken."""
    try:
        found = {
            pk: Edited(pk, *values) for pk, *values in signing.loads(packed, salt=_SALT, max_age=_UNDO_FOR)
        }
    except signing.BadSignature:
        raise NotFound from None
    visible = records.select_rows(records.get_resource("schedule"), request.actor).filter(pk__in=found.keys())
    with transaction.atomic():
        rows = list(_select(request, visible.values_list("pk", flat=True)))
        if len(rows) < len(found):
            raise Conflict("One of these appointments was deleted since. Nothing was undone.")
        for one in rows:
            if _read_values(one, found[one.pk].after) != found[one.pk].after:
                raise Conflict(f"{_format_day(one)} was changed since. Nothing was undone.")
        later = any(_is_later(found[one.pk]) for one in rows)
        for one in reversed(rows) if later else rows:
            _update(request, one, found[one.pk].before, is_named=len(rows) > 1)
        added = [reminder for one in found.values() for reminder in one.reminders]
        reminders.withdraw_reminders(request.actor.practice, added)
    return len(rows)


def _is_later(one: Edited) -> bool:
    """Say whether undoing moves the appointment to a later time."""
    return str(one.before.get("scheduled_time", "")) > str(one.after.get("scheduled_time", ""))


# -- deletion -----------------------------------------------------------------------------------------------------


def delete(request: Request, visit: int, scope: str) -> int:
    """Delete an appointment and the others of the scope; return how many. Raises Forbidden, NotFound."""
    of = records.get_resource("schedule")
    with transaction.atomic():
        row = Appointment.objects.get(practice=request.actor.practice, pk=visit)
        ids = [visit, *_select_others(request, row, scope).values_list("pk", flat=True)]
        for pk in ids:
            records.delete(of, request.actor, pk)
    return len(ids)


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
    return _select(request, rows.exclude(pk=row.pk).exclude(status__in=_OVER).values_list("pk", flat=True))
