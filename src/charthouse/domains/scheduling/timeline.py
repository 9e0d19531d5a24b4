"""Arithmetic on intervals of time, in seconds since 1970: lists of intervals are sorted and without overlaps."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Interval = tuple[int, int]  # beginning, end


@dataclass(slots=True)
class Timeline:
    """Bookings of a doctor or a room, which may overlap."""

    bookings: list[Interval] = field(default_factory=list)
    _busy: dict[int, list[Interval]] = field(default_factory=dict)

    def add(self, begins: int, ends: int) -> None:
        """Add a booking."""
        self.bookings.append((begins, ends))
        self._busy.clear()

    def list_busy(self, within: Interval, overlaps: int = 0) -> list[Interval]:
        """List the intervals that touch ``within`` in which more than so many bookings overlap."""
        if overlaps not in self._busy:
            self._busy[overlaps] = find_crowded(self.bookings, overlaps)
        busy = self._busy[overlaps]
        first = bisect_right(busy, within[0], key=lambda one: one[1])
        return busy[first : bisect_left(busy, within[1], key=lambda one: one[0])]


def find_crowded(intervals: Iterable[Interval], overlaps: int) -> list[Interval]:
    """Find the intervals in which more than so many of these overlap at the same time."""
    edges = sorted(
        (at, step) for begins, ends in intervals if ends > begins for at, step in ((begins, 1), (ends, -1))
    )
    found: list[Interval] = []
    count, since = 0, 0
    for at, step in edges:  # an end that is a beginning comes first
        count += step
        if step > 0 and count == overlaps + 1:
            since = at
        elif step < 0 and count == overlaps:
            _append(found, (since, at))
    return found


def union(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """Return what is in either list."""
    found: list[Interval] = []
    for one in sorted((*first, *second)):
        _append(found, one)
    return found


def subtract(intervals: Iterable[Interval], others: Sequence[Interval]) -> list[Interval]:
    """Return what is in the intervals and in none of the others."""
    found: list[Interval] = []
    position = 0
    for begins, ends in intervals:
        while position < len(others) and others[position][1] <= begins:
            position += 1
        at, number = begins, position
        while number < len(others) and others[number][0] < ends:
            if others[number][0] > at:
                found.append((at, others[number][0]))
            at = max(at, others[number][1])
            number += 1
        if at < ends:
            found.append((at, ends))
    return found


def find_maximal(intervals: Iterable[Interval]) -> list[Interval]:
    """Return those of the intervals, which may overlap, that lie in no other; each once."""
    found: list[Interval] = []
    for one in sorted(intervals, key=lambda each: (each[0], -each[1])):
        if not found or one[1] > found[-1][1]:
            found.append(one)
    return found


def _append(found: list[Interval], one: Interval) -> None:
    """Append an interval to a list that begins no later, joined with the last one where they touch."""
    if found and one[0] <= found[-1][1]:
        found[-1] = (found[-1][0], max(found[-1][1], one[1]))
    else:
        found.append(one)
