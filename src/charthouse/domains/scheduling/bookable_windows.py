"""The times at which providers can be booked by Cerbo's rules: one office each, as many overlaps as the type of visit
allows, a room where one is needed. Working hours and bookings are the same as for DrChrono's ``availability``.

PostgreSQL reads working hours and bookings; the rest is arithmetic on seconds since 1970, bounded by ``MAX_WINDOWS``
and ``MAX_CHECKS``. docs/decisions/0290-availability-of-cerbo.md
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from charthouse import clock
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION, AppointmentProfile
from charthouse.domains.scheduling.working_hours import AT_WORK
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter

MAX_WINDOWS = 50_000  # windows of one answer
MAX_CHECKS = 500_000  # times that are checked for one answer
_DAYS_AT_ONCE = 30  # days that are read in one statement
_FAR_FUTURE = 2**62

# When days begin, and the clock's offset from UTC in their evenings, in seconds.
_DAYS = statements.make_statement(
    "select extract(epoch from d.day at time zone %s::text)::bigint, "
    "extract(epoch from d.evening - d.evening at time zone %s::text at time zone 'UTC')::bigint "
    "from (select day, day + interval '23:59:59' as evening "
    "from generate_series(%s::timestamp, %s::timestamp, interval '1 day') as day) d order by d.day",
    (Parameter("zone"), Parameter("zone"), Parameter("first"), Parameter("after")),
)
# The office is the one that cerbo.booking books in.
_WORKING = statements.make_statement(
    f"""
    select doctor.id, office.id, extract(epoch from lower(span))::bigint, extract(epoch from upper(span))::bigint
    from practice_doctor doctor
    cross join lateral (
        select o.* from practice_office o where o.practice_id = %s::bigint and not o.archived
        order by o.doctor_id <> doctor.id, o.id limit 1
    ) as office
    join practice_doctor z on z.practice_id = office.practice_id and z.id = office.doctor_id
    {AT_WORK}
    where doctor.practice_id = %s::bigint and doctor.id = any(%s::bigint[]) and not doctor.archived
        and not doctor.is_account_suspended
    order by 1, 3
    """,  # noqa: S608 - text of this module
    tuple(map(Parameter, ("practice", "practice", "practice", "first", "last", "practice", "doctors"))),
    custom_plan=True,
)
_TAKEN = statements.make_statement(
    """
    select a.doctor_id, a.office_id, a.exam_room, a.patient_id is null,
        extract(epoch from a.scheduled_time)::bigint,
        extract(epoch from a.scheduled_time + a.duration * interval '1 minute')::bigint
    from scheduling_appointment a
    where a.practice_id = %s::bigint and a.scheduled_time >= %s::timestamptz and a.scheduled_time < %s::timestamptz
        and not a.archived and not a.is_virtual_base and a.status <> all(%s::text[])
        and (a.doctor_id = any(%s::bigint[]) or a.office_id = any(%s::bigint[]))
    """,
    tuple(map(Parameter, ("practice", "earliest", "latest", "vacant", "doctors", "offices"))),
    custom_plan=True,
)


@dataclass(frozen=True, slots=True)
class VisitType:
    """What of a type of visit matters to availability. ``length`` in seconds; ``video``: needs no room."""

    id: int
    length: int
    overlaps: int
    video: bool

    @classmethod
    def of(cls, profile: AppointmentProfile) -> "VisitType":
        overlaps = profile.number_of_overlaps_to_allow
        return cls(profile.pk, profile.duration * 60, overlaps, profile.telemedicine)


@dataclass(frozen=True, slots=True)
class Window:
    """A time that can be booked: ``free`` minutes from ``start``, seconds since 1970."""

    start: int
    free: int


@dataclass(slots=True)
class Spans:
    """The bookings of a doctor or a room, as their sorted beginnings and sorted ends."""

    begins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, begins: int, ends: int) -> None:
        self.begins.append(begins)
        self.ends.append(ends)

    def sort(self) -> None:
        self.begins.sort()
        self.ends.sort()

    def free_until(self, at: int, overlaps: int = 0) -> int:
        """Return until when a span that begins ``at`` meets no more than ``overlaps`` others; ``at`` itself where more
        are running."""
        begun = bisect_right(self.begins, at)
        there = begun - bisect_right(self.ends, at)
        if there > overlaps:
            return at
        following = begun + overlaps - there
        return self.begins[following] if following < len(self.begins) else _FAR_FUTURE

    def next_end(self, at: int) -> int:
        """Return when the first span ends after ``at``: a visit that can't begin at ``at`` can't begin before that."""
        index = bisect_right(self.ends, at)
        return self.ends[index] if index < len(self.ends) else _FAR_FUTURE


@dataclass(slots=True)
class Schedule:
    """Working hours and bookings of some days: ``spans`` of work and the office of each doctor, and bookings by doctor
    (``own``, of which ``breaks``) and by room."""

    spans: dict[int, list[tuple[int, int]]]
    office: dict[int, int]
    own: dict[int, Spans]
    breaks: dict[int, Spans]
    rooms: dict[int, list[Spans]]

    def windows(
        self, doctor: int, kind: VisitType, first: int, last: int, now: int
    ) -> "Iterator[Window | None]":
        """Yield the windows of a doctor that begin from ``first`` to before ``last`` and not before ``now``; None for
        each time that can't be booked."""
        own, breaks = self.own[doctor], self.breaks[doctor]
        rooms = [] if kind.video else self.rooms[self.office[doctor]] if doctor in self.office else []
        earliest = max(first, now)
        for begins, ends in self.spans.get(doctor, ()):
            if ends <= earliest or begins >= last:
                continue
            at = begins + -(-max(earliest - begins, 0) // kind.length) * kind.length
            while at < last and at + kind.length <= ends:
                until, again = _find_limits(at, kind, own, breaks, rooms)
                if until >= at + kind.length:
                    yield Window(at, min((min(until, ends) - at) // 60, MAX_DURATION))
                    at += kind.length
                else:
                    yield None
                    at += max(1, -(-(again - at) // kind.length)) * kind.length


def _find_limits(
    at: int, kind: VisitType, own: Spans, breaks: Spans, rooms: Sequence[Spans]
) -> tuple[int, int]:
    """Return until when a visit that begins ``at`` may last; and, where that is too short, before when no visit can
    begin."""
    until = own.free_until(at, kind.overlaps)
    if until < at + kind.length:
        return until, own.next_end(at)
    if kind.overlaps:
        until = min(until, breaks.free_until(at))
        if until < at + kind.length:
            return until, breaks.next_end(at)
    if (
        rooms and own.free_until(at) >= at + kind.length
    ):  # a visit that overlaps with another of the doctor needs no room
        free = max(room.free_until(at) for room in rooms)
        if free < at + kind.length:
            return free, min(room.next_end(at) for room in rooms)
        until = min(until, free)
    return until, at


@dataclass(slots=True)
class SearchResult:
    """``last``: the last day that was searched, None where one day alone exceeds the limits. ``offset``: seconds from
    UTC to the practice's clock. ``windows``: by doctor and type."""

    last: date | None
    offset: int
    windows: dict[tuple[int, int], list[Window]]


def find_windows(
    practice: int, zone: str, pairs: Iterable[tuple[int, VisitType]], first: date, last: date
) -> SearchResult:
    """Find the windows of doctors and types of visits from a day of ``zone`` to another, both included.

    The search stops before a day with another offset from UTC than the first day's, and before one that would exceed
    the limits.
    """
    wanted = list(pairs)
    days = statements.run(_DAYS, {"first": first, "after": last + timedelta(days=1), "zone": zone})
    offset = days[0][1]
    found: dict[tuple[int, int], list[Window]] = {(doctor, kind.id): [] for doctor, kind in wanted}
    now, count, checks = int(clock.now().timestamp()), 0, 0
    diary: Schedule | None = None
    for number, ((begins, of_evening), (ends, _)) in enumerate(pairwise(days)):
        day = first + timedelta(days=number)
        if of_evening != offset:
            return SearchResult(day - timedelta(days=1), offset, found)
        if number % _DAYS_AT_ONCE == 0:
            end = min(last, day + timedelta(days=_DAYS_AT_ONCE - 1))
            diary = read_schedule(practice, {doctor for doctor, _ in wanted}, day, end)
        assert diary is not None
        of_day = []
        for doctor, kind in wanted:
            for window in diary.windows(doctor, kind, begins, ends, now):
                checks += 1
                if window is not None:
                    of_day.append(((doctor, kind.id), window))
                    count += 1
                if count > MAX_WINDOWS or checks > MAX_CHECKS:
                    return SearchResult(day - timedelta(days=1) if number else None, offset, found)
        for key, window in of_day:
            found[key].append(window)
    return SearchResult(last, offset, found)


def read_schedule(practice: int, doctors: set[int], first: date, last: date) -> Schedule:
    """Read working hours and bookings of the doctors on these days, in three statements."""
    around: dict[str, Any] = {
        "practice": practice,
        "doctors": sorted(doctors),
        "first": first - timedelta(days=1),
        "last": last + timedelta(days=1),
        "earliest": first - timedelta(days=3),
        "latest": last + timedelta(days=3),
        "vacant": list(FREEING_STATUSES),
    }
    diary = Schedule({}, {}, defaultdict(Spans), defaultdict(Spans), defaultdict(list))
    for doctor, office, begins, ends in statements.run(_WORKING, around):
        diary.spans.setdefault(doctor, []).append((begins, ends))
        diary.office[doctor] = office
    offices = sorted(set(diary.office.values()))
    rooms = ExamRoom.objects.filter(practice=practice, office__in=offices, archived=False)
    used = {key: Spans() for key in rooms.order_by("office", "index").values_list("office_id", "index")}
    for doctor, office, room, is_break, begins, ends in statements.run(_TAKEN, around | {"offices": offices}):
        diary.own[doctor].add(begins, ends)
        if is_break:
            diary.breaks[doctor].add(begins, ends)
        if (office, room) in used:
            used[office, room].add(begins, ends)
    for (office, _), entries in used.items():
        diary.rooms[office].append(entries)
    for entries in (*diary.own.values(), *diary.breaks.values(), *used.values()):
        entries.sort()
    return diary
