"""The free times of appointment templates: a template's block on a day less what is booked in it, computed by
PostgreSQL.

By default a doctor may be booked in several exam rooms at once, so that only bookings of the template's own room and
the doctor's breaks count; with ``strict`` all bookings of the doctor count. Source: the reference on ``available``,
``strict`` and ``open_slots``; docs/decisions/0030-what-overlaps.md.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

STRICT = Flag(
    "strict",
    doc=(
        "With available: all of the doctor's appointments block time, not only those in the "
        "template's exam room."
    ),
)

# One free block a row. Bounds are plain comparisons, so that they can use an index under row security.
_FREE_BLOCKS = f"""
    from (
        select (%(day)s + %(time)s) at time zone %(zone)s as start, %(duration)s * interval '1 minute' as length,
            %(needed)s * interval '1 minute' as needed, %(zone)s as zone
    ) block
    cross join lateral unnest(
        tstzmultirange(tstzrange(block.start, block.start + block.length)) - coalesce((
            select range_agg(tstzrange(a.scheduled_time, a.scheduled_time + a.duration * interval '1 minute'))
            from scheduling_appointment a
            where a.practice_id = %(practice)s and a.scheduled_time >= %(earliest)s and a.scheduled_time < %(latest)s
                and a.scheduled_time < block.start + block.length
                and a.scheduled_time > block.start - interval '{MAX_DURATION} minutes'
                and not a.archived and not a.is_virtual_base and a.status <> all(%(vacant)s)
                and ((a.office_id = %(office)s and a.exam_room = %(exam_room)s)
                    or (a.doctor_id = %(doctor)s and (%(strict)s or a.patient_id is null)))
        ), '{{}}')
    ) as free
    where upper(free) - lower(free) >= block.needed
"""  # noqa: S608 - the module's own text
_FORMATTED = "to_char({} at time zone block.zone, 'HH24:MI:SS')"
_SLOT_LIST = (
    f"coalesce((select json_agg(json_build_object('start', {_FORMATTED.format('lower(free)')}, "
    f"'end', {_FORMATTED.format('upper(free)')}) order by lower(free)) {_FREE_BLOCKS}), '[]'::json)"
)


def _compose(text: str, output_field: Any) -> Combinable:
    """Compose an expression over a row of templates and the parameters of ``read_available``."""
    return sql.named_template(
        text,
        day=BoundParameter("available", sql.DATE),
        earliest=BoundParameter("available_from", sql.TIMESTAMP),
        latest=BoundParameter("available_to", sql.TIMESTAMP),
        strict=BoundParameter("available_strict", sql.BOOLEAN),
        vacant=BoundParameter("available_vacant", ArrayField(models.TextField())),
        time=F("scheduled_time"),
        duration=F("duration"),
        needed=F("profile__duration"),
        zone=F("office__doctor__timezone"),
        practice=F("practice_id"),
        office=F("office_id"),
        exam_room=F("exam_room"),
        doctor=F("profile__doctor_id"),
        output_field=output_field,
    )


def _has_opening() -> Combinable:
    """Test whether there is a free block at least as long as the profile's visits."""
    return _compose(f"exists (select {_FREE_BLOCKS})", sql.BOOLEAN)


def select_open_slots() -> Combinable:
    """Select the free blocks, as a list of ``start`` and ``end`` on the wall clock."""
    return _compose(_SLOT_LIST, sql.JSON)


def read_available(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Read the parameters of ``?available=<day>``. Raises InvalidValue."""
    day = parse_date(text)
    try:
        first, last = (
            day - timedelta(days=3),
            day + timedelta(days=3),
        )  # the length of an appointment, and any zone
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None
    return {
        "available": day,
        "available_weekday": day.weekday(),
        "available_from": first,
        "available_to": last,
        "available_strict": "strict" in given and STRICT.is_on(given["strict"]),
        "available_vacant": list(FREEING_STATUSES),
    }


def match_available() -> Q:
    """Match templates that apply on the day and have an opening."""
    day = BoundParameter("available", models.DateField())
    holds = Q(sql.is_any(BoundParameter("available_weekday", models.SmallIntegerField()), F("week_days")))
    holds &= Q(date_start__isnull=True) | Q(date_start__lte=day)
    holds &= Q(date_end__isnull=True) | Q(date_end__gte=day)
    return holds & Q(_has_opening())
