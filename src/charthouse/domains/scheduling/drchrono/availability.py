"""When a doctor can be booked in an office: working hours of both, less the doctor's bookings, where a room is free.

PostgreSQL computes it in one statement. The hosted API publishes only the parameters; their meaning is defined in
docs/decisions/0123-availability.md.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from charthouse import clock
from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION
from charthouse.domains.scheduling.working_hours import AT_WORK
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue
from charthouse.engine.errors import Invalid, Malformed
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter

MAX_DAYS = 31
MAX_SLOTS = 5000  # slots of one answer
DEFAULT_DURATION = 30  # minutes

# The limit is in the inner query, so that too many slots are neither all found nor sorted.
# Bounds are plain comparisons, so that they can use an index under row security.
_STATEMENT = statements.make_statement(
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
            Parameter,
            (
                *("practice", "earliest", "latest", "vacant", "practice", "practice", "first", "last"),
                *("duration", "duration", "duration", "practice", "doctor", "doctor", "office", "office"),
                *("now", "most"),
            ),
        )
    ),
    custom_plan=True,
)


def _read_duration(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"duration": Integer(minimum=5, maximum=MAX_DURATION).parse(text)}


def _read_date_range(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read a range of at most ``MAX_DAYS``, in the past as well. Raises InvalidValue."""
    values = InDays().parse(Date(), "date_range", text)
    if (values["date_range_last"] - values["date_range_first"]).days >= MAX_DAYS:
        raise InvalidValue(f"The range may not be longer than {MAX_DAYS} days.")
    return values


def list_slots(call: Call) -> dict[str, Any]:
    """List the slots of a call. Raises Malformed when there are too many, Invalid at the ends of the calendar."""
    slots, actor = call.parameters, call.actor
    by = "date_range" if "date_range" in call.given else "date"
    first, last = slots[f"{by}_first"], slots[f"{by}_last"]
    doctor = slots.get("doctor")
    if "share_patients" not in actor.shared:  # the caller sees only their own doctor's calendar
        if actor.doctor is None or doctor not in (None, actor.doctor):
            return _make_answer([])
        doctor = actor.doctor
    values = {
        "practice": actor.practice,
        "first": first,
        "last": last,
        **_pad_days(by, first, last),
        "vacant": list(FREEING_STATUSES),
        "duration": slots.get("duration", DEFAULT_DURATION),
        "doctor": doctor,
        "office": slots.get("office"),
        "now": clock.now(),
        "most": MAX_SLOTS + 1,
    }
    found = statements.run(_STATEMENT, values)
    if len(found) > MAX_SLOTS:
        raise Malformed(f"More than {MAX_SLOTS} slots: ask for fewer days, or for one doctor or office.")
    return _make_answer([dict(zip(_KEYS, row, strict=True)) for row in found])


def _pad_days(by: str, first: date, last: date) -> dict[str, date]:
    """Return the days within which an appointment begins that may reach into these, in any zone. Raises Invalid."""
    try:
        return {"earliest": first - timedelta(days=3), "latest": last + timedelta(days=3)}
    except OverflowError:
        raise Invalid({by: ["Enter a valid date."]}) from None


def _make_answer(slots: list[dict[str, Any]]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": slots}


_KEYS = ("doctor", "office", "exam_rooms", "start_time", "end_time")
_SLOT = (
    Key("doctor", Reference("doctors"), READ_ONLY),
    Key("office", Reference("offices"), READ_ONLY),
    Key("exam_rooms", List(Integer()), READ_ONLY, doc="Indexes of free rooms."),
    Key("start_time", Timestamp(), READ_ONLY, doc="Local time of the office's doctor."),
    Key("end_time", Timestamp(), READ_ONLY),
)

availability = Operation(
    path="availability",
    doc=(
        "Times when doctors can be booked: hours of the doctor and office, minus existing "
        "appointments, if a room is free."
    ),
    run=list_slots,
    policy=Policy(scopes=("calendar",), permissions=("Access Scheduling",)),
    filters=(
        Filter("office", Reference("offices")),
        Filter("doctor", Reference("doctors")),
        Filter("date", Date(), OnDay()),
        Condition(
            "date_range",
            read=_read_date_range,
            described={"type": "string", "format": "date-range"},
            doc=f"At most {MAX_DAYS} days.",
        ),
        Condition(
            "duration",
            read=_read_duration,
            described={"type": "integer", "minimum": 5, "maximum": MAX_DURATION, "default": DEFAULT_DURATION},
            doc=f"Minutes of a slot, 5 to {MAX_DURATION}; default {DEFAULT_DURATION}.",
        ),
    ),
    one_of=(("date", "date_range"),),
    answer=(
        Key("next", Text(), READ_ONLY, doc="Always null: all slots are in one response."),
        Key("previous", Text(), READ_ONLY, doc="Null."),
        Key("results", List(Object(_SLOT)), READ_ONLY, nullable=False, doc="Sorted by time, doctor, office."),
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

OPERATIONS = [availability]
