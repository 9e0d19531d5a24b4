"""When a doctor can be booked in an office: working hours of both, less what the doctor has, where a room is free.

PostgreSQL computes it in one statement. What the hosted API publishes are the parameters alone: what they mean is
docs/decisions/0123-availability.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from charthouse import clock
from charthouse.domains.scheduling.hours import AT_WORK
from charthouse.domains.scheduling.models import LONGEST, VACANT
from charthouse.resource import plan, run
from charthouse.resource.errors import Invalid, Malformed
from charthouse.resource.fields import READ_ONLY, Integer, ListOf, Ref, Text, Wrong
from charthouse.resource.filters import DateIs, DateRange, Filter, RefIs
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.sql import Hole
from charthouse.resource.times import Timestamp

MOST_DAYS = 31
MOST = 5000  # slots of one answer
USUAL = 30  # minutes

# The limit is inside: when there are too many it is not worth the while to find and sort them all.
# Bounds of the search for appointments are compared bare, so that they reach the index under row security.
_STATEMENT = plan.statement(
    f"""
    with taken as materialized (
        select a.doctor_id, a.office_id, a.exam_room,
            tstzrange(a.scheduled_time, a.scheduled_time + a.duration * interval '1 minute') as span
        from scheduling_appointment a
        where a.practice_id = %s::bigint and a.scheduled_time >= %s::timestamptz and a.scheduled_time < %s::timestamptz
            and not a.archived and not a.is_virtual_base and a.status <> all(%s::text[])
    ),
    busy as materialized (select doctor_id, range_agg(span) as spans from taken group by 1),
    used as materialized (select office_id, exam_room, range_agg(span) as spans from taken group by 1, 2)
    select doctor, office, free, begins, ends from (
    select doctor.id as doctor, office.id as office, rooms.free,
        to_char(slot.start at time zone z.timezone, 'YYYY-MM-DD"T"HH24:MI:SS') as begins,
        to_char(slot.until at time zone z.timezone, 'YYYY-MM-DD"T"HH24:MI:SS') as ends, slot.start
    from practice_doctor doctor
    join practice_office office on office.practice_id = doctor.practice_id
    join practice_doctor z on z.practice_id = office.practice_id and z.id = office.doctor_id
    left join busy on busy.doctor_id = doctor.id
    {AT_WORK}
    cross join lateral (
        select start, start + %s::bigint * interval '1 minute' as until
        from generate_series(
            lower(span), upper(span) - %s::bigint * interval '1 minute', %s::bigint * interval '1 minute'
        ) as start
    ) as slot
    cross join lateral (
        select array_agg(r."index" order by r."index") as free
        from practice_examroom r
        left join used on used.office_id = r.office_id and used.exam_room = r."index"
        where r.practice_id = office.practice_id and r.office_id = office.id and not r.archived
            and not coalesce(used.spans && tstzrange(slot.start, slot.until), false)
    ) as rooms
    where doctor.practice_id = %s::bigint and not doctor.archived and not doctor.is_account_suspended
        and not office.archived and (%s::bigint is null or doctor.id = %s::bigint)
        and (%s::bigint is null or office.id = %s::bigint) and slot.start >= %s::timestamptz
        and not coalesce(busy.spans && tstzrange(slot.start, slot.until), false) and rooms.free is not null
    limit %s::bigint
    ) as found
    order by start, doctor, office
    """,  # noqa: S608 - the module's own text
    tuple(
        map(
            Hole,
            (
                *("practice", "earliest", "latest", "vacant", "practice", "practice", "first", "last"),
                *("duration", "duration", "duration", "practice", "doctor", "doctor", "office", "office"),
                *("now", "most"),
            ),
        )
    ),
    anew=True,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Minutes(Filter):
    """The length of a slot."""

    json_type = {"type": "integer", "minimum": 5, "maximum": LONGEST, "default": USUAL}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: Integer(self.name, minimum=5, maximum=LONGEST).parse(text)}


@dataclass(frozen=True, kw_only=True, eq=False)
class FewDays(DateRange):
    """At most ``MOST_DAYS``, in the past as well."""

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        values = super().parse(text, given)
        if (values[f"{self.name}_last"] - values[f"{self.name}_first"]).days >= MOST_DAYS:
            raise Wrong(f"The range may not be longer than {MOST_DAYS} days.")
        return values


def available(call: Call) -> dict[str, Any]:
    """The slots of a call. Raises Malformed when there are too many, Invalid at the ends of the calendar."""
    slots, actor = call.slots, call.actor
    by = "date_range" if "date_range" in call.given else "date"
    first, last = slots[f"{by}_first"], slots[f"{by}_last"]
    doctor = slots.get("doctor")
    if "share_patients" not in actor.shared:  # others' calendars are not the caller's to see
        if actor.doctor is None or doctor not in (None, actor.doctor):
            return _answer([])
        doctor = actor.doctor
    values = {
        "practice": actor.practice,
        "first": first,
        "last": last,
        **_around(by, first, last),
        "vacant": list(VACANT),
        "duration": slots.get("duration", USUAL),
        "doctor": doctor,
        "office": slots.get("office"),
        "now": clock.now(),
        "most": MOST + 1,
    }
    found = run.rows(_STATEMENT, values)
    if len(found) > MOST:
        raise Malformed(f"More than {MOST} slots: ask for fewer days, or for one doctor or office.")
    return _answer([dict(zip(_KEYS, row, strict=True)) for row in found])


def _around(by: str, first: date, last: date) -> dict[str, date]:
    """Days around these, whatever the zone, in which an appointment begins that reaches into them. Raises Invalid."""
    try:
        return {"earliest": first - timedelta(days=3), "latest": last + timedelta(days=3)}
    except OverflowError:
        raise Invalid({by: ["Enter a valid date."]}) from None


def _answer(slots: list[dict[str, Any]]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": slots}


_KEYS = ("doctor", "office", "exam_rooms", "start_time", "end_time")
_SLOT = (
    Ref("doctor", READ_ONLY, to="doctors"),
    Ref("office", READ_ONLY, to="offices"),
    ListOf("exam_rooms", READ_ONLY, item=Integer("exam_room"), doc="Indexes of rooms that are free."),
    Timestamp("start_time", READ_ONLY, doc="Wall clock of the office's doctor."),
    Timestamp("end_time", READ_ONLY),
)

availability = Function(
    path="availability",
    doc="When doctors can be booked: hours of doctor and office, less what the doctor has, where a room is free.",
    run=available,
    scopes=("calendar",),
    permissions=("Access Scheduling",),
    parameters=(
        RefIs("office", to="offices"),
        RefIs("doctor", to="doctors"),
        DateIs("date"),
        FewDays("date_range", doc=f"At most {MOST_DAYS} days."),
        Minutes("duration", doc=f"Minutes of a slot, 5 to {LONGEST}; default {USUAL}."),
    ),
    one_of=(("date", "date_range"),),
    answers=(
        Text("next", READ_ONLY, doc="Null: all slots are in one answer."),
        Text("previous", READ_ONLY, doc="Null."),
        Embedded(
            "results", READ_ONLY, many=True, nullable=False, fields=_SLOT, doc="By time, doctor, office."
        ),
    ),
    example={
        "next": None,
        "previous": None,
        "results": [
            {
                "doctor": 1,
                "office": 2,
                "exam_rooms": [1, 3],
                "start_time": "2026-03-02T09:30:00",
                "end_time": "2026-03-02T10:00:00",
            }
        ],
    },
    addition=True,
)
