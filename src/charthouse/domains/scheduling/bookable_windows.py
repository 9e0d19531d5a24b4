"""The spans in which providers can be booked by Cerbo's rules: one office each, as many overlaps as the type of visit
allows, a room where one is needed. Working hours and bookings are the same as for DrChrono's ``availability``.

PostgreSQL reads working hours and bookings; the rest is arithmetic on seconds since 1970, bounded by ``MAX_WINDOWS``
and ``MAX_CHECKS``. docs/decisions/0290-availability-of-cerbo.md
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import FREEING_STATUSES, AppointmentProfile
from charthouse.domains.scheduling.timeline import Interval, Timeline, find_maximal, subtract, union
from charthouse.domains.scheduling.working_hours import AT_WORK
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter

MAX_WINDOWS = 50_000  # windows of one answer
MAX_CHECKS = 500_000  # intervals that are compared for one answer
_DAYS_AT_ONCE = 30  # days that are read in one statement

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
    select a.doctor_id, a.office_id, a.exam_room, a.patient_id is null and a.profile_id is null,
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


@dataclass(slots=True)
class Schedule:
    """Working hours and bookings of some days: ``spans`` of work and the office of each doctor, and bookings by doctor
    (``own``, of which ``breaks``) and by room. ``compared``: the number of intervals that were looked at so far."""

    spans: dict[int, list[Interval]]
    office: dict[int, int]
    own: dict[int, Timeline]
    breaks: dict[int, Timeline]
    rooms: dict[int, list[Timeline]]
    compared: int = 0

    def find_free(self, doctor: int, overlaps: int, video: bool, first: int, last: int) -> list[Interval]:
        """Find the maximal spans within the doctor's hours in any part of which a visit can be booked that lets so many
        others overlap. Only of hours that touch the time from ``first`` to ``last``."""
        found: list[Interval] = []
        for work in self.spans.get(doctor, ()):
            if work[1] > first and work[0] < last:
                found += self._find_free_in(work, doctor, overlaps, video)
        return found

    def _find_free_in(self, work: Interval, doctor: int, overlaps: int, video: bool) -> list[Interval]:
        own = self.own[doctor]
        taken = own.list_busy(work, overlaps)
        if overlaps:
            taken = union(taken, self.breaks[doctor].list_busy(work))
        free = subtract([work], taken)
        self.compared += 1 + len(taken)
        rooms = [] if video else self.rooms[self.office[doctor]]
        if not rooms:
            return free
        shared = (
            own.list_busy(work) if overlaps else []
        )  # who overlaps with another visit of theirs needs no room
        found: list[Interval] = []
        for room in rooms:
            used = room.list_busy(work)
            self.compared += 1 + len(used) + len(shared)
            found += subtract(free, subtract(used, shared))
        return find_maximal(found)


@dataclass(slots=True)
class SearchResult:
    """``last``: the last day that was searched, None where one day alone exceeds the limits. ``offset``: seconds from
    UTC to the practice's clock on the first day. ``windows``: by doctor and type, in seconds since 1970."""

    last: date | None
    offset: int
    windows: dict[tuple[int, int], list[Interval]]


def find_windows(
    practice: int, zone: str, pairs: Iterable[tuple[int, VisitType]], first: date, last: date
) -> SearchResult:
    """Find the windows of doctors and types of visits that begin from a day of ``zone`` to another, both included: the
    maximal free spans that are as long as the type. What began before the first day is cut off there.

    The search stops before a day that would exceed the limits.
    """
    wanted = list(pairs)
    days = statements.run(_DAYS, {"first": first, "after": last + timedelta(days=1), "zone": zone})
    result = SearchResult(last, days[0][1], {(doctor, kind.id): [] for doctor, kind in wanted})
    start, count, compared = days[0][0], 0, 0
    schedule: Schedule | None = None
    for number, ((begins, _), (ends, _)) in enumerate(pairwise(days)):
        if number % _DAYS_AT_ONCE == 0:
            day = first + timedelta(days=number)
            end = min(last, day + timedelta(days=_DAYS_AT_ONCE - 1))
            schedule = read_schedule(practice, {doctor for doctor, _ in wanted}, day, end)
            schedule.compared = compared
        assert schedule is not None
        of_day = []
        for key, window in _list_day(schedule, wanted, start, begins, ends):
            of_day.append((key, window))
            if count + len(of_day) > MAX_WINDOWS or schedule.compared > MAX_CHECKS:
                result.last = first + timedelta(days=number - 1) if number else None
                return result
        for key, window in of_day:
            result.windows[key].append(window)
        count, compared = count + len(of_day), schedule.compared
    return result


def _list_day(
    schedule: Schedule, wanted: Sequence[tuple[int, VisitType]], start: int, first: int, last: int
) -> Iterator[tuple[tuple[int, int], Interval]]:
    """Yield the windows that begin from ``first`` to before ``last``, with doctor and type; on the day that begins at
    ``start`` also the rest of earlier ones."""
    found: dict[tuple[int, int, bool], list[Interval]] = {}
    for doctor, kind in wanted:
        key = (doctor, kind.overlaps, kind.video)
        if key not in found:
            found[key] = schedule.find_free(*key, first, last)
        schedule.compared += 1
        for begins, ends in found[key]:
            begin = max(begins, start)
            if first <= begin < last and ends - begin >= max(kind.length, 60):
                yield (doctor, kind.id), (begin, ends)


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
    schedule = Schedule({}, {}, defaultdict(Timeline), defaultdict(Timeline), defaultdict(list))
    for doctor, office, begins, ends in statements.run(_WORKING, around):
        schedule.spans.setdefault(doctor, []).append((begins, ends))
        schedule.office[doctor] = office
    offices = sorted(set(schedule.office.values()))
    rooms = ExamRoom.objects.filter(practice=practice, office__in=offices, archived=False)
    used = {key: Timeline() for key in rooms.order_by("office", "index").values_list("office_id", "index")}
    for doctor, office, room, is_break, begins, ends in statements.run(_TAKEN, around | {"offices": offices}):
        schedule.own[doctor].add(begins, ends)
        if is_break:
            schedule.breaks[doctor].add(begins, ends)
        if (office, room) in used:
            used[office, room].add(begins, ends)
    for (office, _), entries in used.items():
        schedule.rooms[office].append(entries)
    return schedule
