"""Whether a time can be booked. Callers wait for each other at the rows of the doctor and of the office, so that of
many who book one slot at the same time exactly one succeeds (docs/decisions/0030-what-overlaps.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION, Appointment
from charthouse.domains.scheduling.wall_clock import MOMENTS
from charthouse.engine.errors import Conflict
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter
from charthouse.engine.sql.statements import Statement

# Locks are taken in the order of the tables: doctor first. FOR NO KEY UPDATE lets others refer to them.
_LOCK_SLOT = statements.make_statement(
    "select z.timezone, r.id is not null and not o.archived, t.moments, t.shown "  # noqa: S608 - the module's own text
    "from practice_doctor d "
    "join practice_office o on o.practice_id = d.practice_id "
    "join practice_doctor z on z.practice_id = o.practice_id and z.id = o.doctor_id "
    "left join practice_examroom r on r.practice_id = o.practice_id and r.office_id = o.id "
    'and r."index" = %s::bigint and not r.archived '
    f"cross join lateral {MOMENTS.format(zone='z.timezone')} t "
    "where d.practice_id = %s::bigint and d.id = %s::bigint and o.id = %s::bigint "
    "for no key update of d, o",
    (
        Parameter("exam_room"),
        Parameter("walls"),
        Parameter("practice"),
        Parameter("doctor"),
        Parameter("office"),
    ),
)

_SIBLING = "a.xmin::text::bigint = pg_current_xact_id()::text::bigint % 4294967296"


def _find_overlap(wanted: str) -> Statement:
    """Compose the statement that finds the first overlap. ``wanted``: SQL of (start, until, earliest)."""
    return statements.make_statement(
        # Bounds are plain values: under row security only plain comparisons can use an index.
        # A row of this transaction is in the same list of the request; its id would mean nothing to the caller.
        f"""
        select found.id, found.sibling
        from {wanted} as wanted (start, until, earliest)
        cross join lateral (
            select a.id, {_SIBLING} as sibling from scheduling_appointment a
            where a.practice_id = %s::bigint and a.office_id = %s::bigint and a.exam_room = %s::bigint
                and a.scheduled_time > wanted.earliest and a.scheduled_time < wanted.until
                and a.scheduled_time + a.duration * interval '1 minute' > wanted.start
                and not a.archived and not a.is_virtual_base and a.status <> all(%s::text[]) and a.id <> %s::bigint
            union all
            select a.id, {_SIBLING} from scheduling_appointment a
            where a.practice_id = %s::bigint and a.doctor_id = %s::bigint
                and (%s::boolean or a.patient_id is null and (%s::boolean or a.profile_id is null))
                and a.scheduled_time > wanted.earliest and a.scheduled_time < wanted.until
                and a.scheduled_time + a.duration * interval '1 minute' > wanted.start
                and not a.archived and not a.is_virtual_base and a.status <> all(%s::text[]) and a.id <> %s::bigint
            order by 1 limit 1
        ) found
        order by wanted.start limit 1
        """,  # noqa: S608 - the module's own text
        (
            *map(
                Parameter,
                ("starts", "untils", "earliests", "practice", "office", "exam_room", "vacant", "itself"),
            ),
            *map(Parameter, ("practice", "doctor", "is_break", "typed", "vacant", "itself")),
        ),
    )


# PostgreSQL plans one time once for all bookings; arrays of an unknown number of times again for each, which costs it
# 340 µs instead of 55.
_OVERLAP_OF_ONE = _find_overlap("(values (%s::timestamptz, %s::timestamptz, %s::timestamptz))")
_OVERLAP_OF_MANY = _find_overlap("unnest(%s::timestamptz[], %s::timestamptz[], %s::timestamptz[])")


@dataclass(frozen=True)
class LockedSlot:
    """A doctor, office, exam room and times, locked. ``moments`` are the wall clocks that were asked for, in order;
    ``shown`` what a clock shows at them, which differs for times that a change of the clocks skips."""

    zone: str
    has_room: bool
    moments: list[datetime]
    shown: list[datetime]


def lock_slot(
    practice: int, doctor: int, office: int, exam_room: int, walls: Sequence[datetime]
) -> LockedSlot | None:
    """Lock doctor and office, in that order, until the end of the transaction. Returns None when one of them doesn't
    exist. ``walls``: naive, on the clock of the office."""
    values = {
        "practice": practice,
        "doctor": doctor,
        "office": office,
        "exam_room": exam_room,
        "walls": list(walls),
    }
    found = statements.run(_LOCK_SLOT, values)
    return LockedSlot(*found[0]) if found else None


@dataclass(frozen=True)
class Booking:
    """What of an appointment decides whether it overlaps with another."""

    doctor: int
    office: int
    exam_room: int
    start: datetime
    duration: int  # minutes
    is_break: bool
    takes_time: bool
    allow_overlapping: bool

    @classmethod
    def of(cls, row: Appointment) -> "Booking":
        return cls(
            row.doctor_id,
            row.office_id,
            row.exam_room,
            row.scheduled_time,
            row.duration,
            row.patient_id is None,
            takes_time(row.status, row.archived, row.is_virtual_base),
            row.allow_overlapping,
        )


def takes_time(status: str, archived: bool = False, is_virtual_base: bool = False) -> bool:
    """Return whether an appointment keeps others from its time."""
    return status not in FREEING_STATUSES and not archived and not is_virtual_base


def refuse_overlap(
    practice: int, booking: Booking, starts: Sequence[datetime], itself: int = 0, *, typed_breaks: bool = True
) -> None:
    """Raise Conflict when an appointment other than ``itself`` overlaps with the booking at one of these times.

    ``typed_breaks``: what has a type of visit but no patient is a break, as in DrChrono's API.
    """
    untils = [start + timedelta(minutes=booking.duration) for start in starts]
    earliests = [start - timedelta(minutes=MAX_DURATION) for start in starts]
    is_one = len(starts) == 1
    values = {
        "starts": starts[0] if is_one else list(starts),
        "untils": untils[0] if is_one else untils,
        "earliests": earliests[0] if is_one else earliests,
        "practice": practice,
        "office": booking.office,
        "doctor": booking.doctor,
        "exam_room": booking.exam_room or -1,  # appointments without a room don't compete for it
        "is_break": booking.is_break,
        "typed": typed_breaks,
        "vacant": list(FREEING_STATUSES),
        "itself": itself,
    }
    for other, sibling in statements.run(_OVERLAP_OF_ONE if is_one else _OVERLAP_OF_MANY, values):
        raise Conflict(f"Appointment overlaps with {'another one of this request' if sibling else other}")
