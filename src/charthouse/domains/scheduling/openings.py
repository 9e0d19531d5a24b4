"""When templates are free: a template's block of a day less what is booked in it, computed by PostgreSQL.

By default a doctor may be booked in several exam rooms at once, so that only what is in the template's own room, and
the doctor's breaks, are in the way; strictly, whatever the doctor has is. Facts: the seed's notes on ``available``,
``strict`` and ``open_slots``; docs/decisions/0030-what-overlaps.md.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Func

from charthouse.domains.scheduling.models import LONGEST, VACANT
from charthouse.resource import sql
from charthouse.resource.fields import Wrong
from charthouse.resource.filters import Flag
from charthouse.resource.sql import Slot
from charthouse.resource.times import parse_date

STRICT = Flag(
    "strict",
    doc="With available: whatever the doctor has is in the way, not only what is in the template's exam room.",
)

# One free block a row. Bounds of the search are compared bare, so that they reach the index under row security.
_FREE = f"""
    from (
        select ({{day}} + {{time}}) at time zone {{zone}} as start, {{duration}} * interval '1 minute' as length,
            {{needed}} * interval '1 minute' as needed, {{zone}} as zone
    ) block
    cross join lateral unnest(
        tstzmultirange(tstzrange(block.start, block.start + block.length)) - coalesce((
            select range_agg(tstzrange(a.scheduled_time, a.scheduled_time + a.duration * interval '1 minute'))
            from scheduling_appointment a
            where a.practice_id = {{practice}} and a.scheduled_time >= {{earliest}} and a.scheduled_time < {{latest}}
                and a.scheduled_time < block.start + block.length
                and a.scheduled_time > block.start - interval '{LONGEST} minutes'
                and not a.archived and not a.is_virtual_base and a.status <> all({{vacant}})
                and ((a.office_id = {{office}} and a.exam_room = {{exam_room}})
                    or (a.doctor_id = {{doctor}} and ({{strict}} or a.patient_id is null)))
        ), '{{{{}}}}')
    ) as free
    where upper(free) - lower(free) >= block.needed
"""  # noqa: S608 - the module's own text
_SHOWN = "to_char({} at time zone block.zone, 'HH24:MI:SS')"


class _Openings(Func):
    """Over a row of templates and the slots of ``read``. ``around`` is put around what comes from ``_FREE``."""

    around = ""

    def __init__(self) -> None:
        self.parts = {
            "day": Slot("available", models.DateField()),
            "earliest": Slot("available_from", models.DateTimeField()),
            "latest": Slot("available_to", models.DateTimeField()),
            "strict": Slot("available_strict", models.BooleanField()),
            "vacant": Slot("available_vacant", ArrayField(models.TextField())),
            "time": F("scheduled_time"),
            "duration": F("duration"),
            "needed": F("profile__duration"),
            "zone": F("office__doctor__timezone"),
            "practice": F("practice_id"),
            "office": F("office_id"),
            "exam_room": F("exam_room"),
            "doctor": F("profile__doctor_id"),
        }
        super().__init__(*self.parts.values())

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        """Parameters go in the order in which the text names them."""
        compiled = dict(zip(self.parts, map(compiler.compile, self.source_expressions), strict=True))
        params: list[Any] = []

        class Compiled(dict[str, str]):
            def __getitem__(self, name: str) -> str:
                text, own = compiled[name]
                params.extend(own)
                return text  # type: ignore[no-any-return]

        return self.around.replace("FREE", _FREE.format_map(Compiled())), params


class IsOpen(_Openings):
    """Whether there is a free block at least as long as the profile's visits."""

    around = "exists (select FREE)"
    conditional = True
    output_field = models.BooleanField()


class OpenSlots(_Openings):
    """The free blocks, as a list of ``start`` and ``end`` on the wall clock."""

    around = (
        f"coalesce((select json_agg(json_build_object('start', {_SHOWN.format('lower(free)')}, "
        f"'end', {_SHOWN.format('upper(free)')}) order by lower(free)) FREE), '[]'::json)"
    )
    output_field = models.JSONField()


def read(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Slots of ``?available=<day>``. Raises Wrong."""
    day = parse_date(text)
    try:
        first, last = (
            day - timedelta(days=3),
            day + timedelta(days=3),
        )  # a day's length and any zone around it
    except OverflowError:
        raise Wrong("Enter a valid date.") from None
    return {
        "available": day,
        "available_weekday": day.weekday(),
        "available_from": first,
        "available_to": last,
        "available_strict": "strict" in given and STRICT.on(given["strict"]),
        "available_vacant": list(VACANT),
    }


def condition() -> Q:
    """Templates that hold on the day and have an opening."""
    day = Slot("available", models.DateField())
    holds = Q(sql.IsAny(Slot("available_weekday", models.SmallIntegerField()), F("week_days")))
    holds &= Q(date_start__isnull=True) | Q(date_start__lte=day)
    holds &= Q(date_end__isnull=True) | Q(date_end__gte=day)
    return holds & Q(IsOpen())
